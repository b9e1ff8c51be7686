#include "host/train/file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "host/failure.hpp"

namespace host {
namespace {

namespace fs = std::filesystem;

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
void sync_directory(const fs::path& directory) {
  const int file = open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  fsync(file);
  close(file);
}

// Returns 0 or errno.
int write_durably(const fs::path& path, std::string_view bytes) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return errno;
  int error = write_all(file, bytes) ? 0 : errno;
  if (close(file) != 0 && error == 0) error = errno;
  return error;
}

[[noreturn]] void fail(const fs::path& path, int error) {
  throw Failure(Exit::kOutput, "cannot write {}: {}; free some space or choose another --out",
                path.string(), std::strerror(error));
}

// A second name for the file, which not every file system can give.
bool link_to(const fs::path& file, const fs::path& name) {
  unlink(name.c_str());
  return link(file.c_str(), name.c_str()) == 0;
}

}  // namespace

fs::path temporary_of(const fs::path& path) {
  fs::path temporary = path;
  temporary += ".tmp";
  return temporary;
}

void write_file(const fs::path& path, std::string_view bytes) {
  write_file(std::vector{path}, bytes);
}

void write_file(const std::vector<fs::path>& paths, std::string_view bytes) {
  for (const fs::path& path : paths) {
    const fs::path temporary = temporary_of(path);
    int error = &path == &paths.front() || !link_to(paths.front(), temporary)
                    ? write_durably(temporary, bytes)
                    : 0;
    if (error == 0 && rename(temporary.c_str(), path.c_str()) != 0) error = errno;
    if (error != 0) {
      unlink(temporary.c_str());
      fail(path, error);
    }
    sync_directory(path.parent_path());
  }
}

GrowingFile::GrowingFile(fs::path path, const char* mode)
    : path_(std::move(path)), file_(std::fopen(path_.c_str(), mode), &std::fclose) {
  require(file_ != nullptr);
}

void GrowingFile::require(bool done) const {
  if (!done) fail(path_, errno);
}

void GrowingFile::write(std::string_view bytes) {
  require(std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) == bytes.size());
}

void GrowingFile::flush() { require(std::fflush(file_.get()) == 0); }

void GrowingFile::sync() {
  flush();
  require(fsync(fileno(file_.get())) == 0);
}

void GrowingFile::truncate(uint64_t bytes) {
  require(ftruncate(fileno(file_.get()), static_cast<off_t>(bytes)) == 0);
}

}  // namespace host
