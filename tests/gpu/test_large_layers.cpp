// test_large_layers.cpp - layers without a matrix product, and their loss: every tensor index
// beyond 2^31 on a GPU (large.hpp).
#include "tests/gpu/large.hpp"
#include "tests/reference/binary_cross_entropy.hpp"
#include "tests/reference/norm.hpp"
#include "tests/reference/pool2d.hpp"
#include "tests/reference/reparameterize.hpp"

namespace sslcuda::test {
namespace {

using reference::NormShape;

class LargeUnary : public LargeTest {
 protected:
  // Elements [first, first + count) of a tensor that repeats the pattern.
  static Vector part(const Pattern<float>& pattern, int64_t first, int64_t count) {
    Vector x;
    for (int64_t i = first; i < first + count; ++i) x.push_back(pattern[i]);
    return x;
  }
  static void write_row(const Large<float>& x, const Pattern<float>& pattern, int64_t width,
                        int64_t row) {
    x.write(row * width, narrow(part(pattern, row * width, width)));
  }

  const Pattern<float> x_ = normal_pattern(1), w_ = normal_pattern(2), g_ = normal_pattern(3);
};

// Zeros but for a few images, so that the reference need not visit the others.
TEST_P(LargeUnary, BatchNorm) {
  constexpr int64_t kChannels = 3, kPlane = 337, kWidth = kChannels * kPlane;
  constexpr float kEps = 1e-3f;
  const int64_t n = rows_of(kWidth), count = n * kWidth;
  if (!fits(2 * count)) GTEST_SKIP() << kShort;
  const Large<float> x(context(), count), y(context(), count);
  const Large<float> mean(context(), kChannels), rstd(context(), kChannels);
  const Large<float> grad_weight(context(), kChannels), grad_bias(context(), kChannels);
  const std::set<int64_t> images = rows_at(places(count), kWidth);
  x.fill(0);
  for (const int64_t i : images) write_row(x, x_, kWidth, i);
  run([&] {
    return sslcuda_batch_norm_forward(context(), SSLCUDA_F32, n, kChannels, kPlane, x, nullptr,
                                      nullptr, nullptr, nullptr, 1, 0, kEps, 0, y, mean, rstd);
  });
  const auto elements = static_cast<double>(n * kPlane);
  const auto channel = [](int64_t i) { return i / kPlane % kChannels; };
  Vector sum(kChannels), squares(kChannels), means, rstds;
  for (const int64_t image : images) {
    for (int64_t i = image * kWidth; i < (image + 1) * kWidth; ++i) {
      sum[channel(i)] += x_[i];
      squares[channel(i)] += double{x_[i]} * x_[i];
    }
  }
  for (int64_t j = 0; j < kChannels; ++j) {
    means.push_back(sum[j] / elements);
    rstds.push_back(1 / std::sqrt(squares[j] / elements - means[j] * means[j] + kEps));
    expect_at("mean", mean, j, means[j], 1e-5 * std::sqrt(squares[j] / elements) + 1e-9);
    expect_at("rstd", rstd, j, rstds[j], 1e-4 * rstds[j]);
  }
  const auto unit = [&](int64_t i) { return (x_[i] - means[channel(i)]) * rstds[channel(i)]; };
  for (const int64_t i : places(count)) {
    expect_at("y", y, i, unit(i), 1e-4 * (std::fabs(unit(i)) + 1));
  }
  y.fill(0);  // the gradient from here on
  for (const int64_t i : images) write_row(y, g_, kWidth, i);
  run([&] {
    return sslcuda_batch_norm_backward(context(), SSLCUDA_F32, n, kChannels, kPlane, x, nullptr,
                                       nullptr, mean, rstd, y, 1, 0, y, grad_weight, grad_bias);
  });
  Vector bias(kChannels), weight(kChannels);
  for (const int64_t image : images) {
    for (int64_t i = image * kWidth; i < (image + 1) * kWidth; ++i) {
      bias[channel(i)] += g_[i];
      weight[channel(i)] += g_[i] * unit(i);
    }
  }
  for (int64_t j = 0; j < kChannels; ++j) {
    const double size = std::sqrt(static_cast<double>(images.size() * kPlane));
    expect_at("grad_bias", grad_bias, j, bias[j], 1e-3 * size);
    expect_at("grad_weight", grad_weight, j, weight[j], 1e-3 * size * rstds[j]);
  }
  for (const int64_t i : places(count)) {
    const int64_t j = channel(i);
    const double through = (bias[j] + unit(i) * weight[j]) / elements;
    expect_at("grad_x", y, i, rstds[j] * (g_[i] - through),
              1e-3 * rstds[j] * (std::fabs(g_[i]) + std::fabs(through)));
  }
}

TEST_P(LargeUnary, GroupNorm) {
  const NormShape image{1, 6, 337, 2};
  constexpr double kEps = 1e-5;
  const int64_t width = image.x_count(), n = rows_of(width), count = n * width;
  if (!fits(3 * count)) GTEST_SKIP() << kShort;
  const Large<float> x(context(), count, x_), y(context(), count), grad(context(), count, g_);
  const Large<float> mean(context(), 2 * n), rstd(context(), 2 * n);
  run([&] {
    return sslcuda_group_norm_forward(context(), SSLCUDA_F32, n, image.c, image.plane, image.groups,
                                      x, nullptr, nullptr, kEps, 0, y, mean, rstd);
  });
  run([&] {
    return sslcuda_group_norm_backward(context(), SSLCUDA_F32, n, image.c, image.plane,
                                       image.groups, x, nullptr, nullptr, mean, rstd, grad, 0, grad,
                                       nullptr, nullptr);
  });
  for (const int64_t i : rows_at(places(count), width)) {
    const Vector values = part(x_, i * width, width);
    const auto statistics = norm_statistics(image, values, kEps);
    const Vector of_y = norm_forward(image, values, statistics, {}, {}, 0);
    const auto gradients =
        norm_backward(image, values, statistics, {}, part(g_, i * width, width), true);
    for (const int64_t k : {int64_t{0}, width / 2, width - 1}) {
      expect_at("y", y, i * width + k, of_y[k], 1e-5 * (std::fabs(of_y[k]) + 1));
      expect_at("grad_x", grad, i * width + k, gradients.x[k],
                1e-5 * (std::fabs(gradients.x[k]) + 1));
    }
  }
}

TEST_P(LargeUnary, Pool2d) {
  const reference::Pool2dShape image{1, 1, 29, 31, 3, 2, 2, 1, 1, 1};
  const int64_t width = image.x_count(), of_y = image.y_count();
  const int64_t n = rows_of(std::min(width, of_y));
  if (!fits(2 * n * (width + of_y))) GTEST_SKIP() << kShort;
  sslcuda_pool2d_shape shape = abi_shape(image);
  shape.n = n;
  const Large<float> x(context(), n * width, x_), y(context(), n * of_y);
  const Large<float> grad_y(context(), n * of_y, g_), grad_x(context(), n * width);
  for (const int32_t kind : {SSLCUDA_POOL_MAX, SSLCUDA_POOL_AVERAGE}) {
    run([&] { return sslcuda_pool2d_forward(context(), SSLCUDA_F32, kind, &shape, x, y); });
    run([&] {
      return sslcuda_pool2d_backward(context(), SSLCUDA_F32, kind, &shape, x, y, grad_y, grad_x);
    });
    for (const int64_t i : rows_at(places(n * of_y), of_y)) {
      const Vector values = part(x_, i * width, width);
      const Vector pooled = pool2d_forward(image, kind, values);
      const Vector gradient = pool2d_backward(image, kind, values, part(g_, i * of_y, of_y));
      for (const int64_t k : {int64_t{0}, of_y / 2, of_y - 1}) {
        expect_at("y", y, i * of_y + k, pooled[k], 1e-5);
      }
      for (const int64_t k : {int64_t{0}, width / 2, width - 1}) {
        expect_at("grad_x", grad_x, i * width + k, gradient[k], 1e-5);
      }
    }
  }
}

TEST_P(LargeUnary, Reparameterize) {
  constexpr int64_t kWidth = 509;
  const int64_t n = rows_of(kWidth), count = n * kWidth;
  if (!fits(6 * count)) GTEST_SKIP() << kShort;
  const Large<float> both(context(), 2 * count, x_), noise(context(), count, w_);
  const Large<float> z(context(), count), kl(context(), 1), grad(context(), 2 * count);
  run([&] {
    return sslcuda_reparameterize_forward(context(), SSLCUDA_F32, n, kWidth, both, both + kWidth,
                                          2 * kWidth, noise, z, kl);
  });
  run([&] {
    return sslcuda_reparameterize_backward(context(), SSLCUDA_F32, n, kWidth, both, both + kWidth,
                                           2 * kWidth, noise, z, nullptr, grad, grad + kWidth);
  });
  for (const int64_t i : rows_at(places(count), kWidth)) {
    const Vector mu = part(x_, 2 * i * kWidth, kWidth);
    const Vector logvar = part(x_, (2 * i + 1) * kWidth, kWidth);
    const Vector drawn = part(w_, i * kWidth, kWidth);
    const auto expected = reference::reparameterize_forward(1, mu, logvar, drawn);
    const auto gradients = reference::reparameterize_backward(n, mu, logvar, drawn, expected.z, 1);
    for (const int64_t k : {int64_t{0}, kWidth / 2, kWidth - 1}) {
      const double size = std::fabs(mu[k]) + std::fabs(expected.z[k]) + std::fabs(drawn[k]);
      const double spread = std::exp(logvar[k] / 2) * (1 + std::fabs(drawn[k]));
      expect_at("z", z, i * kWidth + k, expected.z[k], 32 * kU * size * (1 + spread));
      expect_at("grad_mu", grad, 2 * i * kWidth + k, gradients.mu[k],
                64 * kU * size * (1 + spread));
      expect_at("grad_logvar", grad, (2 * i + 1) * kWidth + k, gradients.logvar[k],
                64 * kU * size * (1 + spread) * spread);
    }
  }
  double sum = 0;  // each element of the pattern is as often mu as logvar, and as often as others
  for (int64_t i = 0; i < Pattern<float>::kPeriod; ++i) {
    sum += (double{x_[i]} * x_[i] + std::expm1(x_[i]) - x_[i]) / 2;
  }
  const double expected = sum / Pattern<float>::kPeriod * kWidth;
  expect_at("kl", kl, 0, expected, 2e-2 * expected);
}

TEST_P(LargeUnary, BinaryCrossEntropy) {
  const int64_t count = elements();
  if (!fits(3 * count)) GTEST_SKIP() << kShort;
  const Large<float> x(context(), count, x_), target(context(), count, w_);
  const Large<float> grad(context(), count), loss(context(), 1);
  run([&] {
    return sslcuda_binary_cross_entropy(context(), SSLCUDA_F32, count, x, target, nullptr, loss,
                                        grad);
  });
  const double scale = 1 / static_cast<double>(count);
  for (const int64_t i : places(count)) {
    expect_at("grad_x", grad, i, scale * (reference::sigmoid(x_[i]) - w_[i]),
              8 * kU * scale * (1 + std::fabs(w_[i])));
  }
  double sum = 0;  // each element of the pattern as often as it occurs
  constexpr int64_t kPeriod = Pattern<float>::kPeriod;
  for (int64_t i = 0; i < std::min(kPeriod, count); ++i) {
    const auto times = static_cast<double>(count / kPeriod + (i < count % kPeriod));
    sum += times * reference::binary_cross_entropy({x_[i]}, {w_[i]}).loss;
  }
  expect_at("loss", loss, 0, sum * scale, 1e-5 * (std::fabs(sum * scale) + 1));
}

INSTANTIATE_TEST_SUITE_P(, LargeUnary, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
