// file.hpp - files that exist completely or not at all, and files that grow.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

namespace host {

// Writes a temporary file next to `path`, makes it durable and renames it. Fails with
// Exit::kOutput, leaving an earlier file at `path` as it was.
// Every file of a run that does not grow is written in this way, so after a crash it is the old one
// or the new.
void write_file(const std::filesystem::path& path, std::string_view bytes);

// The same under several names in one directory, which appear in their order. The file system holds
// the bytes once if it can.
void write_file(const std::vector<std::filesystem::path>& paths, std::string_view bytes);

// The temporary file's name. A process that is killed may leave it behind.
std::filesystem::path temporary_of(const std::filesystem::path& path);

// A file that lines or records are added to. All that it does may fail with Exit::kOutput.
class GrowingFile {
 public:
  GrowingFile(std::filesystem::path path, const char* mode);  // as of std::fopen

  void write(std::string_view bytes);
  void flush();                   // so that a reader sees it
  void sync();                    // so that it outlives the machine
  void truncate(uint64_t bytes);  // keeps the first ones

 private:
  void require(bool done) const;

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

}  // namespace host
