// log.hpp - train.log: what the run told the user, each line with the time before it.
#pragma once

#include <filesystem>
#include <string>

#include "host/train/file.hpp"

namespace host {

class LogFile {
 public:
  // Appends to what is there. Fails with Exit::kOutput, as line() does.
  explicit LogFile(std::filesystem::path path);

  void line(const std::string& text);

 private:
  GrowingFile file_;
};

}  // namespace host
