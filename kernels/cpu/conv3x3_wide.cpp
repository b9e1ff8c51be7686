// The images are cut into at most kPieces runs. A run owns its images' outputs and, in the
// workspace, its share of grad_W and grad_b, which are added in order; what a block of tiles needs
// is there once for each thread, so that it stays in that core's cache.
#include "kernels/cpu/conv3x3_wide.hpp"

#include "kernels/cpu/activation.hpp"
#include "kernels/cpu/conv3x3_blocks.hpp"
#include "kernels/cpu/parallel.hpp"
#include "kernels/cpu/rows.hpp"

namespace sslcuda::cpu {
namespace {

constexpr int64_t kPieces = 16;

int64_t images_per_piece(const Conv2dShape& s) { return ceil_div(s.n, kPieces); }
int64_t pieces(const Conv2dShape& s) { return ceil_div(s.n, images_per_piece(s)); }

Correlation forward_of(const Conv2dShape& s) {
  return {{s.c, s.h, s.w}, {s.out, s.out_h, s.out_w}, s.pad_h, s.pad_w};
}

// That of grad_y which gives grad_x.
Correlation backward_of(const Conv2dShape& s) {
  return {{s.out, s.out_h, s.out_w}, {s.c, s.h, s.w}, 2 - s.pad_h, 2 - s.pad_w};
}

// Memory of each thread that has a piece: with more threads than pieces, those with the first
// numbers.
struct Slots {
  size_t bytes;
  uint8_t* memory;

  Slots(size_t bytes_of_one, int64_t count, Arena& arena)
      : bytes(bytes_of_one),
        memory(arena.take<uint8_t>(count * static_cast<int64_t>(bytes_of_one))) {}

  BlockWork mine(const Correlation& s) const {
    Arena arena(memory + bytes * static_cast<size_t>(omp_get_thread_num()));
    return {s, arena};
  }
};

// Calls body(piece, first image, last image + 1).
template <class Body>
void for_each_piece(const Conv2dShape& s, const Body& body) {
  const int64_t images = images_per_piece(s);
  const int64_t work = images * s.out_h * s.out_w * s.c * s.out * kTaps;
  parallel_for(pieces(s), work, [&](int64_t piece) {
    body(piece, piece * images, std::min(s.n, (piece + 1) * images));
  });
}

// W[out, c, taps] as frequencies [c, out].
void pack_forward(const Conv2dShape& s, const float* weight, const Spectrum& packed) {
  std::fill_n(packed.data, packed.floats(), 0.0f);
  for (int64_t o = 0; o < s.out; ++o) {
    for (int64_t c = 0; c < s.c; ++c) {
      transform_weight(weight + (o * s.c + c) * kTaps, packed.stride, packed.at(0, c) + o);
    }
  }
}

// W[out, c, taps] with its taps in reverse as frequencies [out, c].
void pack_backward(const Conv2dShape& s, const float* weight, const Spectrum& packed) {
  std::fill_n(packed.data, packed.floats(), 0.0f);
  for (int64_t o = 0; o < s.out; ++o) {
    for (int64_t c = 0; c < s.c; ++c) {
      float reversed[kTaps];
      std::reverse_copy(weight + (o * s.c + c) * kTaps, weight + (o * s.c + c + 1) * kTaps,
                        reversed);
      transform_weight(reversed, packed.stride, packed.at(0, o) + c);
    }
  }
}

struct ForwardWork {
  Spectrum packed;
  Slots slots;

  ForwardWork(const Conv2dShape& shape, Arena& arena)
      : packed(Spectrum::of(arena, shape.c, padded(shape.out))),
        slots(BlockWork::bytes(forward_of(shape)), pieces(shape), arena) {}
};

struct BackwardWork {
  Spectrum packed, grad_weight;  // grad_weight: the sum, behind which are the pieces' shares
  float* grad_bias;              // of each piece
  Slots slots;

  BackwardWork(const Conv2dShape& shape, Arena& arena)
      : packed(Spectrum::of(arena, shape.out, padded(shape.c))),
        grad_weight(Spectrum::of(arena, padded(shape.c), padded(shape.out), 1 + pieces(shape))),
        grad_bias(arena.take<float>(pieces(shape) * shape.out)),
        slots(std::max(BlockWork::bytes(forward_of(shape)), BlockWork::bytes(backward_of(shape))),
              pieces(shape), arena) {}
};

void add_bias_gradient(const Images& g, int64_t image, float* grad_bias) {
  constexpr int64_t kRun = 1024;
  float run[kRun];
  const int64_t plane = g.planes.plane();
  for (int64_t o = 0; o < g.planes.channels; ++o) {
    const int64_t at = image * g.planes.size() + o * plane;
    for (int64_t k = 0; k < plane; k += kRun) {
      const int64_t count = std::min(kRun, plane - k);
      activation_gradient(g.activation, count, g.y ? g.y + at + k : nullptr, g.data + at + k, run);
      grad_bias[o] += static_cast<float>(sum(count, run));
    }
  }
}

void backward_piece(const Conv2dBackwardArgs& a, int64_t piece, int64_t begin, int64_t end,
                    const BackwardWork& w) {
  const Correlation s = forward_of(a.shape), t = backward_of(a.shape);
  const Images g{s.out, a.grad_y, a.activation == Activation::kNone ? nullptr : a.y, a.activation};
  if (a.grad_bias) {
    float* const share = w.grad_bias + piece * a.shape.out;
    std::fill_n(share, a.shape.out, 0.0f);
    for (int64_t i = begin; i < end; ++i) add_bias_gradient(g, i, share);
  }
  if (a.grad_weight) {
    const Images x{s.in, a.x, nullptr, Activation::kNone};
    const Spectrum share = w.grad_weight.next(1 + piece);
    std::fill_n(share.data, share.floats(), 0.0f);
    add_weight_gradient(s, x, g, begin, end, w.slots.mine(s), share);
  }
  if (a.grad_x) {
    correlate(t, g, w.packed, begin, end, {}, w.slots.mine(t), a.grad_x);
  }
}

// Adds up the pieces' shares.
void merge(const Conv2dBackwardArgs& a, const BackwardWork& w) {
  const Conv2dShape& s = a.shape;
  if (a.grad_bias) {
    std::fill_n(a.grad_bias, s.out, 0.0f);
    add_rows(pieces(s), s.out, s.out, w.grad_bias, a.grad_bias);
  }
  if (!a.grad_weight) return;
  constexpr int64_t kRun = 4096;
  const Spectrum& sum = w.grad_weight;
  const int64_t floats = sum.floats();
  parallel_pieces(floats, kRun, pieces(s), [&](int64_t begin, int64_t end) {
    std::fill(sum.data + begin, sum.data + end, 0.0f);
    add_rows(pieces(s), floats, end - begin, sum.data + floats + begin, sum.data + begin);
  });
  for (int64_t o = 0; o < s.out; ++o) {
    for (int64_t c = 0; c < s.c; ++c) {
      transform_weight_gradient(sum.at(0, c) + o, sum.stride,
                                a.grad_weight + (o * s.c + c) * kTaps);
    }
  }
}

}  // namespace

bool suits_conv3x3_wide(const Conv2dShape& s) {
  // Fewer channels leave lanes empty; more weights do not stay in a core's cache.
  constexpr int64_t kLeastChannels = 12, kMostWeights = 1 << 14;
  // Fewer outputs leave too much of their tiles empty.
  constexpr int64_t kLeastSide = 4;
  return s.kernel_h == 3 && s.kernel_w == 3 && s.stride_h == 1 && s.stride_w == 1 &&
         s.dilation_h == 1 && s.dilation_w == 1 && s.pad_h <= 2 && s.pad_w <= 2 &&
         s.c >= kLeastChannels && s.out >= kLeastChannels && s.c * s.out <= kMostWeights &&
         std::min({s.h, s.w, s.out_h, s.out_w}) >= kLeastSide;
}

size_t conv3x3_wide_forward_workspace(const Conv2dShape& s) {
  Arena arena(nullptr);
  const ForwardWork work(s, arena);
  return arena.bytes();
}

void conv3x3_wide_forward(void* workspace, const Conv2dForwardArgs& a) {
  const Correlation s = forward_of(a.shape);
  Arena arena(workspace);
  const ForwardWork work(a.shape, arena);
  pack_forward(a.shape, a.weight, work.packed);
  const Images x{s.in, a.x, nullptr, Activation::kNone};
  for_each_piece(a.shape, [&](int64_t, int64_t begin, int64_t end) {
    correlate(s, x, work.packed, begin, end, {a.bias, a.activation}, work.slots.mine(s), a.y);
  });
}

size_t conv3x3_wide_backward_workspace(const Conv2dShape& s) {
  Arena arena(nullptr);
  const BackwardWork work(s, arena);
  return arena.bytes();
}

void conv3x3_wide_backward(void* workspace, const Conv2dBackwardArgs& a) {
  Arena arena(workspace);
  const BackwardWork work(a.shape, arena);
  if (a.grad_x) pack_backward(a.shape, a.weight, work.packed);
  for_each_piece(a.shape, [&](int64_t piece, int64_t begin, int64_t end) {
    backward_piece(a, piece, begin, end, work);
  });
  merge(a, work);
}

}  // namespace sslcuda::cpu
