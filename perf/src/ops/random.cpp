// random.cpp - random numbers and augmentation. Bytes are the limit: 4 an element of an array, 8 an
// element of a view; the numbers cost some 30 (uniform) to 60 (normal) operations each.
#include "perf/src/random.hpp"
#include "perf/src/ops/ops.hpp"
#include "tests/reference/augment.hpp"

namespace sslcuda::perf {
namespace {

constexpr uint64_t kSeed = 1, kSequence = 2;
constexpr int64_t kCompared = 1 << 14;
const reference::RandomSequence kNumbers{kSeed, kSequence};

Vector array(int64_t count, const std::function<double(int64_t)>& number) {
  Vector expected;
  for (int64_t i = 0; i < std::min(count, kCompared); ++i) expected.push_back(number(i));
  return expected;
}

// What SimCLR and a denoising autoencoder draw, together.
sslcuda_augmentation settings() {
  sslcuda_augmentation a = SSLCUDA_AUGMENTATION_INIT;
  a.scale_low = 0.4f, a.ratio_low = 0.75f, a.ratio_high = 1.25f;
  a.degrees = 15, a.shear = 10, a.translate = 0.1f, a.flip = 0.5f;
  a.brightness = 0.2f, a.contrast = 0.4f;
  a.blur = 0.5f, a.sigma_low = 0.3f, a.sigma_high = 1.5f;
  a.noise = 0.1f, a.drop = 0.1f;
  return a;
}

}  // namespace

Case random_uniform(const Problem& problem, const Library&) {
  const int64_t count = problem["count"];
  Case c;
  const auto y = c.output(count);
  c.flops = 30.0 * count;
  c.ours = [=](sslcuda_context* context, const Set& set) {
    return sslcuda_random_uniform(context, SSLCUDA_F32, count, kSeed, kSequence, nullptr, -1, 1,
                                  set[y]);
  };
  c.check = [=](const Values& v, Checker& checker) {
    const Vector expected = array(count, [](int64_t i) { return kNumbers.uniform(0, i, -1, 1); });
    checker.compare("y", rows_of(v[y], std::ssize(expected), {0}), expected, kExact);
  };
  return c;
}

Case random_normal(const Problem& problem, const Library&) {
  const int64_t count = problem["count"];
  Case c;
  const auto y = c.output(count);
  c.flops = 60.0 * count;
  c.ours = [=](sslcuda_context* context, const Set& set) {
    return sslcuda_random_normal(context, SSLCUDA_F32, count, kSeed, kSequence, nullptr, 0, 1,
                                 set[y]);
  };
  c.check = [=](const Values& v, Checker& checker) {
    const Vector expected = array(count, [](int64_t i) { return kNumbers.normal(0, i); });
    checker.compare("y", rows_of(v[y], std::ssize(expected), {0}), expected, sum_tolerance(1));
  };
  return c;
}

Case augment(const Problem& problem, const Library&) {
  const int64_t n = problem["n"], channels = problem["c"], h = problem["h"], w = problem["w"];
  const int64_t views = problem["views"], area = h * w, planes = n * channels;
  Case c;
  const auto x = c.input(normal(planes * area, 1));
  const auto y = c.output(views * planes * area);
  c.flops = 200.0 * views * planes * area;
  c.ours = [=](sslcuda_context* context, const Set& set) {
    const sslcuda_augmentation a = settings();
    return sslcuda_augment(context, SSLCUDA_F32, n, channels, h, w, set[x], views, &a, kSeed,
                           kSequence, nullptr, set[y]);
  };
  c.check = [=](const Values& v, Checker& checker) {
    const reference::ImageShape shape{n, channels, h, w};
    for (const int64_t plane : some_of(views * planes)) {
      const Vector source = rows_of(v.before(x), area, {plane % planes});
      const Vector expected = reference::augmented_plane(settings(), kNumbers, shape, source.data(),
                                                         plane / channels, plane % channels);
      // A coordinate is off by some roundings of the sides, and a value by what that makes.
      checker.compare("y", rows_of(v[y], area, {plane}), expected, kRoundoff * (16 + h + w));
    }
  };
  return c;
}

}  // namespace sslcuda::perf
