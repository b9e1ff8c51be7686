// pool2d.cpp - pooling, a plane at a time. Where windows are wide against the output's lines (a
// whole image, say), the loops run along a window, otherwise along a line of windows.
#include <cmath>
#include <limits>

#include "kernels/cpu/max_pool2x2.hpp"
#include "kernels/cpu/ops.hpp"
#include "kernels/cpu/parallel.hpp"

namespace sslcuda::cpu {
namespace {

struct Range {
  int64_t begin, end;
};

// Of the kernel's taps, those that the q-th window has inside an image.
Range inside(int64_t q, int64_t size, int64_t kernel, int64_t stride, int64_t pad) {
  const int64_t first = q * stride - pad;
  return {std::max<int64_t>(-first, 0), std::min(kernel, size - first)};
}

// Of the windows, those that have tap t inside.
Range windows(int64_t t, int64_t size, int64_t windows, int64_t stride, int64_t pad) {
  const int64_t shift = pad - t;
  const int64_t begin = shift > 0 ? ceil_div(shift, stride) : 0;
  const int64_t end = size + shift > 0 ? ceil_div(size + shift, stride) : 0;
  return {begin, std::clamp(end, begin, std::max(windows, begin))};
}

bool along_windows(const Pool2dShape& s) { return s.kernel_w > s.out_w; }

// The larger, or NaN if there is one.
__attribute__((always_inline)) inline float larger(float a, float b) {
  return a > b || a != a ? a : b;
}

// A window's sum or largest value.
SSLCUDA_CLONES float window(Pool kind, int64_t w, Range lines, Range taps, const float* first) {
  if (kind == Pool::kAverage) {
    float sum = 0;
    for (int64_t r = lines.begin; r < lines.end; ++r) {
#pragma omp simd reduction(+ : sum)
      for (int64_t t = taps.begin; t < taps.end; ++t) sum += first[r * w + t];
    }
    return sum;
  }
  float max = -std::numeric_limits<float>::infinity();
  int nans = 0;
  for (int64_t r = lines.begin; r < lines.end; ++r) {
#pragma omp simd reduction(max : max) reduction(+ : nans)
    for (int64_t t = taps.begin; t < taps.end; ++t) {
      const float x = first[r * w + t];
      max = x > max ? x : max;
      nans += x != x;
    }
  }
  return nans ? std::numeric_limits<float>::quiet_NaN() : max;
}

// One tap of a line of windows: y = larger or sum of y and x, which lies `stride` apart.
template <int kStride>
__attribute__((always_inline)) inline void tap_of(Pool kind, int64_t count, int64_t stride,
                                                  const float* __restrict x, float* __restrict y) {
  const int64_t step = kStride ? kStride : stride;
  if (kind == Pool::kAverage) {
    for (int64_t q = 0; q < count; ++q) y[q] += x[q * step];
  } else {
    for (int64_t q = 0; q < count; ++q) y[q] = larger(x[q * step], y[q]);
  }
}

SSLCUDA_CLONES void tap(Pool kind, int64_t count, int64_t stride, const float* x, float* y) {
  if (stride == 1) return tap_of<1>(kind, count, stride, x, y);
  if (stride == 2) return tap_of<2>(kind, count, stride, x, y);
  tap_of<0>(kind, count, stride, x, y);
}

SSLCUDA_CLONES void scale(int64_t count, float factor, float* y) {
  for (int64_t k = 0; k < count; ++k) y[k] *= factor;
}

void forward_plane(const Pool2dForwardArgs& a, const float* x, float* y) {
  const Pool2dShape& s = a.shape;
  const float start = a.kind == Pool::kMax ? -std::numeric_limits<float>::infinity() : 0.0f;
  for (int64_t p = 0; p < s.out_h; ++p) {
    const Range lines = inside(p, s.h, s.kernel_h, s.stride_h, s.pad_h);
    const float* const first = x + (p * s.stride_h - s.pad_h) * s.w - s.pad_w;
    float* const line = y + p * s.out_w;
    if (along_windows(s)) {
      for (int64_t q = 0; q < s.out_w; ++q) {
        line[q] = window(a.kind, s.w, lines, inside(q, s.w, s.kernel_w, s.stride_w, s.pad_w),
                         first + q * s.stride_w);
      }
      continue;
    }
    std::fill_n(line, s.out_w, start);
    for (int64_t r = lines.begin; r < lines.end; ++r) {
      for (int64_t t = 0; t < s.kernel_w; ++t) {
        const Range q = windows(t, s.w, s.out_w, s.stride_w, s.pad_w);
        tap(a.kind, q.end - q.begin, s.stride_w, first + r * s.w + q.begin * s.stride_w + t,
            line + q.begin);
      }
    }
  }
  if (a.kind == Pool::kMax) return;
  scale(s.out_h * s.out_w, 1.0f / static_cast<float>(s.kernel_h * s.kernel_w), y);
}

// Adds g to the first place of the window that has its largest value.
void add_to_largest(const Pool2dShape& s, Range lines, Range taps, const float* first, float y,
                    float g, float* grad_first) {
  for (int64_t r = lines.begin; r < lines.end; ++r) {
    for (int64_t t = taps.begin; t < taps.end; ++t) {
      const float x = first[r * s.w + t];
      if (x == y || x != x) {
        grad_first[r * s.w + t] += g;
        return;
      }
    }
  }
}

SSLCUDA_CLONES void add_to_all(int64_t w, Range lines, Range taps, float g, float* grad_first) {
  for (int64_t r = lines.begin; r < lines.end; ++r) {
    for (int64_t t = taps.begin; t < taps.end; ++t) grad_first[r * w + t] += g;
  }
}

// Windows in order, so that overlapping ones add up in a fixed order.
void backward_plane(const Pool2dBackwardArgs& a, int64_t plane) {
  const Pool2dShape& s = a.shape;
  const float share = 1.0f / static_cast<float>(s.kernel_h * s.kernel_w);
  float* const grad_x = a.grad_x + plane * s.h * s.w;
  std::fill_n(grad_x, s.h * s.w, 0.0f);
  for (int64_t p = 0; p < s.out_h; ++p) {
    const Range lines = inside(p, s.h, s.kernel_h, s.stride_h, s.pad_h);
    for (int64_t q = 0; q < s.out_w; ++q) {
      const Range taps = inside(q, s.w, s.kernel_w, s.stride_w, s.pad_w);
      const int64_t first = (p * s.stride_h - s.pad_h) * s.w + q * s.stride_w - s.pad_w;
      const int64_t at = (plane * s.out_h + p) * s.out_w + q;
      if (a.kind == Pool::kMax) {
        add_to_largest(s, lines, taps, a.x + plane * s.h * s.w + first, a.y[at], a.grad_y[at],
                       grad_x + first);
      } else {
        add_to_all(s.w, lines, taps, share * a.grad_y[at], grad_x + first);
      }
    }
  }
}

int64_t work(const Pool2dShape& s) {
  return s.h * s.w + s.out_h * s.out_w * s.kernel_h * s.kernel_w;
}

}  // namespace

int pool2d_forward(const Exec&, const Pool2dForwardArgs& a) {
  const Pool2dShape& s = a.shape;
  parallel_for(s.n * s.c, work(s), [&](int64_t plane) {
    const float* const x = a.x + plane * s.h * s.w;
    float* const y = a.y + plane * s.out_h * s.out_w;
    suits_max_pool2x2(a.kind, s) ? max_pool2x2_forward(s, x, y) : forward_plane(a, x, y);
  });
  return kOk;
}

int pool2d_backward(const Exec&, const Pool2dBackwardArgs& a) {
  const Pool2dShape& s = a.shape;
  parallel_for(s.n * s.c, work(s), [&](int64_t plane) {
    if (suits_max_pool2x2(a.kind, s)) {
      const int64_t in = plane * s.h * s.w, out = plane * s.out_h * s.out_w;
      max_pool2x2_backward(s, a.x + in, a.y + out, a.grad_y + out, a.grad_x + in);
    } else {
      backward_plane(a, plane);
    }
  });
  return kOk;
}

}  // namespace sslcuda::cpu
