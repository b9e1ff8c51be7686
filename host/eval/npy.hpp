// npy.hpp - arrays as NumPy's files hold them (format 1.0): numpy.load reads them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace host {

// Row-major values of that shape; the bytes of a file.
std::string format_npy(std::span<const float> values, const std::vector<int64_t>& shape);
std::string format_npy(std::span<const uint8_t> values, const std::vector<int64_t>& shape);

}  // namespace host
