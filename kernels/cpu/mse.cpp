// mse.cpp - loss = mean (y - t)^2 of y = x or sigmoid(x), and its gradient in the same pass. Pieces
// of fixed size leave their sums in the workspace; these are added in order.
#include "kernels/cpu/ops.hpp"
#include "kernels/cpu/parallel.hpp"
#include "kernels/cpu/vmath.hpp"

namespace sslcuda::cpu {
namespace {

constexpr int64_t kPiece = 4096;

// The sum of squares over [begin, end); writes the gradient, if wanted. What is wanted is known at
// compile time, since GCC does not vectorise a loop that asks.
template <bool kSigmoid, bool kGradient>
__attribute__((always_inline)) inline float sum_squares(const MseArgs& a, float scale,
                                                        int64_t begin, int64_t end) {
  const float* const x = a.x;
  const float* const target = a.target;
  float* const grad = a.grad_x;
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = begin; i < end; ++i) {
    const float y = kSigmoid ? sigmoid(x[i]) : x[i], difference = y - target[i];
    sum += difference * difference;
    if constexpr (kGradient) grad[i] = scale * difference * (kSigmoid ? y * (1.0f - y) : 1.0f);
  }
  return sum;
}

SSLCUDA_CLONES float mse_piece(const MseArgs& a, float scale, int64_t begin, int64_t end) {
  if (a.sigmoid) {
    return a.grad_x ? sum_squares<true, true>(a, scale, begin, end)
                    : sum_squares<true, false>(a, scale, begin, end);
  }
  return a.grad_x ? sum_squares<false, true>(a, scale, begin, end)
                  : sum_squares<false, false>(a, scale, begin, end);
}

}  // namespace

size_t mse_workspace(const MseArgs& a) { return ceil_div(a.count, kPiece) * sizeof(float); }

int mse(const Exec& exec, const MseArgs& a) {
  auto* const sums = static_cast<float*>(exec.workspace);
  const auto count = static_cast<double>(a.count);
  const auto scale = static_cast<float>((a.grad_loss ? *a.grad_loss : 1.0) * 2.0 / count);
  parallel_pieces(a.count, kPiece, 8, [&](int64_t begin, int64_t end) {
    sums[begin / kPiece] = mse_piece(a, scale, begin, end);
  });
  if (!a.loss) return kOk;
  double total = 0;
  for (int64_t i = 0; i < ceil_div(a.count, kPiece); ++i) total += sums[i];
  *a.loss = static_cast<float>(total / count);
  return kOk;
}

}  // namespace sslcuda::cpu
