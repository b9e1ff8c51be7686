#include "host/train/log.hpp"

#include <cerrno>
#include <cstring>
#include <ctime>

#include "host/failure.hpp"

namespace host {
namespace {

// 2026-03-01T17:05:09+0100
std::string time_stamp() {
  const std::time_t now = std::time(nullptr);
  char stamp[32];
  std::strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S%z", std::localtime(&now));
  return stamp;
}

}  // namespace

LogFile::LogFile(std::filesystem::path path)
    : path_(std::move(path)), file_(std::fopen(path_.c_str(), "a"), &std::fclose) {
  if (!file_) fail();
}

void LogFile::fail() const {
  throw Failure(Exit::kOutput, "cannot write {}: {}; free some space or choose another --out",
                path_.string(), std::strerror(errno));
}

void LogFile::line(const std::string& text) {
  const std::string line = fmt::format("{}  {}\n", time_stamp(), text);
  const bool written = std::fwrite(line.data(), 1, line.size(), file_.get()) == line.size();
  if (!written || std::fflush(file_.get()) != 0) fail();
}

}  // namespace host
