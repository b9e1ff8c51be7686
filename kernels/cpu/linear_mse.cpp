// linear_mse.cpp - the last layer and its loss: the product is made a band of rows at a time, and
// compared with the target while the band is in cache. Rows leave their sums of squares in the
// workspace; these are added in order.
#include "kernels/cpu/activation.hpp"
#include "kernels/cpu/operands.hpp"
#include "kernels/cpu/ops.hpp"
#include "kernels/cpu/stored.hpp"
#include "kernels/cpu/vmath.hpp"

namespace sslcuda::cpu {
namespace {

struct Scratch {
  Scratch(const LinearMseArgs& a, Arena& arena)
      : x(make_operand({a.dtype, false, a.n, a.in, a.x, a.in}, arena).rows),
        weight(make_operand({a.dtype, false, a.out, a.in, a.weight, a.in}, arena).rows),
        bias(a.bias ? make_operand({a.dtype, false, 1, a.out, a.bias, a.out}, arena).rows
                    : nullptr),
        band(arena.take<float>(band_rows(a.n, a.out) * a.out)),
        squares(arena.take<double>(a.n)) {}

  const float *x, *weight, *bias;
  float* band;      // [rows of a band, out]
  double* squares;  // [n]
};

// u becomes y, g the gradient before the activation; returns the sum of (y - t)^2. g may be t.
template <Activation kActivation>
__attribute__((always_inline)) inline float compare_piece(int64_t count, float scale, float* u,
                                                          const float* t, float* g) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t k = 0; k < count; ++k) {
    float y = u[k];
    if constexpr (kActivation == Activation::kRelu) y = y <= 0 ? 0 : y;  // keeps NaN
    if constexpr (kActivation == Activation::kSigmoid) y = sigmoid(y);
    const float difference = y - t[k];
    sum += difference * difference;
    float gradient = scale * difference;
    if constexpr (kActivation == Activation::kRelu) gradient = y <= 0 ? 0 : gradient;
    if constexpr (kActivation == Activation::kSigmoid) gradient *= y * (1.0f - y);
    u[k] = y;
    g[k] = gradient;
  }
  return sum;
}

SSLCUDA_CLONES float compare(Activation activation, int64_t count, float scale, float* u,
                             const float* t, float* g) {
  switch (activation) {
    case Activation::kRelu:
      return compare_piece<Activation::kRelu>(count, scale, u, t, g);
    case Activation::kSigmoid:
      return compare_piece<Activation::kSigmoid>(count, scale, u, t, g);
    default:
      return compare_piece<Activation::kNone>(count, scale, u, t, g);
  }
}

// A row of sums of products to what is wanted of it; returns its sum of squares.
double finish_row(const LinearMseArgs& a, int64_t row, float scale, const float* bias, float* u) {
  constexpr int64_t kPiece = 1024;
  float scratch[kPiece];
  double squares = 0;
  for (int64_t begin = 0; begin < a.out; begin += kPiece) {
    const int64_t count = std::min(kPiece, a.out - begin), at = row * a.out + begin;
    float* const y = u + begin;
    if (bias) activate(Activation::kNone, count, bias + begin, y);
    const void* const target = element(a.dtype, a.target, at);
    void* const grad_u = a.grad_u ? element(a.dtype, a.grad_u, at) : nullptr;
    if (is_float32(a.dtype)) {
      squares += compare(a.activation, count, scale, y, static_cast<const float*>(target),
                         grad_u ? static_cast<float*>(grad_u) : scratch);
    } else {
      to_float(a.dtype, count, target, scratch);
      squares += compare(a.activation, count, scale, y, scratch, scratch);
      if (grad_u) from_float(a.dtype, count, scratch, grad_u);
    }
    if (a.y) from_float(a.dtype, count, y, element(a.dtype, a.y, at));
  }
  return squares;
}

}  // namespace

size_t linear_mse_workspace(const LinearMseArgs& a) {
  Arena arena(nullptr);
  const Scratch scratch(a, arena);
  return arena.bytes();
}

int linear_mse(const Exec& exec, const LinearMseArgs& a) {
  Arena arena(exec.workspace);
  const Scratch s(a, arena);
  const double elements = static_cast<double>(a.n) * static_cast<double>(a.out);
  const auto scale = static_cast<float>((a.grad_loss ? *a.grad_loss : 1.0) * 2.0 / elements);
  const int64_t rows = band_rows(a.n, a.out);
  for (int64_t first = 0; first < a.n; first += rows) {
    const int64_t count = std::min(rows, a.n - first);
    const int error = gemm({false, true, count, a.out, a.in, 1, s.x + first * a.in, a.in, s.weight,
                            a.in, 0, s.band, a.out});
    if (error != 0) return error;
    parallel_for(count, a.out * 8, [&](int64_t i) {
      s.squares[first + i] = finish_row(a, first + i, scale, s.bias, s.band + i * a.out);
    });
  }
  if (!a.loss) return kOk;
  double total = 0;
  for (int64_t i = 0; i < a.n; ++i) total += s.squares[i];
  *a.loss = static_cast<float>(total / elements);
  return kOk;
}

}  // namespace sslcuda::cpu
