// conv3x3_loops.hpp - the inner loops of conv3x3_wide.cpp, on one image.
//
// Channels that are lanes are padded to a multiple of kMostLanes with weights of zero. "By pixel"
// is [position, padded channels], against [channel, position] in the tensors.
#pragma once

#include "kernels/cpu/lanes.hpp"
#include "kernels/math.hpp"

namespace sslcuda::cpu {

constexpr int64_t kTaps = 9;
constexpr int kStrip = 7;  // pixels of a line whose sums are in registers at once

inline int64_t padded(int64_t channels) { return ceil_div(channels, kMostLanes) * kMostLanes; }

// A correlation of `channels` planes, each with its rim of zeros, to out_h x out_w positions.
struct Correlation {
  int64_t channels, h, w, pad_h, pad_w, out, out_h, out_w;

  int64_t width() const { return w + 2 * pad_w; }
  int64_t plane() const { return (h + 2 * pad_h) * width(); }
  int64_t lanes() const { return padded(out); }
  int64_t positions() const { return out_h * out_w; }
};

// x, with its rim, and the packed weights [channels, taps, lanes] give y by pixel. out_w is kStrip
// at least.
void correlate(const Correlation& s, const float* x, const float* packed, float* by_pixel);

// Adds the gradient of the weights, [channels, taps, lanes], from x and g by pixel.
void add_weight_gradient(const Correlation& s, const float* x, const float* g, float* grad_weight);

}  // namespace sslcuda::cpu
