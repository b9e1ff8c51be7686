// The images are cut into at most kPieces runs. A run owns its images' outputs and, in the
// workspace, its scratch and its share of grad_W and grad_b; the shares are added in order.
#include "kernels/cpu/conv3x3_wide.hpp"

#include "kernels/cpu/activation.hpp"
#include "kernels/cpu/arena.hpp"
#include "kernels/cpu/conv3x3.hpp"
#include "kernels/cpu/conv3x3_loops.hpp"
#include "kernels/cpu/parallel.hpp"
#include "kernels/cpu/rows.hpp"

namespace sslcuda::cpu {
namespace {

constexpr int64_t kPieces = 16;

int64_t images_per_piece(const Conv2dShape& s) { return ceil_div(s.n, kPieces); }
int64_t pieces(const Conv2dShape& s) { return ceil_div(s.n, images_per_piece(s)); }

template <class Body>
void for_each_piece(const Conv2dShape& s, const Body& body) {
  const int64_t images = images_per_piece(s);
  const int64_t work = images * s.out_h * s.out_w * s.c * s.out * kTaps;
  parallel_for(pieces(s), work, [&](int64_t piece) {
    body(piece, piece * images, std::min(s.n, (piece + 1) * images));
  });
}

Correlation forward_of(const Conv2dShape& s) {
  return {s.c, s.h, s.w, s.pad_h, s.pad_w, s.out, s.out_h, s.out_w};
}

// That of grad_y which gives grad_x.
Correlation backward_of(const Conv2dShape& s) {
  return {s.out, s.out_h, s.out_w, 2 - s.pad_h, 2 - s.pad_w, s.c, s.h, s.w};
}

// W[out, c, taps] as [c, taps, padded out].
void pack_forward(const Conv2dShape& s, const float* weight, float* packed) {
  const int64_t lanes = padded(s.out);
  std::fill_n(packed, s.c * kTaps * lanes, 0.0f);
  for (int64_t o = 0; o < s.out; ++o) {
    for (int64_t k = 0; k < s.c * kTaps; ++k) packed[k * lanes + o] = weight[o * s.c * kTaps + k];
  }
}

// W[out, c, taps] as [out, taps in reverse, padded c].
void pack_backward(const Conv2dShape& s, const float* weight, float* packed) {
  const int64_t lanes = padded(s.c);
  std::fill_n(packed, s.out * kTaps * lanes, 0.0f);
  for (int64_t o = 0; o < s.out; ++o) {
    for (int64_t c = 0; c < s.c; ++c) {
      for (int64_t j = 0; j < kTaps; ++j) {
        packed[(o * kTaps + kTaps - 1 - j) * lanes + c] = weight[(o * s.c + c) * kTaps + j];
      }
    }
  }
}

void to_pixels(int64_t channels, int64_t positions, const float* from, float* by_pixel) {
  const int64_t lanes = padded(channels);
  for (int64_t k = 0; k < positions; ++k) {
    std::fill(by_pixel + k * lanes + channels, by_pixel + (k + 1) * lanes, 0.0f);
  }
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t k = 0; k < positions; ++k) by_pixel[k * lanes + c] = from[c * positions + k];
  }
}

void from_pixels(int64_t channels, int64_t positions, const float* by_pixel, float* to) {
  const int64_t lanes = padded(channels);
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t k = 0; k < positions; ++k) to[c * positions + k] = by_pixel[k * lanes + c];
  }
}

struct ForwardWork {
  float* packed;
  float *x, *by_pixel;  // of each piece

  ForwardWork(const Correlation& s, int64_t pieces, Arena& arena)
      : packed(arena.take<float>(s.channels * kTaps * s.lanes())),
        x(arena.take<float>(pieces * s.channels * s.plane())),
        by_pixel(arena.take<float>(pieces * s.positions() * s.lanes())) {}
};

// What one piece has, and the weights that all share.
struct BackwardWork {
  int64_t weights;  // floats of a share of grad_W
  float* packed;
  float *x, *g, *g_with_rim, *g_by_pixel, *grad_x_by_pixel, *grad_weight, *grad_bias;

  BackwardWork(const Conv2dShape& shape, int64_t pieces, Arena& arena)
      : BackwardWork(forward_of(shape), backward_of(shape), pieces, arena) {}

  BackwardWork of_piece(const Conv2dShape& shape, int64_t piece) const {
    const Correlation s = forward_of(shape), t = backward_of(shape);
    BackwardWork w = *this;
    w.x += piece * s.channels * s.plane();
    w.g += piece * s.out * s.positions();
    w.g_with_rim += piece * t.channels * t.plane();
    w.g_by_pixel += piece * s.positions() * s.lanes();
    w.grad_x_by_pixel += piece * t.positions() * t.lanes();
    w.grad_weight += piece * weights;
    w.grad_bias += piece * s.out;
    return w;
  }

 private:
  BackwardWork(const Correlation& s, const Correlation& t, int64_t pieces, Arena& arena)
      : weights(s.channels * kTaps * s.lanes()),
        packed(arena.take<float>(t.channels * kTaps * t.lanes())),
        x(arena.take<float>(pieces * s.channels * s.plane())),
        g(arena.take<float>(pieces * s.out * s.positions())),
        g_with_rim(arena.take<float>(pieces * t.channels * t.plane())),
        g_by_pixel(arena.take<float>(pieces * s.positions() * s.lanes())),
        grad_x_by_pixel(arena.take<float>(pieces * t.positions() * t.lanes())),
        grad_weight(arena.take<float>(pieces * weights)),
        grad_bias(arena.take<float>(pieces * s.out)) {}
};

void backward_image(const Conv2dBackwardArgs& a, int64_t image, const BackwardWork& w) {
  const Correlation s = forward_of(a.shape), t = backward_of(a.shape);
  const int64_t first = image * s.out * s.positions();
  activation_gradient(a.activation, s.out * s.positions(), a.y ? a.y + first : nullptr,
                      a.grad_y + first, w.g);
  if (a.grad_bias) {
    for (int64_t o = 0; o < s.out; ++o) {
      w.grad_bias[o] += static_cast<float>(sum(s.positions(), w.g + o * s.positions()));
    }
  }
  if (a.grad_weight) {
    pad_planes(s.channels, s.h, s.w, s.pad_h, s.pad_w, a.x + image * s.channels * s.h * s.w, w.x);
    to_pixels(s.out, s.positions(), w.g, w.g_by_pixel);
    add_weight_gradient(s, w.x, w.g_by_pixel, w.grad_weight);
  }
  if (a.grad_x) {
    pad_planes(t.channels, t.h, t.w, t.pad_h, t.pad_w, w.g, w.g_with_rim);
    correlate(t, w.g_with_rim, w.packed, w.grad_x_by_pixel);
    from_pixels(t.out, t.positions(), w.grad_x_by_pixel, a.grad_x + image * t.out * t.positions());
  }
}

// Adds up the pieces' shares.
void merge(const Conv2dBackwardArgs& a, const BackwardWork& w) {
  const Conv2dShape& s = a.shape;
  const int64_t taps = s.c * kTaps;
  const auto total = [&](const float* share, int64_t floats) {
    float result = 0;
    for (int64_t piece = 0; piece < pieces(s); ++piece) result += share[piece * floats];
    return result;
  };
  for (int64_t o = 0; o < s.out; ++o) {
    if (a.grad_bias) a.grad_bias[o] = total(w.grad_bias + o, s.out);
    if (!a.grad_weight) continue;
    for (int64_t k = 0; k < taps; ++k) {
      a.grad_weight[o * taps + k] = total(w.grad_weight + k * padded(s.out) + o, w.weights);
    }
  }
}

}  // namespace

bool suits_conv3x3_wide(const Conv2dShape& s) {
  // Fewer channels leave lanes empty; more weights do not stay in a core's cache.
  constexpr int64_t kLeastChannels = 12, kMostWeights = 1 << 14;
  // Of a line's positions, how many strips compute.
  const auto fits = [](int64_t line) {
    return line >= kStrip && 4 * ceil_div(line, kStrip) * kStrip <= 5 * line;
  };
  return s.kernel_h == 3 && s.kernel_w == 3 && s.stride_h == 1 && s.stride_w == 1 &&
         s.dilation_h == 1 && s.dilation_w == 1 && s.pad_h <= 2 && s.pad_w <= 2 &&
         s.c >= kLeastChannels && s.out >= kLeastChannels && s.c * s.out <= kMostWeights &&
         fits(s.w) && fits(s.out_w);
}

size_t conv3x3_wide_forward_workspace(const Conv2dShape& s) {
  Arena arena(nullptr);
  const ForwardWork work(forward_of(s), pieces(s), arena);
  return arena.bytes();
}

void conv3x3_wide_forward(void* workspace, const Conv2dForwardArgs& a) {
  const Correlation s = forward_of(a.shape);
  Arena arena(workspace);
  const ForwardWork work(s, pieces(a.shape), arena);
  pack_forward(a.shape, a.weight, work.packed);
  for_each_piece(a.shape, [&](int64_t piece, int64_t begin, int64_t end) {
    float* const x = work.x + piece * s.channels * s.plane();
    float* const by_pixel = work.by_pixel + piece * s.positions() * s.lanes();
    for (int64_t i = begin; i < end; ++i) {
      pad_planes(s.channels, s.h, s.w, s.pad_h, s.pad_w, a.x + i * s.channels * s.h * s.w, x);
      correlate(s, x, work.packed, by_pixel);
      float* const y = a.y + i * s.out * s.positions();
      from_pixels(s.out, s.positions(), by_pixel, y);
      for (int64_t o = 0; o < s.out; ++o) {
        float* const plane = y + o * s.positions();
        const float bias = a.bias ? a.bias[o] : 0.0f;
        if (bias != 0) {
          for (int64_t k = 0; k < s.positions(); ++k) plane[k] += bias;
        }
        activate(a.activation, s.positions(), nullptr, plane);
      }
    }
  });
}

size_t conv3x3_wide_backward_workspace(const Conv2dShape& s) {
  Arena arena(nullptr);
  const BackwardWork work(s, pieces(s), arena);
  return arena.bytes();
}

void conv3x3_wide_backward(void* workspace, const Conv2dBackwardArgs& a) {
  Arena arena(workspace);
  const BackwardWork work(a.shape, pieces(a.shape), arena);
  std::fill_n(work.grad_weight, pieces(a.shape) * work.weights, 0.0f);
  std::fill_n(work.grad_bias, pieces(a.shape) * a.shape.out, 0.0f);
  if (a.grad_x) pack_backward(a.shape, a.weight, work.packed);
  for_each_piece(a.shape, [&](int64_t piece, int64_t begin, int64_t end) {
    const BackwardWork mine = work.of_piece(a.shape, piece);
    for (int64_t i = begin; i < end; ++i) backward_image(a, i, mine);
  });
  merge(a, work);
}

}  // namespace sslcuda::cpu
