// reparameterize.cpp - z = mu + exp(logvar / 2) noise, its divergence from the standard normal
// distribution, and their gradients. Rows are cut into pieces, which leave their sums in the
// workspace; these are added in order.
#include <limits>

#include "kernels/cpu/ops.hpp"
#include "kernels/cpu/parallel.hpp"
#include "kernels/cpu/vmath.hpp"
#include "kernels/exp_rest.hpp"

namespace sslcuda::cpu {
namespace {

constexpr int64_t kPiece = 4096, kWork = 16;

int64_t rows_per_piece(int64_t d) { return std::max<int64_t>(kPiece / d, 1); }

__attribute__((always_inline)) inline float exp_rest(float v, float exp_v) {
  const float near = exp_rest_near(v), far = exp_v - 1.0f - v;
  return v > -0.5f && v < 0.5f ? near : far;
}

struct Spread {
  float deviation, rest;  // exp(logvar / 2); exp(logvar) - 1 - logvar
};

__attribute__((always_inline)) inline Spread spread(float logvar) {
  const float half = 0.5f * logvar;
  const float deviation =
      half > kLargestExponent ? std::numeric_limits<float>::infinity() : exp_float(half);
  return {deviation, exp_rest(logvar, deviation * deviation)};
}

SSLCUDA_CLONES void sample_row(int64_t d, const float* mu, const float* logvar, const float* noise,
                               float* z) {
  for (int64_t k = 0; k < d; ++k) z[k] = mu[k] + spread(logvar[k]).deviation * noise[k];
}

SSLCUDA_CLONES double divergence(int64_t d, const float* mu, const float* logvar) {
  double sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t k = 0; k < d; ++k) sum += mu[k] * mu[k] + spread(logvar[k]).rest;
  return 0.5 * sum;
}

// kSampled: z was made, and has a gradient.
template <bool kSampled>
__attribute__((always_inline)) inline void gradient(int64_t d, const float* mu, const float* logvar,
                                                    const float* noise, const float* grad_z,
                                                    float scale, float* grad_mu,
                                                    float* grad_logvar) {
#pragma omp simd
  for (int64_t k = 0; k < d; ++k) {
    const Spread s = spread(logvar[k]);
    const float g = kSampled ? grad_z[k] : 0.0f;
    const float of_z = kSampled ? 0.5f * g * noise[k] * s.deviation : 0.0f;
    const float of_kl = 0.5f * scale * (s.rest + logvar[k]);  // exp(logvar) - 1
    grad_mu[k] = scale * mu[k] + g;
    grad_logvar[k] = of_kl + of_z;
  }
}

SSLCUDA_CLONES void row_gradient(int64_t d, const float* mu, const float* logvar,
                                 const float* noise, const float* grad_z, float scale,
                                 float* grad_mu, float* grad_logvar) {
  grad_z ? gradient<true>(d, mu, logvar, noise, grad_z, scale, grad_mu, grad_logvar)
         : gradient<false>(d, mu, logvar, noise, grad_z, scale, grad_mu, grad_logvar);
}

}  // namespace

size_t reparameterize_forward_workspace(const ReparameterizeForwardArgs& a) {
  return a.kl ? ceil_div(a.n, rows_per_piece(a.d)) * sizeof(double) : 0;
}

int reparameterize_forward(const Exec& exec, const ReparameterizeForwardArgs& a) {
  auto* const sums = static_cast<double*>(exec.workspace);
  const int64_t rows = rows_per_piece(a.d);
  parallel_pieces(a.n, rows, kWork * a.d, [&](int64_t begin, int64_t end) {
    double sum = 0;
    for (int64_t i = begin; i < end; ++i) {
      const float *const mu = a.mu + i * a.ld, *const logvar = a.logvar + i * a.ld;
      if (a.z) sample_row(a.d, mu, logvar, a.noise + i * a.d, a.z + i * a.d);
      if (a.kl) sum += divergence(a.d, mu, logvar);
    }
    if (a.kl) sums[begin / rows] = sum;
  });
  if (!a.kl) return kOk;
  double total = 0;
  for (int64_t i = 0; i < ceil_div(a.n, rows); ++i) total += sums[i];
  *a.kl = static_cast<float>(total / static_cast<double>(a.n));
  return kOk;
}

int reparameterize_backward(const Exec&, const ReparameterizeBackwardArgs& a) {
  const float scale = (a.grad_kl ? *a.grad_kl : 1.0f) / static_cast<float>(a.n);
  parallel_pieces(a.n, rows_per_piece(a.d), kWork * a.d, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const int64_t row = i * a.ld, dense = i * a.d;
      row_gradient(a.d, a.mu + row, a.logvar + row, a.noise ? a.noise + dense : nullptr,
                   a.grad_z ? a.grad_z + dense : nullptr, scale, a.grad_mu + row,
                   a.grad_logvar + row);
    }
  });
  return kOk;
}

}  // namespace sslcuda::cpu
