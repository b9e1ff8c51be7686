// pool2d.cpp - pooling by square windows, of the kinds max and average, and the gradient.
//   FLOPs: one for each element of a window; never the limit
#include "tests/reference/pool2d.hpp"
#include "perf/src/ops/ops.hpp"
#include "perf/src/random.hpp"

namespace sslcuda::perf {
namespace {

using reference::Pool2dShape;

Pool2dShape shape_of(const Problem& problem) {
  const int64_t k = problem["k"], stride = problem.get("stride", k), pad = problem.get("pad", 0);
  return {problem["n"], problem["c"], problem["h"], problem["w"], k, k, stride, stride, pad, pad};
}

int32_t kind_of(const Problem& problem) {
  return problem.choice("kind", {"max", "average"}) == 0 ? SSLCUDA_POOL_MAX : SSLCUDA_POOL_AVERAGE;
}

// Some images of it.
Pool2dShape of_images(Pool2dShape s, const std::vector<int64_t>& images) {
  s.n = static_cast<int64_t>(images.size());
  return s;
}

// As after ReLU: half of the values are equal.
std::vector<float> rectified(std::vector<float> x) {
  for (float& value : x) value = std::max(value, 0.0f);
  return x;
}

}  // namespace

Case pool2d_forward(const Problem& problem, const Library&) {
  const Pool2dShape s = shape_of(problem);
  const int32_t kind = kind_of(problem);
  Case c;
  const auto x = c.input(rectified(normal(s.x_count(), 1))), y = c.output(s.y_count());
  c.flops = static_cast<double>(s.y_count() * s.kernel_h * s.kernel_w);
  c.ours = [=, shape = abi_shape(s)](sslcuda_context* context, const Set& set) {
    return sslcuda_pool2d_forward(context, SSLCUDA_F32, kind, &shape, set[x], set[y]);
  };
  c.check = [=](const Values& v, Checker& checker) {
    const auto images = some_of(s.n);
    checker.compare("y", rows_of(v[y], s.y_count() / s.n, images),
                    reference::pool2d_forward(of_images(s, images), kind,
                                              rows_of(v.before(x), s.x_count() / s.n, images)),
                    kind == SSLCUDA_POOL_MAX ? kExact : sum_tolerance(s.kernel_h * s.kernel_w));
  };
  return c;
}

Case pool2d_backward(const Problem& problem, const Library&) {
  const Pool2dShape s = shape_of(problem);
  const int32_t kind = kind_of(problem);
  const bool needs_x = kind == SSLCUDA_POOL_MAX;
  const std::vector<float> values = rectified(normal(needs_x ? s.x_count() : 0, 1));
  Vector outputs;
  if (needs_x) outputs = reference::pool2d_forward(s, kind, wide(values));
  Case c;
  const auto x = c.input(values);
  const auto y = c.input(std::vector<float>(outputs.begin(), outputs.end()));
  const auto grad_y = c.input(normal(s.y_count(), 2)), grad_x = c.output(s.x_count());
  c.flops = static_cast<double>(s.y_count() * s.kernel_h * s.kernel_w);
  c.ours = [=, shape = abi_shape(s)](sslcuda_context* context, const Set& set) {
    return sslcuda_pool2d_backward(context, SSLCUDA_F32, kind, &shape, needs_x ? set[x] : nullptr,
                                   needs_x ? set[y] : nullptr, set[grad_y], set[grad_x]);
  };
  c.check = [=](const Values& v, Checker& checker) {
    const auto images = some_of(s.n);
    const int64_t width = s.x_count() / s.n;
    const Vector of_x = needs_x ? rows_of(v.before(x), width, images) : Vector{};
    checker.compare(
        "grad_x", rows_of(v[grad_x], width, images),
        reference::pool2d_backward(of_images(s, images), kind, of_x,
                                   rows_of(v.before(grad_y), s.y_count() / s.n, images)),
        sum_tolerance(s.kernel_h * s.kernel_w));
  };
  return c;
}

}  // namespace sslcuda::perf
