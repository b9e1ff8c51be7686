// failure.hpp - how the trainer fails: with one line that says what is wrong and what to do, and
// with a documented exit code.
#pragma once

#include <fmt/format.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace host {

enum class Exit {
  kSuccess = 0,
  kInternal = 1,
  kUsage = 2,
  kData = 3,
  kDevice = 4,
  kDiverged = 5,
  kOutput = 6,
  kDeviceLost = 75,
  kInterrupted = 130,
};

// The message reads "<what is wrong>; <what to do>".
class Failure : public std::runtime_error {
 public:
  Failure(Exit code, const std::string& message) : std::runtime_error(message), code_(code) {}

  template <class... Args>
  Failure(Exit code, fmt::format_string<Args...> format, Args&&... args)
      : Failure(code, fmt::format(format, std::forward<Args>(args)...)) {}

  Exit code() const { return code_; }

 private:
  Exit code_;
};

}  // namespace host
