// contrastive_sigmoid.cpp - a row of scores in SIGLIP, where every pair is a question of its own. A
// thread owns the row. With q = row_scale[i] and x = s + bias:
//   row_loss = sum over j of softplus(x), softplus(-x) where j = i;  G = q (sigmoid(x) - [j = i])
#include <cmath>
#include <limits>

#include "kernels/cpu/contrastive.hpp"
#include "kernels/cpu/parallel.hpp"
#include "kernels/cpu/rows.hpp"
#include "kernels/cpu/vmath.hpp"

namespace sslcuda::cpu {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct SigmoidSums {
  float softplus, p, weighted;
};

// Of a row without its positive, with x = s + bias: p = sigmoid(x), and sums of softplus(x), p and
// s p.
SSLCUDA_CLONES SigmoidSums sigmoid_row(int64_t m, float bias, const float* s, float* p) {
  float softplus = 0, total = 0, weighted = 0;
#pragma omp simd reduction(+ : softplus, total, weighted)
  for (int64_t j = 0; j < m; ++j) {
    const float x = s[j] + bias;
    const float e = exp_float(x < 0 ? x : -x);
    p[j] = (x < 0 ? e : 1.0f) / (1.0f + e);
    softplus += (x > 0 ? x : 0.0f) + log1p_float(e);
    total += p[j];
    weighted += p[j] * (p[j] == 0 ? 0 : s[j]);
  }
  return {softplus, total, weighted};
}

}  // namespace

RowResult finish_sigmoid_row(const ContrastiveWork& w, int64_t i, float* s, float* scratch) {
  const ContrastiveArgs& a = w.args;
  const float bias = a.bias.device ? *a.bias.device : a.bias.value;
  const bool counts = w.counts(i);
  const float q = w.row_scale[i];
  const int64_t p = w.positive_column(i);
  const float positive = p >= 0 ? s[p] : 0;
  if (p >= 0) s[p] = -kInfinity;
  const SigmoidSums sums = sigmoid_row(a.m, bias, s, scratch);
  if (w.needs_g) scale_row(a.m, q, scratch, s);
  RowResult row{};
  row.loss = sums.softplus;
  row.bias = sums.p;
  row.temperature = sums.weighted;
  if (p >= 0) {
    const double x = static_cast<double>(positive) + bias;
    const double miss = 1 / (1 + std::exp(x));  // 1 - sigmoid(x)
    row.loss += std::max(-x, 0.0) + std::log1p(std::exp(-std::fabs(x)));
    row.bias -= miss;
    row.temperature -= miss * positive;
    if (w.needs_g) s[p] = static_cast<float>(-q * miss);
  }
  row.bias *= q;
  row.temperature *= q;
  if (counts) return row;
  if (w.needs_g) std::fill_n(s, a.m, 0.0f);
  return {};
}

}  // namespace sslcuda::cpu
