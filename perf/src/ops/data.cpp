// data.cpp - gathers and rotations. They move bytes and compute next to nothing.
#include "perf/src/ops/ops.hpp"
#include "perf/src/random.hpp"
#include "tests/reference/gather.hpp"
#include "tests/reference/rotate.hpp"

namespace sslcuda::perf {
namespace {

constexpr float kMean = 0.5f, kStd = 0.25f, kFill = -1;

// The rows of a batch that a check compares, and the rows of the set they come from.
struct Compared {
  std::vector<int64_t> rows, sources;
};

Compared compared_rows(int64_t n, int64_t count, std::span<const int64_t> indices) {
  const auto sources =
      reference::gathered_rows(n, count, std::vector<int64_t>(indices.begin(), indices.end()), 0);
  Compared result{some_of(n), {}};
  for (const int64_t row : result.rows) result.sources.push_back(sources[row]);
  return result;
}

}  // namespace

Case gather_images(const Problem& problem, const Library&) {
  const int64_t n = problem["n"], width = problem["width"], count = problem["count"];
  Case c;
  const auto images = c.input(whole<uint8_t>(count * width, 1, 256));
  const auto indices = c.input(whole<int64_t>(n, 2, count));
  const auto y = c.output(n * width);
  c.bytes = static_cast<double>(n) * (5.0 * width + 8);  // of the images only those that are picked
  c.flops = 2.0 * n * width;
  c.ours = [=](sslcuda_context* context, const Set& set) {
    return sslcuda_gather_images(context, SSLCUDA_F32, n, width, set[images], count, set[indices],
                                 n, nullptr, kMean, kStd, set[y]);
  };
  c.check = [=](const Values& v, Checker& checker) {
    const Compared some = compared_rows(n, count, v.before(indices));
    Vector expected = rows_of(v.before(images), width, some.sources);
    for (double& x : expected) x = reference::pixel(static_cast<uint8_t>(x), kMean, kStd);
    checker.compare("y", rows_of(v[y], width, some.rows), expected, sum_tolerance(1));
  };
  return c;
}

Case gather_rows(const Problem& problem, const Library&) {
  const int64_t n = problem["n"], row_bytes = problem["row_bytes"], count = problem["count"];
  Case c;
  const auto rows = c.input(whole<uint8_t>(count * row_bytes, 1, 256));
  const auto indices = c.input(whole<int64_t>(n, 2, count));
  const auto y = c.output<uint8_t>(n * row_bytes);
  c.bytes = static_cast<double>(n) * (2.0 * row_bytes + 8);
  c.ours = [=](sslcuda_context* context, const Set& set) {
    return sslcuda_gather_rows(context, n, row_bytes, set[rows], count, set[indices], n, nullptr,
                               set[y]);
  };
  c.check = [=](const Values& v, Checker& checker) {
    const Compared some = compared_rows(n, count, v.before(indices));
    checker.compare("y", rows_of(v[y], row_bytes, some.rows),
                    rows_of(v.before(rows), row_bytes, some.sources), kExact);
  };
  return c;
}

Case rotate90(const Problem& problem, const Library&) {
  const int64_t n = problem["n"], channels = problem["c"], h = problem["h"], area = h * h;
  Case c;
  const auto x = c.input(normal(n * channels * area, 1));
  const auto turns = c.input(whole<int64_t>(n, 2, 4));
  const auto y = c.output(n * channels * area);
  c.ours = [=](sslcuda_context* context, const Set& set) {
    return sslcuda_rotate90(context, SSLCUDA_F32, n, channels, h, set[x], set[turns], set[y]);
  };
  c.check = [=](const Values& v, Checker& checker) {
    const auto planes = some_of(n * channels);
    Vector expected;
    for (const int64_t plane : planes) {
      const Vector turned = reference::rotate90(h, rows_of(v.before(x), area, {plane}),
                                                v.before(turns)[plane / channels]);
      expected.insert(expected.end(), turned.begin(), turned.end());
    }
    checker.compare("y", rows_of(v[y], area, planes), expected, kExact);
  };
  return c;
}

Case rotate(const Problem& problem, const Library&) {
  const int64_t n = problem["n"], channels = problem["c"], h = problem["h"], w = problem["w"];
  const int64_t area = h * w;
  Case c;
  const auto x = c.input(normal(n * channels * area, 1));
  const auto degrees = c.input(uniform(n, 2, -45, 45));
  const auto y = c.output(n * channels * area);
  c.flops = 10.0 * n * channels * area;
  c.ours = [=](sslcuda_context* context, const Set& set) {
    return sslcuda_rotate(context, SSLCUDA_F32, n, channels, h, w, set[x], set[degrees], kFill,
                          set[y]);
  };
  c.check = [=](const Values& v, Checker& checker) {
    for (const int64_t plane : some_of(n * channels)) {
      const Vector source = rows_of(v.before(x), area, {plane});
      Vector actual = rows_of(v[y], area, {plane}), expected;
      for (int64_t i = 0; i < area; ++i) {
        const auto from =
            reference::rotation_source(h, w, v.before(degrees)[plane / channels], i / w, i % w);
        const bool either = reference::near_rounding_boundary(from.line) ||
                            reference::near_rounding_boundary(from.column);
        expected.push_back(either ? actual[i]
                                  : reference::nearest(h, w, source.data(), from, kFill));
      }
      checker.compare("y", actual, expected, kExact);
    }
  };
  return c;
}

}  // namespace sslcuda::perf
