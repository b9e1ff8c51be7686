// test_adam.cpp - sslcuda_adam_step: several steps over many tensors against a double reference.
#include "tests/ops/optimizer_state.hpp"
#include "tests/reference/adam.hpp"

namespace sslcuda::test {
namespace {

using reference::AdamSettings;
using reference::AdamState;

class Adam : public OpTest {};

constexpr AdamSettings kDefaults{1e-3, 0.9, 0.999, 1e-8};

class State : public OptimizerState {
 public:
  using OptimizerState::OptimizerState;

  // In order of the header: step from 1 by value, or t - 1 in device memory.
  sslcuda_status step(const AdamSettings& s, double lr, const float* lr_device, int64_t step,
                      const int64_t* step_device) const {
    return sslcuda_adam_step(context(), SSLCUDA_F32, tensors(), counts(), params(), grads(),
                             moments(), variances(), lr, lr_device, s.beta1, s.beta2, s.eps, step,
                             step_device);
  }
  AdamState read(size_t i) const { return {wide(param(i)), wide(moment(i)), wide(variance(i))}; }
};

// A step moves a parameter by about lr and rounds it; so do the moments, which also decay.
void expect_state(const AdamSettings& s, int64_t steps, const AdamState& actual,
                  const AdamState& expected) {
  const double own = 4 * static_cast<double>(steps) * kU;
  Vector param, moment, variance;
  for (size_t i = 0; i < expected.param.size(); ++i) {
    param.push_back(own * std::fabs(expected.param[i]) + 8 * own * s.lr);
    moment.push_back(own * 0.5);
    variance.push_back(own * expected.variance[i]);
  }
  expect_within("params", narrow(actual.param), expected.param, param);
  expect_within("moments", narrow(actual.moment), expected.moment, moment);
  expect_within("variances", narrow(actual.variance), expected.variance, variance);
}

constexpr int kSteps = 5;

void expect_steps(const Context& context, const Counts& counts, const AdamSettings& s,
                  bool from_memory) {
  State state(context, counts);
  std::vector<AdamState> expected;
  for (size_t i = 0; i < counts.size(); ++i) expected.push_back(state.read(i));
  const Buffer<float> lr(context, {static_cast<float>(s.lr)});
  const Buffer<int64_t> done(context, {0});
  AdamSettings in_double = s;
  if (from_memory) in_double.lr = static_cast<float>(s.lr);
  for (int step = 1; step <= kSteps; ++step) {
    state.set_gradients(step);
    context.run([&] {
      return from_memory ? state.step(s, -1, lr, -1, done)
                         : state.step(s, s.lr, nullptr, step, nullptr);
    });
    context.must(sslcuda_counter_add(context, done, 1));
    for (size_t i = 0; i < counts.size(); ++i) {
      reference::adam_step(in_double, step, wide(state.gradient(i, step)), &expected[i]);
    }
  }
  for (size_t i = 0; i < counts.size(); ++i) {
    SCOPED_TRACE("tensor " + std::to_string(i));
    expect_state(s, kSteps, state.read(i), expected[i]);
  }
}

TEST_P(Adam, MatchesReference) {
  const Counts counts{1, 0, 2, 3, 7, 31, 33, 64, 65, 257, 100352, 0, 128};
  for (const AdamSettings& s :
       {kDefaults, AdamSettings{0.1, 0.5, 0.9, 1e-3}, AdamSettings{0.01, 0, 0, 1e-8},
        AdamSettings{0, 0.9, 0.999, 1e-8}}) {
    for (const bool from_memory : {false, true}) expect_steps(context(), counts, s, from_memory);
  }
}

// More tensors than one launch takes.
TEST_P(Adam, ManyTensors) {
  for (const int64_t tensors : {63, 64, 65, 150}) {
    Counts counts(tensors);
    for (int64_t i = 0; i < tensors; ++i) counts[i] = i % 7;
    expect_steps(context(), counts, kDefaults, true);
  }
}

// The first step is lr, to the last bits where nothing is added to it: the corrections undo the
// decays, whose difference from 1 float32 does not hold.
TEST_P(Adam, FirstStepFromZero) {
  State state(context(), {1025}, 0);
  AdamState expected = state.read(0);
  state.set_gradients(1);
  context().run([&] { return state.step(kDefaults, kDefaults.lr, nullptr, 1, nullptr); });
  reference::adam_step(kDefaults, 1, wide(state.gradient(0, 1)), &expected);
  expect_within("params", narrow(state.read(0).param), expected.param, 8 * kU * kDefaults.lr);
}

TEST_P(Adam, LateSteps) {
  State state(context(), {33});
  AdamState expected = state.read(0);
  for (const int64_t step : {int64_t{1000}, int64_t{1} << 40}) {
    state.set_gradients(step % 97);
    context().run([&] { return state.step(kDefaults, kDefaults.lr, nullptr, step, nullptr); });
    reference::adam_step(kDefaults, step, wide(state.gradient(0, step % 97)), &expected);
  }
  expect_state(kDefaults, 2, state.read(0), expected);
}

// As slices of other tensors do.
TEST_P(Adam, TensorsBeginAtAnyFloat) {
  constexpr int64_t kCount = 2050, kStep = 3;
  const Floats param = normal(kCount, 1), grad = normal(kCount, 2),
               moment = normal(kCount, 3, 0.1f);
  Floats variance = normal(kCount, 4, 0.1f);
  for (float& v : variance) v *= v;
  AdamState expected{wide(param), wide(moment), wide(variance)};
  reference::adam_step(kDefaults, kStep, wide(grad), &expected);
  for (const int64_t offset : {0, 1, 2, 3, 4}) {
    SCOPED_TRACE(offset);
    const auto later = [&](const Floats& values) { return joined(Floats(offset, 0.5f), values); };
    const Buffer<float> p(context(), later(param)), g(context(), later(grad)),
        m(context(), later(moment)), v(context(), later(variance));
    void *const params[] = {p + offset}, *const moments[] = {m + offset};
    void* const variances[] = {v + offset};
    const void* const grads[] = {g + offset};
    context().run([&] {
      return sslcuda_adam_step(context(), SSLCUDA_F32, 1, &kCount, params, grads, moments,
                               variances, kDefaults.lr, nullptr, kDefaults.beta1, kDefaults.beta2,
                               kDefaults.eps, kStep, nullptr);
    });
    const auto after = [&](const Buffer<float>& buffer) {
      const Floats all = buffer.download();
      return wide(Floats(all.begin() + offset, all.end()));
    };
    expect_state(kDefaults, 1, {after(p), after(m), after(v)}, expected);
  }
}

TEST_P(Adam, NothingToDo) {
  State none(context(), {}), empty(context(), {0, 0});
  context().run([&] { return none.step(kDefaults, 1e-3, nullptr, 1, nullptr); });
  context().run([&] { return empty.step(kDefaults, 1e-3, nullptr, 1, nullptr); });
}

TEST_P(Adam, IsRepeatable) {
  expect_repeatable([&](const Context& c) {
    State state(c, {50001, 7, 300});
    state.set_gradients(1);
    c.run([&] { return state.step(kDefaults, 1e-3, nullptr, 3, nullptr); });
    return state.all();
  });
}

INSTANTIATE_TEST_SUITE_P(, Adam, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
