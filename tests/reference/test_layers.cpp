// test_layers.cpp - references of the layers without a matrix product, as in test_reference.cpp.
#include "tests/reference/binary_cross_entropy.hpp"
#include "tests/reference/differences.hpp"
#include "tests/reference/norm.hpp"
#include "tests/reference/pool2d.hpp"
#include "tests/reference/reparameterize.hpp"

namespace sslcuda::reference {
namespace {

TEST(Reference, Norm) {
  constexpr double kEps = 0.1;
  for (const NormShape& s : {NormShape{4, 3, 5}, NormShape{5, 3, 1}, NormShape{2, 6, 3, 2}}) {
    const Vector x = normal(s.x_count(), 1), w = normal(s.x_count(), 4);
    const Vector weight = normal(s.c, 2), bias = normal(s.c, 3);
    for (const int32_t activation : {0, 1}) {
      const auto y_of = [&](const Vector& vx, const Vector& vw, const Vector& vb) {
        return norm_forward(s, vx, norm_statistics(s, vx, kEps), vw, vb, activation);
      };
      const Vector g = activation_gradient(activation, y_of(x, weight, bias), w);
      const NormGradients grad = norm_backward(s, x, norm_statistics(s, x, kEps), weight, g, true);
      expect_gradient(
          "x", [&](const Vector& v) { return dot(w, y_of(v, weight, bias)); }, x, grad.x);
      expect_gradient(
          "weight", [&](const Vector& v) { return dot(w, y_of(x, v, bias)); }, weight, grad.weight);
      expect_gradient(
          "bias", [&](const Vector& v) { return dot(w, y_of(x, weight, v)); }, bias, grad.bias);
    }
  }
}

TEST(Reference, NormWithStatisticsGiven) {
  const NormShape s{4, 3, 2};
  const Vector x = normal(s.x_count(), 1), weight = normal(s.c, 2), w = normal(s.x_count(), 3);
  const NormStatistics running{normal(s.c, 4), {}, absolute(normal(s.c, 5))};
  const auto loss = [&](const Vector& vx, const Vector& vw) {
    return dot(w, norm_forward(s, vx, running, vw, {}, 0));
  };
  const NormGradients grad = norm_backward(s, x, running, weight, w, false);
  expect_gradient(
      "x", [&](const Vector& v) { return loss(v, weight); }, x, grad.x);
  expect_gradient(
      "weight", [&](const Vector& v) { return loss(x, v); }, weight, grad.weight);
}

TEST(Reference, Pool2d) {
  const Pool2dShape shapes[] = {{2, 2, 4, 6, 2, 2, 2, 2}, {1, 2, 7, 5, 3, 4, 2, 1, 1, 2}};
  for (const Pool2dShape& s : shapes) {
    const Vector x = normal(s.x_count(), 1), w = normal(s.y_count(), 2);
    for (const int32_t kind : {SSLCUDA_POOL_MAX, SSLCUDA_POOL_AVERAGE}) {
      expect_gradient(
          "x", [&](const Vector& v) { return dot(w, pool2d_forward(s, kind, v)); }, x,
          pool2d_backward(s, kind, x, w));
    }
  }
}

TEST(Reference, Pool2dBySight) {
  const Vector x{1, 5, 5, 2, 3, 4};
  EXPECT_EQ(pool2d_forward({1, 1, 2, 3, 2, 2, 1, 1}, SSLCUDA_POOL_MAX, x), (Vector{5, 5}));
  EXPECT_EQ(pool2d_backward({1, 1, 2, 3, 2, 3, 1, 1}, SSLCUDA_POOL_MAX, x, {7}),
            (Vector{0, 7, 0, 0, 0, 0}));
  EXPECT_EQ(pool2d_forward({1, 1, 2, 3, 2, 2, 2, 2, 1, 1}, SSLCUDA_POOL_AVERAGE, x),
            (Vector{0.25, 2.5, 0.5, 1.75}));
}

TEST(Reference, Reparameterize) {
  const int64_t n = 3, d = 4;
  const Vector mu = normal(n * d, 1), logvar = normal(n * d, 2), noise = normal(n * d, 3);
  const Vector w = normal(n * d, 4);
  const auto loss = [&](const Vector& vm, const Vector& vl) {
    const Sampled out = reparameterize_forward(n, vm, vl, noise);
    return dot(w, out.z) + 2 * out.kl;
  };
  const SampledGradients grad = reparameterize_backward(n, mu, logvar, noise, w, 2);
  expect_gradient(
      "mu", [&](const Vector& v) { return loss(v, logvar); }, mu, grad.mu);
  expect_gradient(
      "logvar", [&](const Vector& v) { return loss(mu, v); }, logvar, grad.logvar);
  EXPECT_NEAR(reparameterize_forward(1, {1, 0}, {0, 1}, {0, 0}).kl, 0.5 * (1 + std::exp(1.0) - 2),
              1e-15);
}

TEST(Reference, BinaryCrossEntropy) {
  const Vector x = normal(9, 1), target = absolute(normal(9, 2));
  expect_gradient(
      "x", [&](const Vector& v) { return 2 * binary_cross_entropy(v, target).loss; }, x,
      binary_cross_entropy(x, target, 2).grad_x);
  EXPECT_NEAR(binary_cross_entropy({0}, {1}).loss, std::log(2.0), 1e-15);
}

}  // namespace
}  // namespace sslcuda::reference
