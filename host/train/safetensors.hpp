// safetensors.hpp - float32 tensors in the safetensors format:
//   u64 length of the header, little-endian | JSON header | the tensors' bytes
// What we write carries a checksum in __metadata__, which other readers ignore.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "host/model/parameters.hpp"

namespace host {

std::string format_safetensors(const std::vector<Tensor>& tensors);

// Tensors in the order of their data. Refused with Exit::kData: headers over 1 MiB, names twice,
// types other than F32, sizes that overflow or disagree, overlaps, holes, a wrong checksum.
std::vector<Tensor> parse_safetensors(const std::string& name, std::span<const uint8_t> file);

std::vector<Tensor> read_safetensors(const std::filesystem::path& path);

}  // namespace host
