// Strips of four windows of a line, or two, or one; the last one ends with the line, and so may
// repeat some of the one before. Lines are short: wider registers would stay empty.
#include "kernels/cpu/max_pool2x2.hpp"

#include <algorithm>

#include "kernels/cpu/lanes.hpp"

namespace sslcuda::cpu {
namespace {

// Of neighbouring windows, the left and the right pixels of a line.
template <int kLanes>
struct Pairs {
  Lanes<kLanes> left, right;
};

template <int kLanes>
__attribute__((always_inline)) inline Pairs<kLanes> load_pairs(const float* x) {
  const Lanes<kLanes> low = load<kLanes>(x), high = load<kLanes>(x + kLanes);
  if constexpr (kLanes == 1) {
    return {low, high};
  } else if constexpr (kLanes == 2) {
    return {__builtin_shufflevector(low, high, 0, 2), __builtin_shufflevector(low, high, 1, 3)};
  } else {
    return {__builtin_shufflevector(low, high, 0, 2, 4, 6),
            __builtin_shufflevector(low, high, 1, 3, 5, 7)};
  }
}

template <int kLanes>
__attribute__((always_inline)) inline void store_pairs(const Pairs<kLanes>& pairs, float* x) {
  if constexpr (kLanes == 1) {
    store(pairs.left, x);
    store(pairs.right, x + 1);
  } else if constexpr (kLanes == 2) {
    store(__builtin_shufflevector(pairs.left, pairs.right, 0, 2), x);
    store(__builtin_shufflevector(pairs.left, pairs.right, 1, 3), x + kLanes);
  } else {
    store(__builtin_shufflevector(pairs.left, pairs.right, 0, 4, 1, 5), x);
    store(__builtin_shufflevector(pairs.left, pairs.right, 2, 6, 3, 7), x + kLanes);
  }
}

// The larger, or NaN if there is one.
template <class Vector>
__attribute__((always_inline)) inline Vector larger(const Vector& a, const Vector& b) {
  return (a > b) | (a != a) ? a : b;
}

template <int kLanes>
__attribute__((always_inline)) inline void forward_strip(const float* upper, int64_t w, float* y) {
  const Pairs<kLanes> a = load_pairs<kLanes>(upper), b = load_pairs<kLanes>(upper + w);
  store(larger(larger(a.left, a.right), larger(b.left, b.right)), y);
}

// The first of a window's pixels that has its largest value, or is NaN, gets the gradient.
template <int kLanes>
__attribute__((always_inline)) inline void backward_strip(const float* upper, int64_t w,
                                                          const float* y, const float* grad_y,
                                                          float* grad_upper) {
  const Pairs<kLanes> a = load_pairs<kLanes>(upper), b = load_pairs<kLanes>(upper + w);
  const Lanes<kLanes> largest = load<kLanes>(y), zero{};
  Lanes<kLanes> rest = load<kLanes>(grad_y);
  const auto share_of = [&](const Lanes<kLanes>& pixel) __attribute__((always_inline)) {
    const auto takes = (pixel == largest) | (pixel != pixel);
    const Lanes<kLanes> share = takes ? rest : zero;
    rest = takes ? zero : rest;
    return share;
  };
  const Lanes<kLanes> first = share_of(a.left), second = share_of(a.right);
  const Lanes<kLanes> third = share_of(b.left), fourth = share_of(b.right);
  store_pairs<kLanes>({first, second}, grad_upper);
  store_pairs<kLanes>({third, fourth}, grad_upper + w);
}

// Calls strip.operator()<windows>(q) for the strips that begin at window q of a line.
template <class Strip>
__attribute__((always_inline)) inline void for_each_strip(int64_t count, const Strip& strip) {
  const auto strips_of = [&]<int kLanes>() __attribute__((always_inline)) {
    for (int64_t q = 0; q < count; q += kLanes) {
      strip.template operator()<kLanes>(std::min(q, count - kLanes));
    }
  };
  if (count >= 4) {
    strips_of.template operator()<4>();
  } else if (count >= 2) {
    strips_of.template operator()<2>();
  } else {
    strips_of.template operator()<1>();
  }
}

}  // namespace

bool suits_max_pool2x2(Pool kind, const Pool2dShape& s) {
  return kind == Pool::kMax && s.kernel_h == 2 && s.kernel_w == 2 && s.stride_h == 2 &&
         s.stride_w == 2 && s.pad_h == 0 && s.pad_w == 0;
}

void max_pool2x2_forward(const Pool2dShape& s, const float* x, float* y) {
  for (int64_t p = 0; p < s.out_h; ++p, x += 2 * s.w, y += s.out_w) {
    for_each_strip(s.out_w,
                   [&]<int kLanes>(int64_t q) { forward_strip<kLanes>(x + 2 * q, s.w, y + q); });
  }
}

void max_pool2x2_backward(const Pool2dShape& s, const float* x, const float* y, const float* grad_y,
                          float* grad_x) {
  for (int64_t p = 0; p < s.out_h; ++p, y += s.out_w, grad_y += s.out_w) {
    const float* const line = x + 2 * p * s.w;
    float* const grad = grad_x + 2 * p * s.w;
    for_each_strip(s.out_w, [&]<int kLanes>(int64_t q) {
      backward_strip<kLanes>(line + 2 * q, s.w, y + q, grad_y + q, grad + 2 * q);
    });
    for (int64_t q = 2 * s.out_w; q < s.w; ++q) grad[q] = grad[q + s.w] = 0;
  }
  std::fill(grad_x + 2 * s.out_h * s.w, grad_x + s.h * s.w, 0.0f);
}

}  // namespace sslcuda::cpu
