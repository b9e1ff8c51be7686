// linear.cpp - y = act(x W^T + b) and its gradients: matrix products with the activation applied to
// each part while it is in cache.
#include "kernels/cpu/activation.hpp"
#include "kernels/cpu/narrow.hpp"
#include "kernels/cpu/ops.hpp"
#include "kernels/cpu/parallel.hpp"

namespace sslcuda::cpu {
namespace {

// Sums of columns, rows added in order. A thread owns a range of columns.
SSLCUDA_CLONES void add_rows(int64_t n, int64_t width, int64_t count, const float* x,
                             float* __restrict sums) {
  std::fill(sums, sums + count, 0.0f);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t k = 0; k < count; ++k) sums[k] += x[i * width + k];
  }
}

void column_sums(int64_t n, int64_t width, const float* x, float* sums) {
  constexpr int64_t kColumns = 64;
  parallel_pieces(width, kColumns, n, [&](int64_t begin, int64_t end) {
    add_rows(n, width, end - begin, x + begin, sums + begin);
  });
}

}  // namespace

int linear_forward(const Exec&, const LinearForwardArgs& a) {
  if (suits_narrow(a.in, a.out)) {
    narrow_forward(a.n, a.in, a.out, a.x, a.weight, a.y);
    for (int64_t i = 0; i < a.n; ++i) activate(a.activation, a.out, a.bias, a.y + i * a.out);
    return kOk;
  }
  const Gemm product{false, true, a.n, a.out, a.in, 1, a.x, a.in, a.weight, a.in, 0, a.y, a.out};
  return gemm(product, [&](const Part& part) {
    const int64_t width = part.column_end - part.column_begin;
    for (int64_t i = part.row_begin; i < part.row_end; ++i) {
      activate(a.activation, width, a.bias ? a.bias + part.column_begin : nullptr,
               a.y + i * a.out + part.column_begin);
    }
  });
}

size_t linear_backward_workspace(const LinearBackwardArgs& a) {
  return a.activation == Activation::kNone ? 0 : a.n * a.out * sizeof(float);
}

int linear_backward(const Exec& exec, const LinearBackwardArgs& a) {
  const float* g = a.grad_y;
  if (a.activation != Activation::kNone) {
    auto* masked = static_cast<float*>(exec.workspace);
    constexpr int64_t kPiece = 4096;
    parallel_pieces(a.n * a.out, kPiece, 1, [&](int64_t begin, int64_t end) {
      activation_gradient(a.activation, end - begin, a.y + begin, a.grad_y + begin, masked + begin);
    });
    g = masked;
  }
  if (a.grad_bias) column_sums(a.n, a.out, g, a.grad_bias);
  if (suits_narrow(a.in, a.out)) {
    if (a.grad_weight) narrow_grad_weight(a.n, a.in, a.out, g, a.x, a.grad_weight);
    if (a.grad_x) narrow_grad_x(a.n, a.in, a.out, g, a.weight, a.grad_x);
    return kOk;
  }
  int error = 0;
  if (a.grad_weight) {
    error = gemm({true, false, a.out, a.in, a.n, 1, g, a.out, a.x, a.in, 0, a.grad_weight, a.in});
  }
  if (a.grad_x && error == 0) {
    error = gemm({false, false, a.n, a.in, a.out, 1, g, a.out, a.weight, a.in, 0, a.grad_x, a.in});
  }
  return error;
}

}  // namespace sslcuda::cpu
