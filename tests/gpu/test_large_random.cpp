// test_large_random.cpp - random numbers, augmentation, SGD and LARS: every tensor index beyond
// 2^31 on a GPU (large.hpp).
#include "tests/gpu/large.hpp"
#include "tests/reference/augment.hpp"
#include "tests/reference/sgd.hpp"

namespace sslcuda::test {
namespace {

class LargeRandom : public LargeTest {};

constexpr uint64_t kSeed = 3, kSequence = 5;
const reference::RandomSequence kNumbers{kSeed, kSequence};

TEST_P(LargeRandom, Uniform) {
  const int64_t count = elements() + 3;
  if (!fits(count)) GTEST_SKIP() << kShort;
  const Large<float> y(context(), count);
  run([&] {
    return sslcuda_random_uniform(context(), SSLCUDA_F32, count, kSeed, kSequence, nullptr, -1, 1,
                                  y);
  });
  for (const int64_t i : places(count)) EXPECT_EQ(y.at(i), kNumbers.uniform(0, i, -1, 1)) << i;
}

TEST_P(LargeRandom, Normal) {
  const int64_t count = elements() + 3;
  if (!fits(count)) GTEST_SKIP() << kShort;
  const Large<float> y(context(), count);
  run([&] {
    return sslcuda_random_normal(context(), SSLCUDA_F32, count, kSeed, kSequence, nullptr, 0, 1, y);
  });
  for (const int64_t i : places(count)) {
    const double expected = kNumbers.normal(0, i);
    expect_at("y", y, i, expected, 8 * kU * std::fabs(expected));
  }
}

TEST_P(LargeRandom, Augment) {
  constexpr int64_t kHeight = 27, kWidth = 29, kPixels = kHeight * kWidth, kViews = 2;
  const int64_t n = rows_of(kPixels) / kViews + 1;
  if (!fits((kViews + 1) * n * kPixels)) GTEST_SKIP() << kShort;
  const Pattern<float> pattern = normal_pattern(1);
  const Large<float> x(context(), n * kPixels, pattern), y(context(), kViews * n * kPixels);
  sslcuda_augmentation settings = SSLCUDA_AUGMENTATION_INIT;
  settings.scale_low = 0.3f, settings.degrees = 30, settings.translate = 0.1f;
  settings.blur = 0.5f, settings.noise = 0.1f, settings.drop = 0.1f, settings.fill = -1;
  run([&] {
    return sslcuda_augment(context(), SSLCUDA_F32, n, 1, kHeight, kWidth, x, kViews, &settings,
                           kSeed, kSequence, nullptr, y);
  });
  for (const int64_t image : rows_at(places(kViews * n * kPixels), kPixels)) {
    Vector source;
    for (int64_t k = 0; k < kPixels; ++k) source.push_back(pattern[image % n * kPixels + k]);
    const Vector expected = reference::augmented_plane(settings, kNumbers, {n, 1, kHeight, kWidth},
                                                       source.data(), image, 0);
    SCOPED_TRACE("image " + std::to_string(image));
    expect_within("y", y.read(image * kPixels, kPixels), expected, 4096 * kU);
  }
}

constexpr reference::SgdSettings kSettings{0.1, 0.9, 0.01};

TEST_P(LargeRandom, Sgd) {
  const int64_t counts[] = {elements() + 12345};
  if (!fits(3 * counts[0])) GTEST_SKIP() << kShort;
  const Pattern<float> x = normal_pattern(1), g = normal_pattern(2), v = normal_pattern(3);
  const Large<float> param(context(), counts[0], x), grad(context(), counts[0], g);
  const Large<float> velocity(context(), counts[0], v);
  void *const params[] = {param}, *const velocities[] = {velocity};
  const void* const grads[] = {grad};
  run([&] {
    return sslcuda_sgd_step(context(), SSLCUDA_F32, 1, counts, params, grads, velocities,
                            kSettings.lr, nullptr, kSettings.momentum, kSettings.weight_decay, 0);
  });
  for (const int64_t i : places(counts[0])) {
    reference::SgdState state{{x[i]}, {v[i]}};
    reference::sgd_step(kSettings, {g[i]}, &state);
    const double scale = std::fabs(x[i]) + std::fabs(g[i]) + std::fabs(v[i]);
    expect_at("velocity", velocity, i, state.velocity[0], 4 * kU * scale);
    expect_at("param", param, i, state.param[0], 4 * kU * scale);
  }
}

// All elements are the same, so the ratio of the norms is that of two of them.
TEST_P(LargeRandom, Lars) {
  const int64_t counts[] = {elements() + 12345};
  if (!fits(2 * counts[0])) GTEST_SKIP() << kShort;
  const auto constant = [](float value) {
    return Pattern<float>(std::vector<float>(Pattern<float>::kPeriod, value));
  };
  const Large<float> param(context(), counts[0], constant(2));
  const Large<float> grad(context(), counts[0], constant(-0.5f));
  void* const params[] = {param};
  const void* const grads[] = {grad};
  run([&] {
    return sslcuda_lars_step(context(), SSLCUDA_F32, 1, counts, params, grads, nullptr, nullptr,
                             0.5, nullptr, 0, 0, 0.25);
  });
  for (const int64_t i : places(counts[0])) expect_at("param", param, i, 2.25, 8 * kU);
}

INSTANTIATE_TEST_SUITE_P(, LargeRandom, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
