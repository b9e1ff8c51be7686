#include "host/train/log.hpp"

#include <fmt/format.h>

#include <ctime>
#include <utility>

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

LogFile::LogFile(std::filesystem::path path) : file_(std::move(path), "a") {}

void LogFile::line(const std::string& text) {
  file_.write(fmt::format("{}  {}\n", time_stamp(), text));
  file_.flush();
}

}  // namespace host
