#include "host/train/run_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "host/failure.hpp"
#include "host/train/file.hpp"

namespace host {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFiles[] = {RunDirectory::kConfig,   RunDirectory::kMetrics,
                                  RunDirectory::kSummary,  RunDirectory::kCheckpoint,
                                  RunDirectory::kLossPlot, RunDirectory::kReconstructions};
constexpr const char* kFolders[] = {"checkpoints", "plots"};

[[noreturn]] void cannot_write(const fs::path& path, const std::string& why) {
  throw Failure(Exit::kOutput, "cannot write to {}: {}; choose another --out", path.string(), why);
}

void check_empty(const fs::path& path) {
  std::error_code error;
  const fs::directory_iterator entries(path, error);
  if (error) cannot_write(path, error.message());
  if (entries != fs::directory_iterator()) {
    throw Failure(Exit::kOutput,
                  "{} is not empty; choose another --out, or pass --overwrite to replace the run "
                  "in it",
                  path.string());
  }
}

// The part of `path` that exists already must be a directory in which we may make the rest.
void check_writable(const fs::path& path) {
  fs::path existing = fs::absolute(path);
  std::error_code error;
  while (!fs::exists(fs::symlink_status(existing, error)) && existing.has_relative_path()) {
    existing = existing.parent_path();
  }
  if (!fs::is_directory(existing, error)) {
    cannot_write(path, existing.string() + " is not a directory");
  }
  if (access(existing.c_str(), W_OK | X_OK) != 0) cannot_write(path, std::strerror(errno));
}

}  // namespace

RunDirectory::RunDirectory(fs::path path, bool overwrite)
    : path_(std::move(path)), overwrite_(overwrite) {
  check_writable(path_);
  std::error_code error;
  if (!overwrite_ && fs::exists(path_, error)) check_empty(path_);
}

RunDirectory::~RunDirectory() {
  if (lock_ >= 0) close(lock_);
}

void RunDirectory::create() {
  std::error_code error;
  fs::create_directories(path_, error);
  if (error) cannot_write(path_, error.message());
  lock_ = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock_ < 0) cannot_write(path_, std::strerror(errno));
  if (flock(lock_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    throw Failure(Exit::kOutput,
                  "another run is writing to {}; wait for it or choose another --out",
                  path_.string());
  }
  if (!overwrite_) check_empty(path_);
  for (const char* name : kFiles) {
    fs::remove(file(name), error);
    if (error) cannot_write(file(name), error.message());
  }
  for (const char* name : kFolders) {
    fs::create_directory(file(name), error);
    if (error) cannot_write(file(name), error.message());
  }
}

void RunDirectory::write(const char* name, std::string_view bytes) const {
  write_file(file(name), bytes);
}

}  // namespace host
