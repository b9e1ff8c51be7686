// test_large_channels.cpp - a convolution that is made of matrix products, every tensor index
// beyond 2^31 on a GPU (large.hpp).
#include "tests/gpu/large.hpp"

namespace sslcuda::test {
namespace {

class LargeChannels : public LargeTest {
 protected:
  const Pattern<float> x_ = normal_pattern(1), weight_ = normal_pattern(2), g_ = normal_pattern(3);
};

// 1 x 1, with enough channels for a matrix product.
TEST_P(LargeChannels, Conv2d) {
  constexpr int64_t kIn = 25, kOut = 24, kPixels = 28 * 28;
  sslcuda_conv2d_shape s{
      sizeof s, rows_of(kIn * kPixels), kIn, 28, 28, kOut, 1, 1, 1, 1, 0, 0, 1, 1, 1};
  const int64_t x_count = s.n * kIn * kPixels, y_count = s.n * kOut * kPixels;
  if (!fits(3 * x_count)) GTEST_SKIP() << kShort;
  const Large<float> x(context(), x_count, x_), weight(context(), kOut * kIn, weight_);
  const Large<float> y(context(), y_count);
  run([&] { return sslcuda_conv2d_forward(context(), SSLCUDA_F32, &s, x, weight, nullptr, 0, y); });
  // Of the same pixel: in channel 0 of x, of y.
  const auto in_x = [](int64_t i) { return i / (kOut * kPixels) * kIn * kPixels + i % kPixels; };
  const auto in_y = [](int64_t i) { return i / (kIn * kPixels) * kOut * kPixels + i % kPixels; };
  for (const int64_t i : places(y_count)) {
    Sum sum;
    for (int64_t c = 0; c < kIn; ++c) {
      const int64_t tap = i / kPixels % kOut * kIn + c;
      sum.add(double{weight_[tap]} * x_[in_x(i) + c * kPixels]);
    }
    expect_sum("y", y, i, sum);
  }
  const Large<float>& grad_y = y;
  grad_y.fill(g_);
  const Large<float> grad_x(context(), x_count), grad_weight(context(), kOut * kIn);
  const auto backward = [&](float* gx, float* gw) {
    run([&] {
      return sslcuda_conv2d_backward(context(), SSLCUDA_F32, &s, x, weight, nullptr, grad_y, 0, gx,
                                     gw, nullptr);
    });
  };
  backward(grad_x, nullptr);
  for (const int64_t i : places(x_count)) {
    Sum sum;
    for (int64_t o = 0; o < kOut; ++o) {
      const int64_t tap = o * kIn + i / kPixels % kIn;
      sum.add(double{weight_[tap]} * g_[in_y(i) + o * kPixels]);
    }
    expect_sum("grad_x", grad_x, i, sum);
  }
  // Sums over all pixels: most are zero, so that the reference need not visit them.
  grad_y.fill(0);
  std::vector<Sum> sums(kOut * kIn);
  for (const int64_t i : places(y_count)) {
    grad_y.set(i, g_[i]);
    for (int64_t c = 0; c < kIn; ++c) {
      sums[i / kPixels % kOut * kIn + c].add(double{g_[i]} * x_[in_x(i) + c * kPixels]);
    }
  }
  backward(nullptr, grad_weight);
  for (int64_t tap = 0; tap < kOut * kIn; ++tap) {
    expect_sum("grad_weight", grad_weight, tap, sums[tap]);
  }
}

INSTANTIATE_TEST_SUITE_P(, LargeChannels, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
