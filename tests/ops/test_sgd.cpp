// test_sgd.cpp - sslcuda_sgd_step and sslcuda_lars_step: several steps over many tensors against a
// double reference.
#include "tests/ops/optimizer_state.hpp"
#include "tests/reference/sgd.hpp"

namespace sslcuda::test {
namespace {

using reference::SgdSettings;
using reference::SgdState;

// A step of either kind; the velocities are left out where they must not be needed.
struct Step {
  SgdSettings settings;
  double trust = 0;                   // 0: SGD
  std::vector<int32_t> adapted = {};  // by tensor; empty: all
  const float* lr_device = nullptr;

  sslcuda_status run(const OptimizerState& state) const {
    const SgdSettings& s = settings;
    const double lr = lr_device ? -1 : s.lr;
    void* const* const velocities = s.momentum == 0 ? nullptr : state.moments();
    return trust == 0 ? sslcuda_sgd_step(state.context(), SSLCUDA_F32, state.tensors(),
                                         state.counts(), state.params(), state.grads(), velocities,
                                         lr, lr_device, s.momentum, s.weight_decay, s.nesterov)
                      : sslcuda_lars_step(state.context(), SSLCUDA_F32, state.tensors(),
                                          state.counts(), state.params(), state.grads(), velocities,
                                          adapted.empty() ? nullptr : adapted.data(), lr, lr_device,
                                          s.momentum, s.weight_decay, trust);
  }
  void expect(size_t i, const Vector& grad, SgdState* state) const {
    if (trust == 0) return reference::sgd_step(settings, grad, state);
    reference::lars_step(settings, trust, adapted.empty() || adapted[i] != 0, grad, state);
  }
};

// Gradients and parameters are about 1, or less; each step rounds them anew.
void expect_steps(const Context& context, const Counts& counts, const Step& step) {
  constexpr int kSteps = 4;
  const OptimizerState state(context, counts);
  std::vector<SgdState> expected;
  for (size_t i = 0; i < counts.size(); ++i) {
    expected.push_back({wide(state.param(i)), reference::zeros(counts[i])});
  }
  for (int k = 1; k <= kSteps; ++k) {
    state.set_gradients(k);
    context.run([&] { return step.run(state); });
    for (size_t i = 0; i < counts.size(); ++i) {
      step.expect(i, wide(state.gradient(i, k)), &expected[i]);
    }
  }
  for (size_t i = 0; i < counts.size(); ++i) {
    SCOPED_TRACE("tensor " + std::to_string(i));
    Vector param, velocity;
    for (size_t k = 0; k < expected[i].param.size(); ++k) {
      const double moved = 1 + std::fabs(expected[i].velocity[k]);
      velocity.push_back(8 * kSteps * kU * moved);
      param.push_back(kSteps * kU *
                      (std::fabs(expected[i].param[k]) + 1 + 8 * step.settings.lr * moved));
    }
    expect_within("params", state.param(i), expected[i].param, param);
    if (step.settings.momentum == 0) continue;
    expect_within("velocities", state.moment(i), expected[i].velocity, velocity);
  }
}

const Counts kCounts{1, 0, 2, 3, 7, 31, 33, 64, 65, 257, 20001, 0, 128};

class Sgd : public OpTest {};

TEST_P(Sgd, MatchesReference) {
  for (const SgdSettings& s :
       {SgdSettings{0.1, 0, 0}, SgdSettings{0.1, 0, 0.05}, SgdSettings{0.1, 0.9, 0},
        SgdSettings{0.05, 0.9, 0.1}, SgdSettings{0.1, 0.5, 0.01, true},
        SgdSettings{0.1, 0, 0.1, true}, SgdSettings{0, 0.9, 0.1}}) {
    expect_steps(context(), kCounts, {s});
  }
}

TEST_P(Sgd, LearningRateFromMemory) {
  const Buffer<float> lr(context(), {0.125f});
  expect_steps(context(), {5, 1025}, {{0.125, 0.9, 0.01}, 0, {}, lr});
}

// More tensors than one launch takes, some of which are empty, and a list of nothing else.
TEST_P(Sgd, ManyTensors) {
  for (const int64_t tensors : {63, 64, 65, 150}) {
    Counts counts(tensors);
    for (int64_t i = 0; i < tensors; ++i) counts[i] = i % 7;
    expect_steps(context(), counts, {{0.1, 0.9, 0.01}});
  }
  Counts late(130, 0);
  late[129] = 3;
  expect_steps(context(), late, {{0.1, 0.9, 0.01}});
  expect_steps(context(), Counts(70, 0), {{0.1, 0.9, 0.01}});
  expect_steps(context(), {}, {{0.1, 0.9, 0.01}});
}

// Velocities are not looked at without momentum.
TEST_P(Sgd, LeavesVelocitiesAlone) {
  const OptimizerState state(context(), {100});
  state.set_gradients(1);
  const Step plain{{0.1, 0, 0.1}};
  context().run([&] { return plain.run(state); });
  EXPECT_EQ(state.moment(0), Floats(100, 0));
}

TEST_P(Sgd, IsRepeatable) {
  expect_repeatable([&](const Context& c) {
    const OptimizerState state(c, {50001, 7, 300});
    const Step step{{0.1, 0.9, 0.01, true}};
    state.set_gradients(1);
    c.run([&] { return step.run(state); });
    return state.all();
  });
}

INSTANTIATE_TEST_SUITE_P(, Sgd, kBackends, backend_name);

class Lars : public OpTest {};

TEST_P(Lars, MatchesReference) {
  for (const SgdSettings& s : {SgdSettings{0.3, 0, 0}, SgdSettings{0.3, 0.9, 1e-6},
                               SgdSettings{0.3, 0.9, 0.1}, SgdSettings{0, 0.9, 0.1}}) {
    expect_steps(context(), kCounts, {s, 0.02});
    expect_steps(context(), kCounts, {s, 0.02, {1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1}});
    expect_steps(context(), kCounts, {s, 0.02, std::vector<int32_t>(kCounts.size(), 0)});
  }
}

// More tensors than one launch takes: the choice goes on with the list.
TEST_P(Lars, ManyTensors) {
  for (const int64_t tensors : {64, 65, 150}) {
    Counts counts(tensors);
    std::vector<int32_t> adapted(tensors);
    for (int64_t i = 0; i < tensors; ++i) {
      counts[i] = i % 7;
      adapted[i] = i % 3 == 0 ? -5 : 0;
    }
    expect_steps(context(), counts, {{0.3, 0.9, 0.1}, 0.02, adapted});
  }
}

// Without a parameter or a gradient there is no ratio, and g stays as it is.
TEST_P(Lars, ZeroNorms) {
  const OptimizerState state(context(), {3, 3});
  state.set(0, {0, 0, 0}, {1, -2, 3});
  state.set(1, {4, 5, 6}, {0, 0, 0});
  const Step step{{0.5, 0, 0}, 0.001};
  context().run([&] { return step.run(state); });
  EXPECT_EQ(state.param(0), (Floats{-0.5f, 1, -1.5f}));
  EXPECT_EQ(state.param(1), (Floats{4, 5, 6}));
}

// Squares that float32 does not hold: the step is trust |param| in the gradient's direction.
TEST_P(Lars, ExtremeNorms) {
  constexpr int64_t kCount = 5000;
  for (const float size : {1e-25f, 1e25f}) {
    const OptimizerState state(context(), {kCount});
    state.set(0, Floats(kCount, 2), Floats(kCount, size));
    const Step step{{1, 0, 0}, 0.25};
    context().run([&] { return step.run(state); });
    expect_within("params", state.param(0), Vector(kCount, 1.5), 4 * kU);
  }
}

// What cannot be counted spoils its tensor, not the others.
TEST_P(Lars, SpoiltTensorsStayAlone) {
  const OptimizerState state(context(), {40, 40});
  state.set_gradients(1);
  Floats grad = state.gradient(0, 1);
  grad[7] = kNaN;
  state.set(0, state.param(0), grad);
  const Step step{{0.1, 0.9, 0.01}, 0.02};
  SgdState other{wide(state.param(1)), reference::zeros(40)};
  step.expect(1, wide(state.gradient(1, 1)), &other);
  context().run([&] { return step.run(state); });
  EXPECT_TRUE(row_spoilt(state.param(0), 40, 0));
  expect_within("params", state.param(1), other.param, 16 * kU);
}

TEST_P(Lars, IsRepeatable) {
  expect_repeatable([&](const Context& c) {
    const OptimizerState state(c, {50001, 7, 300});
    const Step step{{0.1, 0.9, 0.01}, 0.02, {1, 0, 1}};
    state.set_gradients(1);
    c.run([&] { return step.run(state); });
    return state.all();
  });
}

INSTANTIATE_TEST_SUITE_P(, Lars, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
