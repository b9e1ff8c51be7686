// words.hpp - numbers and names as people read them.
#pragma once

#include <cstdint>
#include <string>

namespace host {

std::string grouped(int64_t count);        // 60,000
std::string duration(double seconds);      // 2.9 s, 3 min 20 s, 1 h 02 min
std::string percent(double share);         // 97.53 %
std::string byte_size(uint64_t bytes);     // 1.2 MiB
std::string quoted(const std::string& s);  // as one word of a shell

}  // namespace host
