// bytes.hpp - a whole input file in memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

namespace host {

// Fails with Exit::kData.
std::vector<uint8_t> read_bytes(const std::filesystem::path& path);

}  // namespace host
