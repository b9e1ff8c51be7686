// linear.cpp - y = act(x W^T + b) and its gradients: matrix products with the activation applied to
// each part while it is in cache.
#include "kernels/cpu/activation.hpp"
#include "kernels/cpu/narrow.hpp"
#include "kernels/cpu/operands.hpp"
#include "kernels/cpu/ops.hpp"
#include "kernels/cpu/rows.hpp"
#include "kernels/cpu/stored.hpp"

namespace sslcuda::cpu {
namespace {

// A dense matrix in float32; null if there is none.
const float* dense(DType dtype, int64_t n, int64_t width, const void* x, Arena& arena) {
  return make_operand({dtype, false, n, width, x, width}, arena).rows;
}

struct ForwardScratch {
  ForwardScratch(const LinearForwardArgs& a, Arena& arena)
      : x(dense(a.dtype, a.n, a.in, a.x, arena)),
        weight(dense(a.dtype, a.out, a.in, a.weight, arena)),
        bias(a.bias ? dense(a.dtype, 1, a.out, a.bias, arena) : nullptr),
        band(take_band(a.dtype, a.n, a.out, arena)) {}

  const float *x, *weight, *bias;
  float* band;
};

// Only what the wanted gradients read is there.
struct BackwardScratch {
  BackwardScratch(const LinearBackwardArgs& a, Arena& arena)
      : x(a.grad_weight ? dense(a.dtype, a.n, a.in, a.x, arena) : nullptr),
        weight(a.grad_x ? dense(a.dtype, a.out, a.in, a.weight, arena) : nullptr),
        y(a.activation == Activation::kNone ? nullptr : dense(a.dtype, a.n, a.out, a.y, arena)),
        grad_y(dense(a.dtype, a.n, a.out, a.grad_y, arena)),
        g(a.activation != Activation::kNone ? arena.take<float>(a.n * a.out) : nullptr),
        grad_bias(is_float32(a.dtype) ? static_cast<float*>(a.grad_bias)
                                      : arena.take<float>(a.out)),
        grad_x(take_band(a.dtype, a.n, a.in, arena)),
        grad_weight(take_band(a.dtype, a.out, a.in, arena)) {}

  const float *x, *weight, *y, *grad_y;
  float *g, *grad_bias, *grad_x, *grad_weight;
};

// A thread owns a range of columns.
void column_sums(int64_t n, int64_t width, const float* x, float* sums) {
  constexpr int64_t kColumns = 64;
  parallel_pieces(width, kColumns, n, [&](int64_t begin, int64_t end) {
    std::fill(sums + begin, sums + end, 0.0f);
    add_rows(n, width, end - begin, x + begin, sums + begin);
  });
}

}  // namespace

size_t linear_forward_workspace(const LinearForwardArgs& a) {
  Arena arena(nullptr);
  const ForwardScratch scratch(a, arena);
  return arena.bytes();
}

int linear_forward(const Exec& exec, const LinearForwardArgs& a) {
  Arena arena(exec.workspace);
  const ForwardScratch s(a, arena);
  if (is_float32(a.dtype) && suits_narrow(a.in, a.out)) {
    auto* const y = static_cast<float*>(a.y);
    narrow_forward(a.n, a.in, a.out, s.x, s.weight, y);
    for (int64_t i = 0; i < a.n; ++i) activate(a.activation, a.out, s.bias, y + i * a.out);
    return kOk;
  }
  return gemm_stored(
      a.dtype, {false, true, a.n, a.out, a.in, 1, s.x, a.in, s.weight, a.in, 0, nullptr, a.out},
      a.y, s.band, [&](int64_t count, const Part& part, float* y) {
        activate(a.activation, count, s.bias ? s.bias + part.column_begin : nullptr, y);
      });
}

size_t linear_backward_workspace(const LinearBackwardArgs& a) {
  Arena arena(nullptr);
  const BackwardScratch scratch(a, arena);
  return arena.bytes();
}

int linear_backward(const Exec& exec, const LinearBackwardArgs& a) {
  Arena arena(exec.workspace);
  const BackwardScratch s(a, arena);
  const float* g = s.grad_y;
  if (a.activation != Activation::kNone) {
    constexpr int64_t kPiece = 4096;
    parallel_pieces(a.n * a.out, kPiece, 1, [&](int64_t begin, int64_t end) {
      activation_gradient(a.activation, end - begin, s.y + begin, s.grad_y + begin, s.g + begin);
    });
    g = s.g;
  }
  if (a.grad_bias) {
    column_sums(a.n, a.out, g, s.grad_bias);
    if (!is_float32(a.dtype)) from_float(a.dtype, a.out, s.grad_bias, a.grad_bias);
  }
  if (is_float32(a.dtype) && suits_narrow(a.in, a.out)) {
    auto* const grad_weight = static_cast<float*>(a.grad_weight);
    auto* const grad_x = static_cast<float*>(a.grad_x);
    if (grad_weight) narrow_grad_weight(a.n, a.in, a.out, g, s.x, grad_weight);
    if (grad_x) narrow_grad_x(a.n, a.in, a.out, g, s.weight, grad_x);
    return kOk;
  }
  int error = 0;
  if (a.grad_weight) {
    error = gemm_stored(a.dtype,
                        {true, false, a.out, a.in, a.n, 1, g, a.out, s.x, a.in, 0, nullptr, a.in},
                        a.grad_weight, s.grad_weight);
  }
  if (a.grad_x && error == 0) {
    error = gemm_stored(
        a.dtype, {false, false, a.n, a.in, a.out, 1, g, a.out, s.weight, a.in, 0, nullptr, a.in},
        a.grad_x, s.grad_x);
  }
  return error;
}

}  // namespace sslcuda::cpu
