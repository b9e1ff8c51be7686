// violated.hpp - how a fuzz target says that a promise was broken: it stops, so that the input is
// kept.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace fuzz {

[[noreturn]] inline void violated(const std::string& what) {
  std::fprintf(stderr, "violated: %s\n", what.c_str());
  std::abort();
}

}  // namespace fuzz
