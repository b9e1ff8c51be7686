// adam.cpp - one Adam step over `tensors` tensors of `count` elements each.
//   FLOPs: about 12 an element; bytes: 28 an element, the limit
#include "tests/reference/adam.hpp"
#include "perf/src/ops/ops.hpp"
#include "perf/src/random.hpp"

namespace sslcuda::perf {
namespace {

constexpr reference::AdamSettings kSettings{1e-3, 0.9, 0.999, 1e-8};
constexpr int64_t kStep = 10, kCompared = 1 << 14;

struct Parameter {
  Tensor<float> value, grad, moment, variance;
};

std::vector<void*> pointers(const std::vector<Parameter>& parameters, const Set& set,
                            Tensor<float> Parameter::*part) {
  std::vector<void*> result;
  for (const Parameter& parameter : parameters) result.push_back(set[parameter.*part]);
  return result;
}

}  // namespace

Case adam(const Problem& problem, const Library&) {
  const int64_t tensors = problem["tensors"], count = problem["count"];
  Case c;
  std::vector<Parameter> parameters;
  for (int64_t i = 0; i < tensors; ++i) {
    Parameter p{};
    p.value = c.state(normal(count, 4 * i + 1));
    p.grad = c.input(normal(count, 4 * i + 2));
    p.moment = c.state(normal(count, 4 * i + 3));
    p.variance = c.state(uniform(count, 4 * i + 4, 0.5f, 1.5f));
    parameters.push_back(p);
  }
  c.flops = 12.0 * tensors * count;
  c.ours = [=, counts = std::vector<int64_t>(tensors, count)](sslcuda_context* context,
                                                              const Set& set) {
    const auto values = pointers(parameters, set, &Parameter::value),
               grads = pointers(parameters, set, &Parameter::grad),
               moments = pointers(parameters, set, &Parameter::moment),
               variances = pointers(parameters, set, &Parameter::variance);
    return sslcuda_adam_step(context, SSLCUDA_F32, tensors, counts.data(), values.data(),
                             grads.data(), moments.data(), variances.data(), kSettings.lr, nullptr,
                             kSettings.beta1, kSettings.beta2, kSettings.eps, kStep, nullptr);
  };
  c.check = [=](const Values& v, Checker& checker) {
    const std::vector<int64_t> first{0};
    const int64_t compared = std::min(count, kCompared);
    for (const Parameter& p : parameters) {
      reference::AdamState state{rows_of(v.before(p.value), compared, first),
                                 rows_of(v.before(p.moment), compared, first),
                                 rows_of(v.before(p.variance), compared, first)};
      reference::adam_step(kSettings, kStep, rows_of(v.before(p.grad), compared, first), &state);
      checker.compare("params", rows_of(v[p.value], compared, first), state.param,
                      sum_tolerance(1));
      checker.compare("moments", rows_of(v[p.moment], compared, first), state.moment,
                      sum_tolerance(1));
      checker.compare("variances", rows_of(v[p.variance], compared, first), state.variance,
                      sum_tolerance(1));
    }
  };
  return c;
}

}  // namespace sslcuda::perf
