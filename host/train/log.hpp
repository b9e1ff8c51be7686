// log.hpp - train.log: what the run told the user, each line with the time before it.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

namespace host {

class LogFile {
 public:
  // Appends to what is there. Fails with Exit::kOutput, as line() does.
  explicit LogFile(std::filesystem::path path);

  void line(const std::string& text);

 private:
  [[noreturn]] void fail() const;

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

}  // namespace host
