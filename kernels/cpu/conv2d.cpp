// conv2d.cpp - convolution as matrix products over unrolled patches (im2col).
//   columns [c kernel_h kernel_w, positions];  y = W columns;  grad_W = g columns^T;
//   grad_columns = W^T g, added back into grad_x
// The images are cut into at most kPieces runs. A run owns its images' outputs and, in the
// workspace, its unrolled patches (a tile of positions at a time) and its share of grad_W and
// grad_b; the shares are added in order.
#include "kernels/cpu/activation.hpp"
#include "kernels/cpu/ops.hpp"
#include "kernels/cpu/parallel.hpp"

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
      : columns(depth(s) * tile_positions(s)),
        gradient(backward ? s.out * tile_positions(s) : 0),
        weight(backward ? s.out * (depth(s) + 1) : 0) {}  // grad_W, then grad_b
  int64_t floats() const { return columns + gradient + weight; }
};

// The pixel that tap (r, t) of position (p, q) reads; false for padding.
struct Tap {
  int64_t line, column;
  bool inside;
};

Tap tap(const Conv2dShape& s, int64_t position, int64_t r, int64_t t) {
  const int64_t line = position / s.out_w * s.stride_h + r * s.dilation_h - s.pad_h;
  const int64_t column = position % s.out_w * s.stride_w + t * s.dilation_w - s.pad_w;
  return {line, column, line >= 0 && line < s.h && column >= 0 && column < s.w};
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
    for (int64_t k = 0; k < count; ++k) {
      const Tap from = tap(s, first + k, r, t);
      out[k] = from.inside ? channel[from.line * s.w + from.column] : 0.0f;
    }
  });
}

void add_back(const Conv2dShape& s, const float* columns, int64_t first, int64_t count,
              float* image) {
  for_each_row(s, [&](int64_t row, int64_t c, int64_t r, int64_t t) {
    float* const channel = image + c * s.h * s.w;
    const float* const in = columns + row * count;
    for (int64_t k = 0; k < count; ++k) {
      const Tap to = tap(s, first + k, r, t);
      if (to.inside) channel[to.line * s.w + to.column] += in[k];
    }
  });
}

// Calls body(piece, image, first position, count) for all tiles, pieces in parallel.
template <class Body>
void for_each_tile(const Conv2dShape& s, const Body& body) {
  const int64_t tile = tile_positions(s), images = images_per_piece(s);
  parallel_for(pieces(s), images * positions(s) * depth(s) * s.out, [&](int64_t piece) {
    for (int64_t i = piece * images; i < std::min(s.n, (piece + 1) * images); ++i) {
      for (int64_t first = 0; first < positions(s); first += tile) {
        body(piece, i, first, std::min(tile, positions(s) - first));
      }
    }
  });
}

}  // namespace

size_t conv2d_forward_workspace(const Conv2dForwardArgs& a) {
  return pieces(a.shape) * Scratch(a.shape, false).floats() * sizeof(float);
}

int conv2d_forward(const Exec& exec, const Conv2dForwardArgs& a) {
  const Conv2dShape& s = a.shape;
  const Scratch scratch(s, false);
  int error = 0;
  for_each_tile(s, [&](int64_t piece, int64_t i, int64_t first, int64_t count) {
    float* const columns = static_cast<float*>(exec.workspace) + piece * scratch.floats();
    float* const y = a.y + i * s.out * positions(s) + first;
    unroll(s, a.x + i * s.c * s.h * s.w, first, count, columns);
    const int failed = sgemm({false, false, s.out, count, depth(s), 1, a.weight, depth(s), columns,
                              count, 0, y, positions(s)});
    if (failed != 0) {
#pragma omp atomic write
      error = failed;
    }
    for (int64_t o = 0; o < s.out; ++o) {
      float* const line = y + o * positions(s);
      if (a.bias) {
        for (int64_t k = 0; k < count; ++k) line[k] += a.bias[o];
      }
      activate(a.activation, count, nullptr, line);
    }
  });
  return error;
}

size_t conv2d_backward_workspace(const Conv2dBackwardArgs& a) {
  return pieces(a.shape) * Scratch(a.shape, true).floats() * sizeof(float);
}

int conv2d_backward(const Exec& exec, const Conv2dBackwardArgs& a) {
  const Conv2dShape& s = a.shape;
  const Scratch scratch(s, true);
  auto* const workspace = static_cast<float*>(exec.workspace);
  const int64_t taps = depth(s), image_size = s.c * s.h * s.w;
  if (a.grad_x) std::fill(a.grad_x, a.grad_x + s.n * image_size, 0.0f);
  for (int64_t piece = 0; piece < pieces(s); ++piece) {
    float* const share = workspace + piece * scratch.floats() + scratch.columns + scratch.gradient;
    std::fill(share, share + scratch.weight, 0.0f);
  }
  int error = 0;
  const auto check = [&error](int failed) {
    if (failed == 0) return;
#pragma omp atomic write
    error = failed;
  };
  for_each_tile(s, [&](int64_t piece, int64_t i, int64_t first, int64_t count) {
    float* const columns = workspace + piece * scratch.floats();
    float* const g = columns + scratch.columns;
    float* const grad_weight = g + scratch.gradient;
    float* const grad_bias = grad_weight + s.out * taps;
    for (int64_t o = 0; o < s.out; ++o) {
      const int64_t at = (i * s.out + o) * positions(s) + first;
      float* const line = g + o * count;
      if (a.activation == Activation::kNone) {
        std::copy(a.grad_y + at, a.grad_y + at + count, line);
      } else {
        activation_gradient(a.activation, count, a.y + at, a.grad_y + at, line);
      }
      float sum = 0;
      for (int64_t k = 0; k < count; ++k) sum += line[k];
      grad_bias[o] += sum;
    }
    if (a.grad_weight) {
      unroll(s, a.x + i * image_size, first, count, columns);
      check(sgemm(
          {false, true, s.out, taps, count, 1, g, count, columns, count, 1, grad_weight, taps}));
    }
    if (a.grad_x) {
      check(
          sgemm({true, false, taps, count, s.out, 1, a.weight, taps, g, count, 0, columns, count}));
      add_back(s, columns, first, count, a.grad_x + i * image_size);
    }
  });
  const auto merge = [&](int64_t offset, int64_t count, float* result) {
    for (int64_t k = 0; k < count; ++k) {
      float sum = 0;
      for (int64_t piece = 0; piece < pieces(s); ++piece) {
        sum +=
            workspace[piece * scratch.floats() + scratch.columns + scratch.gradient + offset + k];
      }
      result[k] = sum;
    }
  };
  if (a.grad_weight) merge(0, s.out * taps, a.grad_weight);
  if (a.grad_bias) merge(s.out * taps, s.out, a.grad_bias);
  return error;
}

}  // namespace sslcuda::cpu
