// file.hpp - files that exist completely or not at all.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

namespace host {

// Writes a temporary file next to `path`, makes it durable and renames it. Fails with
// Exit::kOutput, leaving an earlier file at `path` as it was.
// Every one of a run's files is written in this way, so after a crash each is the old or the new.
void write_file(const std::filesystem::path& path, std::string_view bytes);

// The same under several names in one directory, which appear in their order. The file system holds
// the bytes once if it can.
void write_file(const std::vector<std::filesystem::path>& paths, std::string_view bytes);

// The temporary file's name. A process that is killed may leave it behind.
std::filesystem::path temporary_of(const std::filesystem::path& path);

}  // namespace host
