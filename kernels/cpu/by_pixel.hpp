// by_pixel.hpp - images whose lanes are channels, padded with zeros to a multiple of kMostLanes:
// [position, lanes], against [channel, position] in the tensors.
#pragma once

#include "kernels/cpu/lanes.hpp"
#include "kernels/math.hpp"

namespace sslcuda::cpu {

inline int64_t padded(int64_t channels) { return ceil_div(channels, kMostLanes) * kMostLanes; }

// Some lines of all channels of an image; `channel` is the distance between two.
struct Lines {
  int64_t channels, channel, count, w;
};

// Copies lines to a by-pixel image that has `width` pixels in a line.
void to_pixels(const Lines& lines, const float* from, int64_t width, float* by_pixel);
// And back.
void from_pixels(const Lines& lines, const float* by_pixel, int64_t width, float* to);

}  // namespace sslcuda::cpu
