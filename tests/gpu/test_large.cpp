// test_large.cpp - layers and data: every tensor index beyond 2^31 on a GPU (large.hpp). The losses
// are in test_large_losses.cpp.
#include "tests/gpu/large.hpp"
#include "tests/reference/adam.hpp"
#include "tests/reference/gather.hpp"
#include "tests/reference/rotate.hpp"

namespace sslcuda::test {
namespace {

class LargeLayers : public LargeTest {
 protected:
  struct LinearShape {
    int64_t n, in, out;
  };
  void check_linear(const LinearShape& s);
  void check_linear_forward(const LinearShape& s);
  void check_linear_backward(const LinearShape& s);

  const Pattern<float> x_ = normal_pattern(1), weight_ = normal_pattern(2), g_ = normal_pattern(3);
};

void LargeLayers::check_linear_forward(const LinearShape& s) {
  const auto& [n, in, out] = s;
  const Large<float> x(context(), n * in, x_), weight(context(), out * in, weight_);
  const Large<float> bias(context(), out, g_), y(context(), n * out);
  run([&] {
    return sslcuda_linear_forward(context(), SSLCUDA_F32, n, in, out, x, weight, bias, 0, y);
  });
  for (const int64_t i : places(n * out)) {
    const int64_t row = i / out, column = i % out;
    Sum sum;
    for (int64_t k = 0; k < in; ++k) sum.add(double{x_[row * in + k]} * weight_[column * in + k]);
    sum.add(g_[column]);
    expect_sum("y", y, i, sum);
  }
}

void LargeLayers::check_linear_backward(const LinearShape& s) {
  const auto& [n, in, out] = s;
  const Large<float> x(context(), n * in, x_), weight(context(), out * in, weight_);
  const Large<float> grad_y(context(), n * out, g_), grad_x(context(), n * in);
  const Large<float> grad_weight(context(), out * in), grad_bias(context(), out);
  run([&] {
    return sslcuda_linear_backward(context(), SSLCUDA_F32, n, in, out, x, weight, nullptr, grad_y,
                                   0, grad_x, nullptr, nullptr);
  });
  for (const int64_t i : places(n * in)) {
    Sum sum;
    for (int64_t o = 0; o < out; ++o) {
      sum.add(double{g_[i / in * out + o]} * weight_[o * in + i % in]);
    }
    expect_sum("grad_x", grad_x, i, sum);
  }
  // Sums over all rows: most are zero, so that the reference need not visit them.
  const int64_t width = std::max(in, out);
  const std::set<int64_t> rows = rows_at(places(n * width), width);
  grad_y.fill(0);
  for (const int64_t r : rows) {
    Floats row;
    for (int64_t o = 0; o < out; ++o) row.push_back(g_[r * out + o]);
    grad_y.write(r * out, row);
  }
  run([&] {
    return sslcuda_linear_backward(context(), SSLCUDA_F32, n, in, out, x, weight, nullptr, grad_y,
                                   0, nullptr, grad_weight, grad_bias);
  });
  for (const int64_t i : places(out * in)) {
    Sum sum;
    for (const int64_t r : rows) sum.add(double{g_[r * out + i / in]} * x_[r * in + i % in]);
    expect_sum("grad_weight", grad_weight, i, sum);
  }
  for (int64_t o = 0; o < out; ++o) {
    Sum sum;
    for (const int64_t r : rows) sum.add(g_[r * out + o]);
    expect_sum("grad_bias", grad_bias, o, sum);
  }
}

void LargeLayers::check_linear(const LinearShape& s) {
  if (!fits(std::max(s.n * (s.in + s.out), s.n * (2 * s.in + s.out)))) GTEST_SKIP() << kShort;
  check_linear_forward(s);
  check_linear_backward(s);
}

TEST_P(LargeLayers, LinearManyInputs) { check_linear({rows_of(1031), 1031, 5}); }
TEST_P(LargeLayers, LinearManyOutputs) { check_linear({rows_of(1031), 5, 1031}); }

// 3 x 3 with padding on images of 28 x 28, so that x and y are equally large. Calls
// term(weight index, index in the other tensor) for the taps that meet at pixel i; `sign` 1 goes
// from y to x, -1 from x to y.
template <class Term>
void for_each_tap(int64_t i, int sign, const Term& term) {
  constexpr int64_t kSide = 28, kPixels = kSide * kSide;
  const int64_t line = i % kPixels / kSide, column = i % kSide;
  for (int64_t tap = 0; tap < 9; ++tap) {
    const int64_t p = line + sign * (tap / 3 - 1), q = column + sign * (tap % 3 - 1);
    if (p < 0 || q < 0 || p >= kSide || q >= kSide) continue;
    term(tap, i / kPixels * kPixels + p * kSide + q);
  }
}

TEST_P(LargeLayers, Conv2d) {
  sslcuda_conv2d_shape s{sizeof s, rows_of(28 * 28), 1, 28, 28, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1};
  const int64_t count = s.n * 28 * 28;
  if (!fits(3 * count)) GTEST_SKIP() << kShort;
  const Large<float> x(context(), count, x_), weight(context(), 9, weight_), y(context(), count);
  run([&] { return sslcuda_conv2d_forward(context(), SSLCUDA_F32, &s, x, weight, nullptr, 0, y); });
  for (const int64_t i : places(count)) {
    Sum sum;
    for_each_tap(i, 1, [&](int64_t tap, int64_t at) { sum.add(double{weight_[tap]} * x_[at]); });
    expect_sum("y", y, i, sum);
  }
  const Large<float>& grad_y = y;
  grad_y.fill(g_);
  const Large<float> grad_x(context(), count), grad_weight(context(), 9), grad_bias(context(), 1);
  const auto backward = [&](float* gx, float* gw, float* gb) {
    run([&] {
      return sslcuda_conv2d_backward(context(), SSLCUDA_F32, &s, x, weight, nullptr, grad_y, 0, gx,
                                     gw, gb);
    });
  };
  backward(grad_x, nullptr, nullptr);
  for (const int64_t i : places(count)) {
    Sum sum;
    for_each_tap(i, -1, [&](int64_t tap, int64_t at) { sum.add(double{weight_[tap]} * g_[at]); });
    expect_sum("grad_x", grad_x, i, sum);
  }
  // Sums over all pixels: most are zero, so that the reference need not visit them.
  grad_y.fill(0);
  Sum weight_sums[9], bias_sum;
  for (const int64_t i : places(count)) {
    grad_y.set(i, g_[i]);
    bias_sum.add(g_[i]);
    for_each_tap(i, 1,
                 [&](int64_t tap, int64_t at) { weight_sums[tap].add(double{g_[i]} * x_[at]); });
  }
  backward(nullptr, grad_weight, grad_bias);
  for (int64_t tap = 0; tap < 9; ++tap) {
    expect_sum("grad_weight", grad_weight, tap, weight_sums[tap]);
  }
  expect_sum("grad_bias", grad_bias, 0, bias_sum);
}

TEST_P(LargeLayers, Adam) {
  const int64_t counts[] = {elements() + 12345};
  if (!fits(4 * counts[0])) GTEST_SKIP() << kShort;
  std::vector<float> squares = normal_pattern(4).values();
  for (float& value : squares) value *= value;
  const Pattern<float> variance_pattern(squares);
  const Large<float> param(context(), counts[0], x_), grad(context(), counts[0], g_);
  const Large<float> moment(context(), counts[0], weight_);
  const Large<float> variance(context(), counts[0], variance_pattern);
  void *const params[] = {param}, *const moments[] = {moment}, *const variances[] = {variance};
  const void* const grads[] = {grad};
  const reference::AdamSettings settings{1e-3, 0.9, 0.999, 1e-8};
  run([&] {
    return sslcuda_adam_step(context(), SSLCUDA_F32, 1, counts, params, grads, moments, variances,
                             settings.lr, nullptr, settings.beta1, settings.beta2, settings.eps, 3,
                             nullptr);
  });
  for (const int64_t i : places(counts[0])) {
    reference::AdamState state{{x_[i]}, {weight_[i]}, {variance_pattern[i]}};
    reference::adam_step(settings, 3, {g_[i]}, &state);
    const double scale = std::fabs(weight_[i]) + std::fabs(g_[i]);
    expect_at("moment", moment, i, state.moment[0], 4 * kU * scale);
    expect_at("variance", variance, i, state.variance[0], 8 * kU * state.variance[0]);
    expect_at("param", param, i, state.param[0], 8 * kU * (std::fabs(x_[i]) + scale));
  }
}

constexpr int64_t kCursor = 17;

// Row of the set that row i of the batch comes from, where both have `count` rows.
int64_t source_row(int64_t i, int64_t count) { return (i + kCursor) % count; }

// Elements of the batch to look at: where it, or what it comes from, is at a place.
std::set<int64_t> gather_places(int64_t count, int64_t width) {
  const std::set<int64_t> sources = places(count * width);
  std::set<int64_t> chosen = sources;
  for (const int64_t i : sources) {
    chosen.insert((i / width + count - kCursor) % count * width + i % width);
  }
  return chosen;
}

TEST_P(LargeLayers, GatherImages) {
  constexpr int64_t kWidth = 28 * 28;
  const int64_t count = rows_of(kWidth);
  if (!fits(count * kWidth + count * kWidth / 4)) GTEST_SKIP() << kShort;
  const Pattern<uint8_t> pixels = byte_pattern(1);
  const Large<uint8_t> images(context(), count * kWidth, pixels);
  const Large<float> y(context(), count * kWidth);
  const Buffer<int64_t> cursor(context(), {kCursor});
  run([&] {
    return sslcuda_gather_images(context(), SSLCUDA_F32, count, kWidth, images, count, nullptr, 0,
                                 cursor, 0.5f, 0.25f, y);
  });
  for (const int64_t i : gather_places(count, kWidth)) {
    const uint8_t source = pixels[source_row(i / kWidth, count) * kWidth + i % kWidth];
    const double expected = reference::pixel(source, 0.5, 0.25);
    expect_at("y", y, i, expected, 16 * kU);
  }
}

TEST_P(LargeLayers, GatherRows) {
  for (const int64_t width : {int64_t{1031}, int64_t{1040}}) {  // bytes one by one, and in vectors
    const int64_t count = rows_of(width);
    if (!fits(count * width / 2)) GTEST_SKIP() << kShort;
    const Pattern<uint8_t> bytes = byte_pattern(1);
    const Large<uint8_t> rows(context(), count * width, bytes), y(context(), count * width);
    const Buffer<int64_t> cursor(context(), {kCursor});
    run([&] {
      return sslcuda_gather_rows(context(), count, width, rows, count, nullptr, 0, cursor, y);
    });
    for (const int64_t i : gather_places(count, width)) {
      EXPECT_EQ(y.at(i), bytes[source_row(i / width, count) * width + i % width]) << i;
    }
  }
}

// Image number `image` of a tensor that repeats the pattern.
Floats image_of(const Pattern<float>& pattern, int64_t image, int64_t pixels) {
  Floats x;
  for (int64_t k = 0; k < pixels; ++k) x.push_back(pattern[image * pixels + k]);
  return x;
}

TEST_P(LargeLayers, QuarterTurns) {
  constexpr int64_t kSide = 28, kPixels = kSide * kSide;
  const int64_t n = rows_of(kPixels);
  if (!fits(2 * n * kPixels)) GTEST_SKIP() << kShort;
  std::vector<int64_t> turns(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) turns[static_cast<size_t>(i)] = i % 7 - 3;
  const Buffer<int64_t> device_turns(context(), turns);
  const Large<float> x(context(), n * kPixels, x_), y(context(), n * kPixels);
  run([&] { return sslcuda_rotate90(context(), SSLCUDA_F32, n, 1, kSide, x, device_turns, y); });
  for (const int64_t image : rows_at(places(n * kPixels), kPixels)) {
    const Floats expected = reference::rotate90(kSide, image_of(x_, image, kPixels), image % 7 - 3);
    EXPECT_TRUE(same_bits(y.read(image * kPixels, kPixels), expected)) << "image " << image;
  }
}

TEST_P(LargeLayers, Angles) {
  constexpr int64_t kHeight = 27, kWidth = 29, kPixels = kHeight * kWidth;
  const int64_t n = rows_of(kPixels);
  if (!fits(2 * n * kPixels)) GTEST_SKIP() << kShort;
  Floats degrees(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) degrees[static_cast<size_t>(i)] = static_cast<float>(i * 7 % 360);
  const Buffer<float> device_degrees(context(), degrees);
  const Large<float> x(context(), n * kPixels, x_), y(context(), n * kPixels);
  run([&] {
    return sslcuda_rotate(context(), SSLCUDA_F32, n, 1, kHeight, kWidth, x, device_degrees, -1, y);
  });
  for (const int64_t i : places(n * kPixels)) {
    const int64_t image = i / kPixels, p = i % kPixels / kWidth, q = i % kWidth;
    const auto source = reference::rotation_source(kHeight, kWidth, degrees[image], p, q);
    if (reference::near_rounding_boundary(source.line)) continue;
    if (reference::near_rounding_boundary(source.column)) continue;
    const Vector pixels = wide(image_of(x_, image, kPixels));
    const double expected = reference::nearest(kHeight, kWidth, pixels.data(), source, -1);
    expect_at("y", y, i, expected, 0);
  }
}

INSTANTIATE_TEST_SUITE_P(, LargeLayers, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
