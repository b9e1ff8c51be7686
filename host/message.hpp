// message.hpp - what is told on standard error.
#pragma once

#include <cstdio>
#include <string>

namespace host {

// What cannot be written there is lost: no run ends because nobody can read about it.
inline void to_stderr(const std::string& text) { std::fwrite(text.data(), 1, text.size(), stderr); }

}  // namespace host
