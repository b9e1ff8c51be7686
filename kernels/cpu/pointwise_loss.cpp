// pointwise_loss.cpp - the mean of a loss of one value and its target, and its gradient in the same
// pass. Pieces of fixed size leave their sums in the workspace; these are added in order.
#include "kernels/cpu/ops.hpp"
#include "kernels/cpu/parallel.hpp"
#include "kernels/cpu/vmath.hpp"

namespace sslcuda::cpu {
namespace {

constexpr int64_t kPiece = 4096;

// A loss at one place and its derivative there.
struct Term {
  float loss, slope;
};

// (y - t)^2 of y = x or sigmoid(x)
template <bool kSigmoid>
struct Square {
  __attribute__((always_inline)) Term operator()(float x, float t) const {
    const float y = kSigmoid ? sigmoid(x) : x, difference = y - t;
    return {difference * difference, 2.0f * difference * (kSigmoid ? y * (1.0f - y) : 1.0f)};
  }
};

// softplus(x) - t x, in which the large parts cancel first
struct BinaryCrossEntropy {
  __attribute__((always_inline)) Term operator()(float x, float t) const {
    const float e = exp_float(x < 0 ? x : -x);
    const float p = (x < 0 ? e : 1.0f) / (1.0f + e);
    return {(x < 0 ? 0.0f : x) - t * x + log1p_float(e), p - t};
  }
};

// The sum over [begin, end); writes the gradient, if wanted. What is wanted is known at compile
// time, since GCC does not vectorise a loop that asks.
template <bool kGradient, class Loss>
__attribute__((always_inline)) inline float sum_terms(const PointwiseLossArgs& a, float scale,
                                                      int64_t begin, int64_t end) {
  const float* const x = a.x;
  const float* const target = a.target;
  float* const grad = a.grad_x;
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = begin; i < end; ++i) {
    const Term term = Loss{}(x[i], target[i]);
    sum += term.loss;
    if constexpr (kGradient) grad[i] = scale * term.slope;
  }
  return sum;
}

template <class Loss>
__attribute__((always_inline)) inline float piece_of(const PointwiseLossArgs& a, float scale,
                                                     int64_t begin, int64_t end) {
  return a.grad_x ? sum_terms<true, Loss>(a, scale, begin, end)
                  : sum_terms<false, Loss>(a, scale, begin, end);
}

SSLCUDA_CLONES float loss_piece(const PointwiseLossArgs& a, float scale, int64_t begin,
                                int64_t end) {
  switch (a.kind) {
    case PointwiseLoss::kSquare:
      return piece_of<Square<false>>(a, scale, begin, end);
    case PointwiseLoss::kSigmoidSquare:
      return piece_of<Square<true>>(a, scale, begin, end);
    default:
      return piece_of<BinaryCrossEntropy>(a, scale, begin, end);
  }
}

}  // namespace

size_t pointwise_loss_workspace(const PointwiseLossArgs& a) {
  return ceil_div(a.count, kPiece) * sizeof(float);
}

int pointwise_loss(const Exec& exec, const PointwiseLossArgs& a) {
  auto* const sums = static_cast<float*>(exec.workspace);
  const auto count = static_cast<double>(a.count);
  const auto scale = static_cast<float>((a.grad_loss ? *a.grad_loss : 1.0) / count);
  parallel_pieces(a.count, kPiece, 8, [&](int64_t begin, int64_t end) {
    sums[begin / kPiece] = loss_piece(a, scale, begin, end);
  });
  if (!a.loss) return kOk;
  double total = 0;
  for (int64_t i = 0; i < ceil_div(a.count, kPiece); ++i) total += sums[i];
  *a.loss = static_cast<float>(total / count);
  return kOk;
}

}  // namespace sslcuda::cpu
