// norm.cpp - batch normalisation in training, and group normalisation where a problem has groups.
//   FLOPs: 7 an element forward (2 reads of x, or 1 from cache), 9 backward; never the limit
#include "tests/reference/norm.hpp"
#include "perf/src/ops/ops.hpp"
#include "perf/src/random.hpp"

namespace sslcuda::perf {
namespace {

using reference::NormShape;
using reference::NormStatistics;

constexpr double kEps = 1e-5;

NormShape shape_of(const Problem& problem) {
  return {problem["n"], problem["c"], problem["plane"], problem.get("groups", 0)};
}

int32_t activation_of(const Problem& problem) {
  return problem.get("relu", 0) != 0 ? SSLCUDA_ACTIVATION_RELU : SSLCUDA_ACTIVATION_NONE;
}

// The part of a tensor that a few sets make up: some channels of all images, or some images.
struct Part {
  NormShape shape;
  std::vector<int64_t> sets, channels, elements;
};

Part some_sets(const NormShape& s) {
  Part part{s, {}, {}, {}};
  const auto chosen = some_of(s.groups == 0 ? s.c : s.n);
  const auto count = static_cast<int64_t>(chosen.size());
  (s.groups == 0 ? part.shape.c : part.shape.n) = count;
  for (int64_t k = 0; k < part.shape.x_count(); ++k) {
    const int64_t in_plane = k % s.plane, plane = k / s.plane;
    const int64_t image = plane / part.shape.c, channel = plane % part.shape.c;
    part.elements.push_back(s.groups == 0 ? (image * s.c + chosen[channel]) * s.plane + in_plane
                                          : (chosen[image] * s.c + channel) * s.plane + in_plane);
  }
  if (s.groups == 0) {
    part.sets = part.channels = chosen;
    return part;
  }
  for (const int64_t image : chosen) {
    for (int64_t g = 0; g < s.groups; ++g) part.sets.push_back(image * s.groups + g);
  }
  for (int64_t j = 0; j < s.c; ++j) part.channels.push_back(j);
  return part;
}

template <class X>
Vector picked(const X& x, const std::vector<int64_t>& places) {
  return rows_of(x, 1, places);
}

}  // namespace

Case norm_forward(const Problem& problem, const Library&) {
  const NormShape s = shape_of(problem);
  const int32_t activation = activation_of(problem);
  Case c;
  const auto x = c.input(normal(s.x_count(), 1));
  const auto weight = c.input(normal(s.c, 2)), bias = c.input(normal(s.c, 3));
  const auto y = c.output(s.x_count()), mean = c.output(s.sets()), rstd = c.output(s.sets());
  c.flops = 7.0 * s.x_count();
  c.ours = [=](sslcuda_context* context, const Set& set) {
    if (s.groups != 0) {
      return sslcuda_group_norm_forward(context, SSLCUDA_F32, s.n, s.c, s.plane, s.groups, set[x],
                                        set[weight], set[bias], kEps, activation, set[y], set[mean],
                                        set[rstd]);
    }
    return sslcuda_batch_norm_forward(context, SSLCUDA_F32, s.n, s.c, s.plane, set[x], set[weight],
                                      set[bias], nullptr, nullptr, 1, 0.1f, kEps, activation,
                                      set[y], set[mean], set[rstd]);
  };
  c.check = [=](const Values& v, Checker& checker) {
    const Part part = some_sets(s);
    const Vector values = picked(v.before(x), part.elements);
    const NormStatistics expected = norm_statistics(part.shape, values, kEps);
    checker.compare("rstd", picked(v[rstd], part.sets), expected.rstd, sum_tolerance(64));
    checker.compare("y", picked(v[y], part.elements),
                    reference::norm_forward(part.shape, values, expected,
                                            picked(v.before(weight), part.channels),
                                            picked(v.before(bias), part.channels), activation),
                    sum_tolerance(64));
  };
  return c;
}

// With any y and statistics, of which the formula makes no more than of those of a forward pass.
Case norm_backward(const Problem& problem, const Library&) {
  const NormShape s = shape_of(problem);
  const int32_t activation = activation_of(problem);
  Case c;
  const auto x = c.input(normal(s.x_count(), 1)), weight = c.input(normal(s.c, 2));
  const auto y = c.input(normal(activation == SSLCUDA_ACTIVATION_NONE ? 0 : s.x_count(), 3));
  const auto mean = c.input(normal(s.sets(), 4)), rstd = c.input(uniform(s.sets(), 5, 0.5, 2));
  const auto grad_y = c.input(normal(s.x_count(), 6)), grad_x = c.output(s.x_count());
  const auto grad_weight = c.output(s.c), grad_bias = c.output(s.c);
  c.flops = 9.0 * s.x_count();
  c.ours = [=](sslcuda_context* context, const Set& set) {
    if (s.groups != 0) {
      return sslcuda_group_norm_backward(context, SSLCUDA_F32, s.n, s.c, s.plane, s.groups, set[x],
                                         set[weight], set[y], set[mean], set[rstd], set[grad_y],
                                         activation, set[grad_x], set[grad_weight], set[grad_bias]);
    }
    return sslcuda_batch_norm_backward(context, SSLCUDA_F32, s.n, s.c, s.plane, set[x], set[weight],
                                       set[y], set[mean], set[rstd], set[grad_y], 1, activation,
                                       set[grad_x], set[grad_weight], set[grad_bias]);
  };
  c.check = [=](const Values& v, Checker& checker) {
    const Part part = some_sets(s);
    Vector g = picked(v.before(grad_y), part.elements);
    if (activation != SSLCUDA_ACTIVATION_NONE) {
      g = reference::activation_gradient(activation, picked(v.before(y), part.elements), g);
    }
    const NormStatistics given{
        picked(v.before(mean), part.sets), {}, picked(v.before(rstd), part.sets)};
    const auto expected =
        reference::norm_backward(part.shape, picked(v.before(x), part.elements), given,
                                 picked(v.before(weight), part.channels), g, true);
    const double tolerance = sum_tolerance(s.n * s.plane);
    checker.compare("grad_x", picked(v[grad_x], part.elements), expected.x, tolerance);
    if (s.groups != 0) return;  // those of a channel take all images
    checker.compare("grad_weight", picked(v[grad_weight], part.channels), expected.weight,
                    tolerance);
    checker.compare("grad_bias", picked(v[grad_bias], part.channels), expected.bias, tolerance);
  };
  return c;
}

}  // namespace sslcuda::perf
