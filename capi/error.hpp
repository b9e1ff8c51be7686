// error.hpp - failures inside capi/. They travel as exceptions up to call() in call.hpp, which
// turns them into a status and a message; none crosses the C boundary.
#pragma once

#include <locale>
#include <sstream>
#include <string>

#include "sslcuda.h"

namespace sslcuda {

struct Error {
  sslcuda_status status;
  std::string message;
};

// Concatenation, the same in every locale.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream stream;
  stream.imbue(std::locale::classic());
  (stream << ... << parts);
  return stream.str();
}

template <class... Parts>
[[noreturn]] void fail(sslcuda_status status, const Parts&... parts) {
  throw Error{status, text(parts...)};
}

}  // namespace sslcuda
