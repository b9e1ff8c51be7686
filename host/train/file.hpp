// file.hpp - files that exist completely or not at all.
#pragma once

#include <filesystem>
#include <string_view>

namespace host {

// Writes a temporary file next to `path`, makes it durable and renames it. Fails with
// Exit::kOutput, leaving an earlier file at `path` as it was.
void write_file(const std::filesystem::path& path, std::string_view bytes);

}  // namespace host
