#include "kernels/cpu/conv3x3.hpp"

#include "kernels/cpu/lanes.hpp"
#include "kernels/cpu/parallel.hpp"

namespace sslcuda::cpu {
namespace {

constexpr int64_t kTaps = 9;

// The padded image. An output line is cut into strips of kLanes; the last one ends with the line,
// so it may begin with `repeated` outputs of the strip before.
struct Layout {
  int64_t width, plane, out_h, out_w;

  explicit Layout(const Conv2dShape& s)
      : width(s.w + 2 * s.pad_w),
        plane((s.h + 2 * s.pad_h) * width),
        out_h(s.out_h),
        out_w(s.out_w) {}
  int64_t outputs() const { return out_h * out_w; }
};

struct Strip {
  int64_t first, repeated;
};

template <int kLanes>
__attribute__((always_inline)) inline Strip strip_at(int64_t q, int64_t out_w) {
  const int64_t first = std::min(q, out_w - kLanes);
  return {first, q - first};
}

// What the nine taps of the strip at output (p, q) read.
template <int kLanes>
__attribute__((always_inline)) inline void load_taps(const Layout& layout, const float* x,
                                                     int64_t p, int64_t q,
                                                     Lanes<kLanes> taps[kTaps]) {
#pragma GCC unroll 9
  for (int64_t j = 0; j < kTaps; ++j) {
    taps[j] = load<kLanes>(x + (p + j / 3) * layout.width + q + j % 3);
  }
}

// Drops the first `repeated` lanes.
template <int kLanes>
__attribute__((always_inline)) inline Lanes<kLanes> drop(int64_t repeated,
                                                         const Lanes<kLanes>& lanes) {
  using Mask = typename VectorOf<kLanes>::Int;
  static constexpr int32_t kWindow[2 * kMostLanes] = {0,  0,  0,  0,  0,  0,  0,  0,  0,  0,  0,
                                                      0,  0,  0,  0,  0,  -1, -1, -1, -1, -1, -1,
                                                      -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
  Mask mask;
  std::memcpy(&mask, kWindow + kMostLanes - repeated, sizeof mask);
  return std::bit_cast<Lanes<kLanes>>(mask & std::bit_cast<Mask>(lanes));
}

// Adds channel c's products to a strip of every output channel; the first channel starts from the
// bias, the last one ends with the activation.
template <int kLanes>
__attribute__((always_inline)) inline void add_channel(const Conv2dForwardArgs& a, int64_t c,
                                                       const Lanes<kLanes> taps[kTaps],
                                                       int64_t outputs, float* y) {
  const Conv2dShape& s = a.shape;
  const bool relu = a.activation == Activation::kRelu && c == s.c - 1;
  const float* weight = a.weight + c * kTaps;
  for (int64_t o = 0; o < s.out; ++o, y += outputs, weight += s.c * kTaps) {
    Lanes<kLanes> sum = Lanes<kLanes>{} + (a.bias && c == 0 ? a.bias[o] : 0.0f);
    if (c > 0) sum = load<kLanes>(y);
#pragma GCC unroll 9
    for (int64_t j = 0; j < kTaps; ++j) sum += weight[j] * taps[j];
    if (relu) sum = sum <= 0 ? Lanes<kLanes>{} : sum;
    store(sum, y);
  }
}

// All channels of a strip before the next, which begins anew where it repeats outputs.
template <int kLanes>
__attribute__((always_inline)) inline void forward_image(const Conv2dForwardArgs& a,
                                                         const Layout& layout, const float* x,
                                                         float* y) {
  for (int64_t p = 0; p < layout.out_h; ++p) {
    for (int64_t q = 0; q < layout.out_w; q += kLanes) {
      const int64_t first = strip_at<kLanes>(q, layout.out_w).first;
      for (int64_t c = 0; c < a.shape.c; ++c) {
        Lanes<kLanes> taps[kTaps];
        load_taps<kLanes>(layout, x + c * layout.plane, p, first, taps);
        add_channel<kLanes>(a, c, taps, layout.outputs(), y + p * layout.out_w + first);
      }
    }
  }
}

// Adds channel c's share of grad_weight, and the first channel also that of grad_bias, for
// kOutputs output channels from o on.
template <int kLanes, int kOutputs>
__attribute__((always_inline)) inline void add_gradients(const Conv2dBackwardArgs& a,
                                                         const Layout& layout, int64_t o, int64_t c,
                                                         const float* x, const float* y,
                                                         const float* grad_y, float* grad_weight,
                                                         float* grad_bias) {
  const bool relu = a.activation == Activation::kRelu;
  Lanes<kLanes> sums[kOutputs][kTaps] = {}, bias[kOutputs] = {};
  for (int64_t p = 0; p < layout.out_h; ++p) {
    for (int64_t q = 0; q < layout.out_w; q += kLanes) {
      const Strip strip = strip_at<kLanes>(q, layout.out_w);
      const int64_t at = p * layout.out_w + strip.first;
      Lanes<kLanes> g[kOutputs], taps[kTaps];
#pragma GCC unroll 2
      for (int k = 0; k < kOutputs; ++k) {
        const int64_t offset = (o + k) * layout.outputs() + at;
        g[k] = drop<kLanes>(strip.repeated, load<kLanes>(grad_y + offset));
        __builtin_prefetch(grad_y + offset + kOutputs * layout.outputs());
        if (relu) g[k] = load<kLanes>(y + offset) <= 0 ? Lanes<kLanes>{} : g[k];
        bias[k] += g[k];
      }
      load_taps<kLanes>(layout, x, p, strip.first, taps);
#pragma GCC unroll 9
      for (int64_t j = 0; j < kTaps; ++j) {
#pragma GCC unroll 2
        for (int k = 0; k < kOutputs; ++k) sums[k][j] += g[k] * taps[j];
      }
    }
  }
  for (int k = 0; k < kOutputs; ++k) {
    float* const share = grad_weight + ((o + k) * a.shape.c + c) * kTaps;
    for (int64_t j = 0; j < kTaps; ++j) share[j] += total(sums[k][j]);
    if (c == 0) grad_bias[o + k] += total(bias[k]);
  }
}

template <int kLanes>
__attribute__((always_inline)) inline void backward_image(const Conv2dBackwardArgs& a,
                                                          const Layout& layout, int64_t c,
                                                          const float* x, const float* y,
                                                          const float* grad_y, float* grad_weight,
                                                          float* grad_bias) {
  int64_t o = 0;
  for (; o + 2 <= a.shape.out; o += 2) {
    add_gradients<kLanes, 2>(a, layout, o, c, x, y, grad_y, grad_weight, grad_bias);
  }
  if (o < a.shape.out) {
    add_gradients<kLanes, 1>(a, layout, o, c, x, y, grad_y, grad_weight, grad_bias);
  }
}

}  // namespace

void pad_planes(int64_t count, int64_t h, int64_t w, int64_t pad_h, int64_t pad_w,
                const float* planes, float* padded) {
  const int64_t width = w + 2 * pad_w, plane = (h + 2 * pad_h) * width;
  std::fill(padded, padded + count * plane, 0.0f);
  for (int64_t c = 0; c < count; ++c) {
    for (int64_t line = 0; line < h; ++line) {
      std::copy_n(planes + (c * h + line) * w, w,
                  padded + c * plane + (line + pad_h) * width + pad_w);
    }
  }
}

bool suits_conv3x3(const Conv2dShape& s) {
  constexpr int64_t kFewChannels = 4;
  return s.kernel_h == 3 && s.kernel_w == 3 && s.stride_h == 1 && s.stride_w == 1 &&
         s.dilation_h == 1 && s.dilation_w == 1 && s.c <= kFewChannels && s.out_w >= kMostLanes;
}

int64_t conv3x3_scratch(const Conv2dShape& s) { return s.c * Layout(s).plane; }

void conv3x3_forward(const Conv2dForwardArgs& a, int64_t image, float* scratch) {
  const Conv2dShape& s = a.shape;
  const Layout layout(s);
  pad_planes(s.c, s.h, s.w, s.pad_h, s.pad_w, a.x + image * s.c * s.h * s.w, scratch);
  float* const y = a.y + image * s.out * layout.outputs();
  run_widest([&]<int kLanes>()
                 __attribute__((always_inline)) { forward_image<kLanes>(a, layout, scratch, y); });
}

void conv3x3_backward(const Conv2dBackwardArgs& a, int64_t image, float* scratch,
                      float* grad_weight, float* grad_bias) {
  const Conv2dShape& s = a.shape;
  const Layout layout(s);
  pad_planes(s.c, s.h, s.w, s.pad_h, s.pad_w, a.x + image * s.c * s.h * s.w, scratch);
  const int64_t first = image * s.out * layout.outputs();
  const float* const y = a.y ? a.y + first : nullptr;
  run_widest([&]<int kLanes>() __attribute__((always_inline)) {
    // Loads are the limit here, and one of 16 lanes at any float touches two cache lines.
    constexpr int kGradientLanes = std::min(kLanes, 8);
    for (int64_t c = 0; c < s.c; ++c) {
      backward_image<kGradientLanes>(a, layout, c, scratch + c * layout.plane, y, a.grad_y + first,
                                     grad_weight, grad_bias);
    }
  });
}

}  // namespace sslcuda::cpu
