// sgd.cpp - one step of SGD with momentum, or of LARS, over `tensors` tensors of `count` elements.
//   FLOPs: about 6 an element, LARS 11; bytes: 20 an element, LARS reads 8 more
#include "tests/reference/sgd.hpp"
#include "perf/src/ops/ops.hpp"
#include "perf/src/random.hpp"

namespace sslcuda::perf {
namespace {

constexpr reference::SgdSettings kSettings{1e-2, 0.9, 1e-4};
constexpr double kTrust = 1e-3;
constexpr int64_t kCompared = 1 << 14;

struct Parameter {
  Tensor<float> value, grad, velocity;
};

std::vector<void*> pointers(const std::vector<Parameter>& parameters, const Set& set,
                            Tensor<float> Parameter::*part) {
  std::vector<void*> result;
  for (const Parameter& parameter : parameters) result.push_back(set[parameter.*part]);
  return result;
}

// g of the elements that are compared.
Vector gradient(const Values& v, const Parameter& p, int64_t compared, bool lars) {
  const std::vector<int64_t> first{0};
  const Vector param = rows_of(v.before(p.value), compared, first);
  Vector g = reference::decayed(kSettings, rows_of(v.before(p.grad), compared, first), param);
  if (!lars) return g;
  const auto all = [&](Tensor<float> t) {
    const auto values = v.before(t);
    return Vector(values.begin(), values.end());
  };
  const Vector whole = all(p.value);
  const double ratio = kTrust * reference::norm(whole) /
                       reference::norm(reference::decayed(kSettings, all(p.grad), whole));
  for (double& value : g) value *= ratio;
  return g;
}

Case step(const Problem& problem, bool lars) {
  const int64_t tensors = problem["tensors"], count = problem["count"];
  Case c;
  std::vector<Parameter> parameters;
  for (int64_t i = 0; i < tensors; ++i) {
    Parameter p{};
    p.value = c.state(normal(count, 3 * i + 1));
    p.grad = c.input(normal(count, 3 * i + 2));
    p.velocity = c.state(normal(count, 3 * i + 3));
    parameters.push_back(p);
  }
  c.flops = (lars ? 11.0 : 6.0) * tensors * count;
  c.ours = [=, counts = std::vector<int64_t>(tensors, count)](sslcuda_context* context,
                                                              const Set& set) {
    const auto values = pointers(parameters, set, &Parameter::value),
               grads = pointers(parameters, set, &Parameter::grad),
               velocities = pointers(parameters, set, &Parameter::velocity);
    const auto& s = kSettings;
    return lars ? sslcuda_lars_step(context, SSLCUDA_F32, tensors, counts.data(), values.data(),
                                    grads.data(), velocities.data(), nullptr, s.lr, nullptr,
                                    s.momentum, s.weight_decay, kTrust)
                : sslcuda_sgd_step(context, SSLCUDA_F32, tensors, counts.data(), values.data(),
                                   grads.data(), velocities.data(), s.lr, nullptr, s.momentum,
                                   s.weight_decay, 0);
  };
  c.check = [=](const Values& v, Checker& checker) {
    const std::vector<int64_t> first{0};
    const int64_t compared = std::min(count, kCompared);
    for (const Parameter& p : parameters) {
      reference::SgdState state{rows_of(v.before(p.value), compared, first),
                                rows_of(v.before(p.velocity), compared, first)};
      reference::apply_gradient(kSettings, gradient(v, p, compared, lars), &state);
      checker.compare("params", rows_of(v[p.value], compared, first), state.param,
                      sum_tolerance(1));
      checker.compare("velocities", rows_of(v[p.velocity], compared, first), state.velocity,
                      sum_tolerance(1));
    }
  };
  return c;
}

}  // namespace

Case sgd(const Problem& problem, const Library&) { return step(problem, false); }
Case lars(const Problem& problem, const Library&) { return step(problem, true); }

}  // namespace sslcuda::perf
