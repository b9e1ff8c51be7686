#include "kernels/cpu/conv3x3.hpp"

#include <cstring>

#include "kernels/cpu/activation.hpp"
#include "kernels/cpu/parallel.hpp"
#include "kernels/cpu/rows.hpp"

namespace sslcuda::cpu {
namespace {

constexpr int64_t kTaps = 9, kLanes = 8;

using Lanes = float __attribute__((vector_size(kLanes * sizeof(float))));

__attribute__((always_inline)) inline Lanes load(const float* pointer) {
  Lanes lanes;
  std::memcpy(&lanes, pointer, sizeof lanes);
  return lanes;
}

// The padded image and the outputs on its lines. Loops run over whole vectors, so every buffer has
// room for one more than it needs.
struct Layout {
  int64_t width, lines, plane, outputs;

  explicit Layout(const Conv2dShape& s)
      : width(s.w + 2 * s.pad_w),
        lines(s.h + 2 * s.pad_h),
        plane(lines * width + kLanes),
        outputs(ceil_div(s.out_h * width, kLanes) * kLanes) {}
  int64_t offset(int64_t tap) const { return tap / 3 * width + tap % 3; }
};

void pad_image(const Conv2dShape& s, const Layout& layout, const float* image, float* padded) {
  std::fill(padded, padded + s.c * layout.plane + 2 * layout.width, 0.0f);
  for (int64_t c = 0; c < s.c; ++c) {
    for (int64_t line = 0; line < s.h; ++line) {
      const float* const from = image + (c * s.h + line) * s.w;
      std::copy(from, from + s.w,
                padded + c * layout.plane + (line + s.pad_h) * layout.width + s.pad_w);
    }
  }
}

// sums += the nine products of one channel, for every output position.
SSLCUDA_CLONES void add_channel(const Layout& layout, const float* x, const float* weight,
                                float* sums) {
  const float* tap[kTaps];
  for (int64_t j = 0; j < kTaps; ++j) tap[j] = x + layout.offset(j);
  for (int64_t k = 0; k < layout.outputs; k += kLanes) {
    Lanes sum = load(sums + k);
#pragma GCC unroll 9
    for (int64_t j = 0; j < kTaps; ++j) sum += weight[j] * load(tap[j] + k);
    std::memcpy(sums + k, &sum, sizeof sum);
  }
}

// grad_weight[j] += sum over positions of g x[. + offset j], for one channel.
SSLCUDA_CLONES void add_weight_gradient(const Layout& layout, const float* x, const float* g,
                                        float* grad_weight) {
  const float* tap[kTaps];
  for (int64_t j = 0; j < kTaps; ++j) tap[j] = x + layout.offset(j);
  Lanes sums[kTaps] = {};
  for (int64_t k = 0; k < layout.outputs; k += kLanes) {
    const Lanes lanes = load(g + k);
#pragma GCC unroll 9
    for (int64_t j = 0; j < kTaps; ++j) sums[j] += lanes * load(tap[j] + k);
  }
  for (int64_t j = 0; j < kTaps; ++j) {
    for (int64_t lane = 0; lane < kLanes; ++lane) grad_weight[j] += sums[j][lane];
  }
}

}  // namespace

bool suits_conv3x3(const Conv2dShape& s) {
  constexpr int64_t kFewChannels = 4;
  return s.kernel_h == 3 && s.kernel_w == 3 && s.stride_h == 1 && s.stride_w == 1 &&
         s.dilation_h == 1 && s.dilation_w == 1 && s.c <= kFewChannels;
}

int64_t conv3x3_scratch(const Conv2dShape& s) {
  const Layout layout(s);
  return s.c * layout.plane + 2 * layout.width + layout.outputs;
}

void conv3x3_forward(const Conv2dForwardArgs& a, int64_t image, float* scratch) {
  const Conv2dShape& s = a.shape;
  const Layout layout(s);
  float* const x = scratch;
  float* const sums = scratch + conv3x3_scratch(s) - layout.outputs;
  pad_image(s, layout, a.x + image * s.c * s.h * s.w, x);
  for (int64_t o = 0; o < s.out; ++o) {
    std::fill(sums, sums + layout.outputs, a.bias ? a.bias[o] : 0.0f);
    for (int64_t c = 0; c < s.c; ++c) {
      add_channel(layout, x + c * layout.plane, a.weight + (o * s.c + c) * kTaps, sums);
    }
    float* const y = a.y + (image * s.out + o) * s.out_h * s.out_w;
    for (int64_t p = 0; p < s.out_h; ++p) {
      const float* const from = sums + p * layout.width;
      std::copy(from, from + s.out_w, y + p * s.out_w);
    }
    activate(a.activation, s.out_h * s.out_w, nullptr, y);
  }
}

void conv3x3_backward(const Conv2dBackwardArgs& a, int64_t image, float* scratch,
                      float* grad_weight, float* grad_bias) {
  const Conv2dShape& s = a.shape;
  const Layout layout(s);
  float* const x = scratch;
  float* const g = scratch + conv3x3_scratch(s) - layout.outputs;
  pad_image(s, layout, a.x + image * s.c * s.h * s.w, x);
  std::fill(g, g + layout.outputs, 0.0f);
  for (int64_t o = 0; o < s.out; ++o) {
    const int64_t first = (image * s.out + o) * s.out_h * s.out_w;
    for (int64_t p = 0; p < s.out_h; ++p) {
      const int64_t at = first + p * s.out_w;
      activation_gradient(a.activation, s.out_w, a.y ? a.y + at : nullptr, a.grad_y + at,
                          g + p * layout.width);
    }
    grad_bias[o] += static_cast<float>(sum(layout.outputs, g));
    for (int64_t c = 0; c < s.c; ++c) {
      add_weight_gradient(layout, x + c * layout.plane, g, grad_weight + (o * s.c + c) * kTaps);
    }
  }
}

}  // namespace sslcuda::cpu
