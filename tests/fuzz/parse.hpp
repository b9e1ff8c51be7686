// parse.hpp - what the targets of the trainer's parsers share: bad input ends in a Failure whose
// message has one line, and in nothing else.
#pragma once

#include <optional>
#include <string>

#include "host/failure.hpp"
#include "tests/fuzz/violated.hpp"

namespace fuzz {

// What `parse` returns, or nothing if it refused with the exit code.
template <class Parse>
auto parsed(host::Exit code, const Parse& parse) -> std::optional<decltype(parse())> {
  try {
    return parse();
  } catch (const host::Failure& failure) {
    const std::string message = failure.what();
    if (failure.code() != code) violated("another exit code: " + message);
    if (message.find('\n') != std::string::npos) violated("more than a line: " + message);
    if (message.find("; ") == std::string::npos) violated("no advice: " + message);
    return std::nullopt;
  }
}

}  // namespace fuzz
