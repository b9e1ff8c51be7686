#include "host/train/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "host/failure.hpp"

namespace host {
namespace {

bool write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return fsync(file) == 0;
}

// Makes the rename itself durable. Not every file system can; the file is complete either way.
void sync_directory(const std::filesystem::path& directory) {
  const int file = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  fsync(file);
  close(file);
}

[[noreturn]] void fail(const std::filesystem::path& path, int error) {
  throw Failure(Exit::kOutput, "cannot write {}: {}; free some space or choose another --out",
                path.string(), std::strerror(error));
}

}  // namespace

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::filesystem::path temporary = path;
  temporary += ".tmp";
  const int file = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) fail(path, errno);
  const bool written = write_all(file, bytes);
  int error = errno;
  const bool closed = close(file) == 0;
  if (written && !closed) error = errno;
  if (written && closed && rename(temporary.c_str(), path.c_str()) == 0) {
    sync_directory(path.parent_path());
    return;
  }
  if (written && closed) error = errno;
  unlink(temporary.c_str());
  fail(path, error);
}

}  // namespace host
