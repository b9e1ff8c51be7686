// test_augment.cpp - sslcuda_augment: each stage and all together against the reference, which
// draws the same numbers.
#include <set>

#include "tests/ops/fixture.hpp"
#include "tests/reference/augment.hpp"

namespace sslcuda::test {
namespace {

using reference::ImageShape;
using Settings = sslcuda_augmentation;

class Augment : public OpTest {};

struct Draws {
  uint64_t seed = 3, sequence = 5;
  const int64_t* sequence_device = nullptr;
};

Floats augment(const Context& context, const ImageShape& s, const Floats& x, int64_t views,
               const Settings& settings, const Draws& draws = {}) {
  const Buffer<float> dx(context, x), y(context, views * s.n * s.c * s.pixels());
  context.run([&] {
    return sslcuda_augment(context, SSLCUDA_F32, s.n, s.c, s.h, s.w, dx, views, &settings,
                           draws.seed, draws.sequence, draws.sequence_device, y);
  });
  return y.download();
}

template <class Change>
Settings with(const Change& change) {
  Settings settings = SSLCUDA_AUGMENTATION_INIT;
  change(settings);
  return settings;
}

Settings everything() {
  return with([](Settings& s) {
    s.scale_low = 0.3f, s.scale_high = 0.9f, s.ratio_low = 0.5f, s.ratio_high = 2;
    s.degrees = 40, s.shear = 20, s.translate = 0.1f, s.flip = 0.5f;
    s.brightness = 0.3f, s.contrast = 0.6f;
    s.blur = 0.7f, s.sigma_low = 0.2f, s.sigma_high = 3;
    s.noise = 0.2f, s.drop = 0.2f, s.fill = -0.5f;
  });
}

// A coordinate is off by some u of the sides, which moves the value by as many of the range of
// neighbours; contrast scales that, and the sums of the blur add their roundings.
void expect_reference(const Context& context, const ImageShape& s, int64_t views,
                      const Settings& settings) {
  const Floats x = normal(s.n * s.c * s.pixels(), 1);
  const Draws draws;
  float range = 1 + std::fabs(settings.fill) + settings.brightness + settings.noise;
  for (const float value : x) range = std::max(range, 2 * std::fabs(value));
  const double roundings = 16 + 8 * static_cast<double>(s.h + s.w);
  expect_within("y", augment(context, s, x, views, settings),
                reference::augment(settings, {draws.seed, draws.sequence}, s, wide(x), views),
                roundings * kU * range * (1 + settings.contrast));
}

TEST_P(Augment, NothingIsExact) {
  const ImageShape s{3, 2, 5, 7};
  Floats x = normal(s.n * s.c * s.pixels(), 1);
  x[0] = kNaN, x[1] = -0.0f, x[2] = kInf, x[3] = 1e-45f;
  Settings settings = SSLCUDA_AUGMENTATION_INIT;
  EXPECT_TRUE(same_bits(augment(context(), s, x, 1, settings), x));
  EXPECT_TRUE(same_bits(augment(context(), s, x, 2, settings), joined(x, x)));
  settings.fill = 0.7f;
  EXPECT_TRUE(same_bits(augment(context(), s, x, 1, settings), x));
}

TEST_P(Augment, StagesMatchReference) {
  const Settings stages[] = {
      with([](Settings& s) { s.scale_low = 0.2f; }),
      with([](Settings& s) {
        s.scale_low = s.scale_high = 0.4f, s.ratio_low = 0.5f, s.ratio_high = 3;
      }),
      with([](Settings& s) { s.degrees = 180, s.fill = 0.25f; }),
      with([](Settings& s) { s.shear = 60; }),
      with([](Settings& s) { s.translate = 1, s.fill = -2; }),
      with([](Settings& s) { s.flip = 0.5f; }),
      with([](Settings& s) { s.brightness = 0.5f; }),
      with([](Settings& s) { s.contrast = 2, s.fill = 1; }),
      with([](Settings& s) { s.blur = 0.5f, s.sigma_low = 0.1f, s.sigma_high = 3; }),
      with([](Settings& s) { s.blur = 1, s.sigma_low = s.sigma_high = 1; }),
      with([](Settings& s) { s.noise = 0.5f; }),
      with([](Settings& s) { s.drop = 0.4f, s.fill = 9; }),
      with([](Settings& s) { s.noise = 1, s.drop = 0.4f; })};
  int stage = 0;
  for (const Settings& settings : stages) {
    SCOPED_TRACE("stage " + std::to_string(stage++));
    expect_reference(context(), {4, 2, 9, 14}, 2, settings);
  }
}

// Of one pixel, of one row, of one tile and of several, and sides that no four divide.
TEST_P(Augment, ShapesMatchReference) {
  for (const ImageShape& s :
       {ImageShape{5, 1, 1, 1}, ImageShape{2, 1, 1, 45}, ImageShape{2, 2, 37, 1},
        ImageShape{4, 1, 28, 28}, ImageShape{2, 3, 33, 31}, ImageShape{2, 1, 70, 67},
        ImageShape{1, 1, 32, 64}}) {
    SCOPED_TRACE(std::to_string(s.h) + " x " + std::to_string(s.w));
    expect_reference(context(), s, 2, everything());
  }
}

TEST_P(Augment, FlipsAreExact) {
  const ImageShape s{1, 1, 3, 5};
  Floats x = normal(s.pixels(), 1), expected;
  for (int64_t p = 0; p < s.h; ++p) {
    for (int64_t q = 0; q < s.w; ++q) expected.push_back(x[p * s.w + s.w - 1 - q]);
  }
  EXPECT_EQ(augment(context(), s, x, 1, with([](Settings& a) { a.flip = 1; })), expected);
}

// A view is a function of its place: not of the images around it, nor of how many there are.
TEST_P(Augment, ImagesStandAlone) {
  const ImageShape one{1, 1, 9, 9}, many{3, 1, 9, 9};
  Floats x = normal(many.n * many.pixels(), 1);
  const Floats before = augment(context(), many, x, 1, everything());
  EXPECT_TRUE(same_bits(row_of(before, one.pixels(), 0),
                        augment(context(), one, row_of(x, one.pixels(), 0), 1, everything())));
  std::fill_n(x.begin() + many.pixels(), many.pixels(), kNaN);
  const Floats after = augment(context(), many, x, 1, everything());
  expect_other_rows_equal("y", after, before, many.pixels(), 1);
  EXPECT_TRUE(row_spoilt(after, many.pixels(), 1));
}

TEST_P(Augment, ViewsDiffer) {
  const ImageShape s{4, 1, 8, 8};
  Floats x;
  for (int i = 0; i < s.n; ++i) x = joined(x, normal(s.pixels(), 1));  // the same image
  std::set<Floats> seen;
  const auto collect = [&](const Draws& draws) {
    const Floats y = augment(context(), s, x, 3, everything(), draws);
    for (int64_t i = 0; i < 3 * s.n; ++i) seen.insert(row_of(y, s.pixels(), i));
  };
  collect({1, 1});
  collect({1, 2});
  collect({2, 1});
  EXPECT_EQ(seen.size(), 3u * 3 * s.n);
}

TEST_P(Augment, SequenceFromMemory) {
  const ImageShape s{2, 1, 6, 6};
  const Floats x = normal(s.n * s.pixels(), 1);
  const Buffer<int64_t> counter(context(), {4});
  EXPECT_EQ(augment(context(), s, x, 2, everything(), {1, 3, counter}),
            augment(context(), s, x, 2, everything(), {1, 7}));
}

// Its numbers are not those of the random arrays of the same seed and sequence.
TEST_P(Augment, NoiseIsItsOwn) {
  const ImageShape s{1, 1, 16, 16};
  const Floats noise = augment(context(), s, Floats(s.pixels(), 0), 1,
                               with([](Settings& a) { a.noise = 1; }), {1, 2});
  const Buffer<float> numbers(context(), s.pixels());
  context().run([&] {
    return sslcuda_random_normal(context(), SSLCUDA_F32, s.pixels(), 1, 2, nullptr, 0, 1, numbers);
  });
  const Floats other = numbers.download();
  for (int64_t i = 0; i < s.pixels(); ++i) EXPECT_NE(noise[i], other[i]) << i;
}

// Channels of a pixel are dropped together, and as many as asked for.
TEST_P(Augment, DropsWholePixels) {
  const ImageShape s{8, 3, 32, 32};
  const Floats y = augment(context(), s, Floats(s.n * s.c * s.pixels(), 1), 1,
                           with([](Settings& a) { a.drop = 0.3f, a.fill = 0; }));
  double dropped = 0;
  for (int64_t image = 0; image < s.n; ++image) {
    const Floats first = row_of(y, s.pixels(), image * s.c);
    for (int64_t c = 1; c < s.c; ++c) EXPECT_EQ(row_of(y, s.pixels(), image * s.c + c), first);
    for (const float value : first) dropped += value == 0;
  }
  const auto pixels = static_cast<double>(s.n * s.pixels());
  EXPECT_NEAR(dropped / pixels, 0.3, 4 * std::sqrt(0.21 / pixels));
}

TEST_P(Augment, Empty) {
  EXPECT_TRUE(augment(context(), {0, 1, 3, 3}, {}, 2, everything()).empty());
  EXPECT_TRUE(augment(context(), {2, 0, 3, 3}, {}, 2, everything()).empty());
  EXPECT_TRUE(augment(context(), {2, 1, 0, 3}, {}, 2, everything()).empty());
  EXPECT_TRUE(augment(context(), {2, 1, 3, 0}, {}, 2, everything()).empty());
}

TEST_P(Augment, IsRepeatable) {
  const ImageShape s{17, 1, 28, 28};
  const Floats x = normal(s.n * s.pixels(), 1);
  expect_repeatable([&](const Context& c) { return augment(c, s, x, 2, everything()); });
}

INSTANTIATE_TEST_SUITE_P(, Augment, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
