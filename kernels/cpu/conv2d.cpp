// conv2d.cpp - convolution as matrix products over unrolled patches (im2col).
//   columns [c kernel_h kernel_w, positions];  y = W columns;  grad_W = g columns^T;
//   grad_columns = W^T g, added back into grad_x
// or, under a 3 x 3 kernel, as in conv3x3.hpp for few channels and in conv3x3_wide.hpp for many.
// The images are cut into at most kPieces runs. A run owns its images' outputs and, in the
// workspace, its unrolled patches (a tile of positions at a time) and its share of grad_W and
// grad_b; the shares are added in order.
#include "kernels/cpu/activation.hpp"
#include "kernels/cpu/conv3x3.hpp"
#include "kernels/cpu/conv3x3_wide.hpp"
#include "kernels/cpu/ops.hpp"
#include "kernels/cpu/parallel.hpp"
#include "kernels/cpu/rows.hpp"

namespace sslcuda::cpu {
namespace {

constexpr int64_t kPieces = 16;
constexpr int64_t kTileFloats = 1 << 16;  // 256 KiB of patches

int64_t depth(const Conv2dShape& s) { return s.c * s.kernel_h * s.kernel_w; }
int64_t positions(const Conv2dShape& s) { return s.out_h * s.out_w; }
int64_t tile_positions(const Conv2dShape& s) {
  return std::clamp<int64_t>(kTileFloats / depth(s), 1, positions(s));
}
int64_t images_per_piece(const Conv2dShape& s) { return ceil_div(s.n, kPieces); }
int64_t pieces(const Conv2dShape& s) { return ceil_div(s.n, images_per_piece(s)); }

// What one piece has in the workspace; the counts are of floats.
struct Scratch {
  int64_t columns, gradient, weight;

  Scratch(const Conv2dShape& s, bool backward)
      : columns(std::max(depth(s) * tile_positions(s), suits_conv3x3(s) ? conv3x3_scratch(s) : 0)),
        gradient(backward ? s.out * tile_positions(s) : 0),
        weight(backward ? s.out * (depth(s) + 1) : 0) {}  // grad_W, then grad_b
  int64_t floats() const { return columns + gradient + weight; }
};

// A run of positions in one line of y, from the k-th of a tile on, and the pixels that a tap reads
// for them: the first one's place in its channel, the others stride_w apart; -1: padding.
struct Run {
  int64_t k, count, pixel;
};

// Calls visit(run) for the positions [first, first + count), as tap (r, t) sees them.
template <class Visit>
void for_each_run(const Conv2dShape& s, int64_t r, int64_t t, int64_t first, int64_t count,
                  const Visit& visit) {
  const int64_t shift = s.pad_w - t * s.dilation_w;  // position q reads column q stride_w - shift
  const int64_t inside_begin = shift > 0 ? ceil_div(shift, s.stride_w) : 0;
  const int64_t inside_end = s.w + shift > 0 ? ceil_div(s.w + shift, s.stride_w) : 0;
  for (int64_t k = 0; k < count;) {
    const int64_t p = (first + k) / s.out_w, q = (first + k) % s.out_w;
    const int64_t end = std::min(s.out_w, q + count - k);
    const int64_t line = p * s.stride_h + r * s.dilation_h - s.pad_h;
    const bool is_inside = line >= 0 && line < s.h;
    const int64_t from = is_inside ? std::clamp(inside_begin, q, end) : end;
    const int64_t to = std::clamp(inside_end, from, end);
    visit(Run{k, from - q, -1});
    visit(Run{k + from - q, to - from, line * s.w + from * s.stride_w - shift});
    visit(Run{k + to - q, end - to, -1});
    k += end - q;
  }
}

// Calls visit(row of the unrolled matrix, channel, r, t) for every row.
template <class Visit>
void for_each_row(const Conv2dShape& s, const Visit& visit) {
  int64_t row = 0;
  for (int64_t c = 0; c < s.c; ++c) {
    for (int64_t r = 0; r < s.kernel_h; ++r) {
      for (int64_t t = 0; t < s.kernel_w; ++t) visit(row++, c, r, t);
    }
  }
}

void unroll(const Conv2dShape& s, const float* image, int64_t first, int64_t count,
            float* columns) {
  for_each_row(s, [&](int64_t row, int64_t c, int64_t r, int64_t t) {
    const float* const channel = image + c * s.h * s.w;
    float* const out = columns + row * count;
    for_each_run(s, r, t, first, count, [&](const Run& run) {
      if (run.pixel < 0) {
        std::fill_n(out + run.k, run.count, 0.0f);
      } else if (s.stride_w == 1) {
        std::copy_n(channel + run.pixel, run.count, out + run.k);
      } else {
        const float* const in = channel + run.pixel;
        for (int64_t i = 0; i < run.count; ++i) out[run.k + i] = in[i * s.stride_w];
      }
    });
  });
}

void add_back(const Conv2dShape& s, const float* columns, int64_t first, int64_t count,
              float* image) {
  for_each_row(s, [&](int64_t row, int64_t c, int64_t r, int64_t t) {
    float* const channel = image + c * s.h * s.w;
    const float* const in = columns + row * count;
    for_each_run(s, r, t, first, count, [&](const Run& run) {
      if (run.pixel < 0) return;
      float* const out = channel + run.pixel;
      for (int64_t i = 0; i < run.count; ++i) out[i * s.stride_w] += in[run.k + i];
    });
  });
}

// Calls body(piece, image) for all images, pieces in parallel.
template <class Body>
void for_each_image(const Conv2dShape& s, const Body& body) {
  const int64_t images = images_per_piece(s);
  parallel_for(pieces(s), images * positions(s) * depth(s) * s.out, [&](int64_t piece) {
    for (int64_t i = piece * images; i < std::min(s.n, (piece + 1) * images); ++i) body(piece, i);
  });
}

// Calls body(first position, count) for the tiles of an image.
template <class Body>
void for_each_tile(const Conv2dShape& s, const Body& body) {
  const int64_t tile = tile_positions(s);
  for (int64_t first = 0; first < positions(s); first += tile) {
    body(first, std::min(tile, positions(s) - first));
  }
}

// A tile of y, by one product.
int forward_tile(const Conv2dForwardArgs& a, int64_t i, int64_t first, int64_t count,
                 float* columns) {
  const Conv2dShape& s = a.shape;
  float* const y = a.y + i * s.out * positions(s) + first;
  unroll(s, a.x + i * s.c * s.h * s.w, first, count, columns);
  const int error = sgemm({false, false, s.out, count, depth(s), 1, a.weight, depth(s), columns,
                           count, 0, y, positions(s)});
  for (int64_t o = 0; o < s.out; ++o) {
    float* const line = y + o * positions(s);
    const float bias = a.bias ? a.bias[o] : 0.0f;
    for (int64_t k = 0; k < count; ++k) line[k] += bias;
    activate(a.activation, count, nullptr, line);
  }
  return error;
}

// A tile's share of every gradient that is wanted; g and columns are scratch.
int backward_tile(const Conv2dBackwardArgs& a, int64_t i, int64_t first, int64_t count,
                  float* columns, float* g, float* grad_weight, float* grad_bias) {
  const Conv2dShape& s = a.shape;
  const int64_t taps = depth(s), image_size = s.c * s.h * s.w;
  for (int64_t o = 0; o < s.out; ++o) {
    const int64_t at = (i * s.out + o) * positions(s) + first;
    activation_gradient(a.activation, count, a.y ? a.y + at : nullptr, a.grad_y + at,
                        g + o * count);
    grad_bias[o] += static_cast<float>(sum(count, g + o * count));
  }
  int error = 0;
  if (a.grad_weight) {
    unroll(s, a.x + i * image_size, first, count, columns);
    error =
        sgemm({false, true, s.out, taps, count, 1, g, count, columns, count, 1, grad_weight, taps});
  }
  if (a.grad_x && error == 0) {
    error =
        sgemm({true, false, taps, count, s.out, 1, a.weight, taps, g, count, 0, columns, count});
    add_back(s, columns, first, count, a.grad_x + i * image_size);
  }
  return error;
}

}  // namespace

size_t conv2d_forward_workspace(const Conv2dForwardArgs& a) {
  if (suits_conv3x3_wide(a.shape)) return conv3x3_wide_forward_workspace(a.shape);
  return pieces(a.shape) * Scratch(a.shape, false).floats() * sizeof(float);
}

int conv2d_forward(const Exec& exec, const Conv2dForwardArgs& a) {
  const Conv2dShape& s = a.shape;
  if (suits_conv3x3_wide(s)) {
    conv3x3_wide_forward(exec.workspace, a);
    return kOk;
  }
  const Scratch scratch(s, false);
  SharedError error;
  for_each_image(s, [&](int64_t piece, int64_t i) {
    float* const columns = static_cast<float*>(exec.workspace) + piece * scratch.floats();
    if (suits_conv3x3(s)) {
      conv3x3_forward(a, i, columns);
    } else {
      for_each_tile(s, [&](int64_t first, int64_t count) {
        error.note(forward_tile(a, i, first, count, columns));
      });
    }
  });
  return error.value();
}

size_t conv2d_backward_workspace(const Conv2dBackwardArgs& a) {
  if (suits_conv3x3_wide(a.shape)) return conv3x3_wide_backward_workspace(a.shape);
  return pieces(a.shape) * Scratch(a.shape, true).floats() * sizeof(float);
}

int conv2d_backward(const Exec& exec, const Conv2dBackwardArgs& a) {
  const Conv2dShape& s = a.shape;
  if (suits_conv3x3_wide(s)) {
    conv3x3_wide_backward(exec.workspace, a);
    return kOk;
  }
  const Scratch scratch(s, true);
  const int64_t weights = s.out * depth(s);
  const auto share = [&](int64_t piece) {  // of grad_W and grad_b
    return static_cast<float*>(exec.workspace) + (piece + 1) * scratch.floats() - scratch.weight;
  };
  for (int64_t piece = 0; piece < pieces(s); ++piece) {
    std::fill_n(share(piece), scratch.weight, 0.0f);
  }
  if (a.grad_x) std::fill_n(a.grad_x, s.n * s.c * s.h * s.w, 0.0f);
  SharedError error;
  for_each_image(s, [&](int64_t piece, int64_t i) {
    float* const columns = static_cast<float*>(exec.workspace) + piece * scratch.floats();
    float* const grad_weight = share(piece);
    float* const grad_bias = grad_weight + weights;
    if (suits_conv3x3(s) && a.grad_weight && !a.grad_x) {
      conv3x3_backward(a, i, columns, grad_weight, grad_bias);
    } else {
      for_each_tile(s, [&](int64_t first, int64_t count) {
        error.note(backward_tile(a, i, first, count, columns, columns + scratch.columns,
                                 grad_weight, grad_bias));
      });
    }
  });
  const auto merge = [&](int64_t offset, int64_t count, float* result) {
    for (int64_t k = 0; k < count; ++k) {
      float total = 0;
      for (int64_t piece = 0; piece < pieces(s); ++piece) total += share(piece)[offset + k];
      result[k] = total;
    }
  };
  if (a.grad_weight) merge(0, weights, a.grad_weight);
  if (a.grad_bias) merge(weights, s.out, a.grad_bias);
  return error.value();
}

}  // namespace sslcuda::cpu
