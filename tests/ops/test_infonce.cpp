// test_infonce.cpp - sslcuda_infonce.
#include "tests/ops/fixture.hpp"
#include "tests/reference/infonce.hpp"

namespace sslcuda::test {
namespace {

class InfoNce : public OpTest {};

struct Case {
  int64_t n, d;
  float tau;
  float grad_loss = 1;
  int64_t padding = 0;  // of the rows of a; those of b have twice that
  bool tau_in_memory = false;
};

enum Output { kLoss = 1, kRowLoss = 2, kGradA = 4, kGradB = 8, kGradTau = 16, kAll = 31 };

struct Outputs {
  Floats loss, row_loss, grad_a, grad_b, grad_tau;

  Floats all() const {
    return joined(joined(loss, row_loss), joined(joined(grad_a, grad_b), grad_tau));
  }
};

Outputs run(const Context& context, const Case& c, const Floats& a, const Floats& b,
            int wanted = kAll) {
  const int64_t lda = c.d + c.padding, ldb = lda + c.padding;
  const Buffer<float> da(context, spread(c.n, c.d, lda, a)), db(context, spread(c.n, c.d, ldb, b)),
      tau(context, {c.tau}), grad_loss(context, {c.grad_loss});
  const Buffer<float> loss(context, 1), row_loss(context, c.n),
      grad_a(context, spread_count(c.n, c.d, lda)), grad_b(context, spread_count(c.n, c.d, ldb)),
      grad_tau(context, 1);
  context.run([&] {
    return sslcuda_infonce(context, SSLCUDA_F32, c.n, c.d, da, lda, db, ldb,
                           c.tau_in_memory ? 0 : c.tau, if_wanted(c.tau_in_memory, tau),
                           if_wanted(c.grad_loss != 1, grad_loss), if_wanted(wanted & kLoss, loss),
                           if_wanted(wanted & kRowLoss, row_loss),
                           if_wanted(wanted & kGradA, grad_a), if_wanted(wanted & kGradB, grad_b),
                           if_wanted(wanted & kGradTau, grad_tau));
  });
  return {loss.download(), row_loss.download(), packed(c.n, c.d, lda, grad_a.download()),
          packed(c.n, c.d, ldb, grad_b.download()), grad_tau.download()};
}

// The reference and how far from it float32 may be.
struct Expectation {
  reference::InfoNce value;
  Vector row_loss_tolerance, grad_a_tolerance, grad_b_tolerance;
  double loss_tolerance, grad_tau_tolerance;
};

// A score is off by at most delta = 4 sqrt(d) u S / tau, a probability by p (2 delta + c u), and a
// gradient by these, weighted as the gradient weighs G, and its own roundings.
Expectation expectation(const Case& c, const Floats& a, const Floats& b) {
  const int64_t n = c.n, d = c.d;
  const Vector wa = wide(a), wb = wide(b);
  const Vector abs_a = reference::absolute(wa), abs_b = reference::absolute(wb);
  const reference::SimilarityShape shape{n, n, d, false, c.tau};
  Expectation e{reference::infonce(n, d, wa, wb, c.tau, c.grad_loss), {}, {}, {}, 0, 0};
  const Vector scale = scores(shape, abs_a, abs_b);
  const double own = (8 + 4 * std::sqrt(n)) * kU;
  Vector g_tolerance = reference::absolute(e.value.g);
  double s_tolerance = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double largest = *std::max_element(&scale[i * n], &scale[i * n] + n);
    const double delta = 4 * std::sqrt(d) * kU * largest;
    e.row_loss_tolerance.push_back(2 * delta + own * std::max(1.0, e.value.row_loss[i]));
    e.loss_tolerance += e.row_loss_tolerance[i] / n;
    for (int64_t j = 0; j < n; ++j) {
      const double p = e.value.p[i * n + j], g = std::fabs(c.grad_loss) / n;
      g_tolerance[i * n + j] = g_tolerance[i * n + j] * own + g * p * (2 * delta + own);
      s_tolerance += (std::fabs(e.value.g[i * n + j]) * (own + 4 * std::sqrt(d) * kU) +
                      g_tolerance[i * n + j]) *
                     scale[i * n + j] / c.tau;
    }
  }
  const auto grad = scores_backward(shape, abs_a, abs_b, g_tolerance);
  e.grad_a_tolerance = grad.a;
  e.grad_b_tolerance = grad.b;
  e.grad_tau_tolerance = s_tolerance;
  return e;
}

void expect_outputs(const Expectation& e, const Outputs& actual, int wanted = kAll) {
  if (wanted & kLoss) expect_within("loss", actual.loss, {e.value.loss}, e.loss_tolerance);
  if (wanted & kRowLoss) {
    expect_within("row_loss", actual.row_loss, e.value.row_loss, e.row_loss_tolerance);
  }
  if (wanted & kGradA) {
    expect_within("grad_a", actual.grad_a, e.value.grad.a, e.grad_a_tolerance);
  }
  if (wanted & kGradB) {
    expect_within("grad_b", actual.grad_b, e.value.grad.b, e.grad_b_tolerance);
  }
  if (wanted & kGradTau) {
    expect_within("grad_tau", actual.grad_tau, {e.value.grad.tau}, e.grad_tau_tolerance);
  }
}

Floats unit_rows(int64_t n, int64_t d, const Floats& x) {
  return narrow(reference::l2_normalize_forward(n, d, wide(x)).y);
}

TEST_P(InfoNce, MatchesReference) {
  for (const Case& c :
       {Case{2, 1, 1}, Case{3, 7, 0.5f}, Case{7, 2, 0.1f, -2}, Case{31, 33, 0.07f, 1, 3},
        Case{33, 129, 0.1f, 3, 0, true}, Case{64, 128, 0.1f}, Case{65, 31, 0.2f, 1, 1},
        Case{127, 65, 0.01f}, Case{129, 64, 0.1f, 0.5f, 0, true}, Case{257, 3, 0.05f}}) {
    SCOPED_TRACE(std::to_string(c.n) + " x " + std::to_string(c.d));
    const Floats a = unit_rows(c.n, c.d, normal(c.n * c.d, 1));
    const Floats b = unit_rows(c.n, c.d, normal(c.n * c.d, 2));
    expect_outputs(expectation(c, a, b), run(context(), c, a, b));
  }
}

// More rows than are scored at a time, on the CPU by either case, in CUDA by the second.
TEST_P(InfoNce, ManyRows) {
  for (const Case& c : {Case{1031, 9, 0.1f}, Case{2049, 4, 0.1f}}) {
    const Floats a = unit_rows(c.n, c.d, normal(c.n * c.d, 1));
    const Floats b = unit_rows(c.n, c.d, normal(c.n * c.d, 2));
    expect_outputs(expectation(c, a, b), run(context(), c, a, b));
  }
}

TEST_P(InfoNce, EverySubsetOfOutputs) {
  const Case c{33, 65, 0.1f};
  const Floats a = unit_rows(c.n, c.d, normal(c.n * c.d, 1));
  const Floats b = unit_rows(c.n, c.d, normal(c.n * c.d, 2));
  const Expectation e = expectation(c, a, b);
  for (int wanted = 0; wanted <= kAll; ++wanted) {
    SCOPED_TRACE(wanted);
    expect_outputs(e, run(context(), c, a, b, wanted), wanted);
  }
}

// Rows taken as they are, with scores far from 0.
TEST_P(InfoNce, LargeScores) {
  const Case c{65, 33, 0.1f};
  const Floats a = normal(c.n * c.d, 1, 10), b = normal(c.n * c.d, 2, 10);
  expect_outputs(expectation(c, a, b), run(context(), c, a, b));
}

// Nearly solved: partners agree, so p - 1 is the difference of nearly equal numbers.
TEST_P(InfoNce, NearConvergedRowsAtTau001) {
  const Case c{64, 32, 0.01f};
  const Floats a = unit_rows(c.n, c.d, normal(c.n * c.d, 1));
  const Floats noise = normal(c.n * c.d, 2, 0.02f);
  Floats b = a;
  for (size_t i = 0; i < b.size(); ++i) b[i] += noise[i];
  b = unit_rows(c.n, c.d, b);
  const Outputs actual = run(context(), c, a, b);
  expect_outputs(expectation(c, a, b), actual);
  EXPECT_FALSE(row_spoilt(actual.all(), static_cast<int64_t>(actual.all().size()), 0));
}

TEST_P(InfoNce, OneTensorOnBothSides) {
  const Case c{33, 65, 0.1f, 2};
  const int64_t ld = c.d + 2, count = spread_count(c.n, c.d, ld);
  const Floats a = unit_rows(c.n, c.d, normal(c.n * c.d, 1));
  Expectation e = expectation(c, a, a);
  const Buffer<float> da(context(), spread(c.n, c.d, ld, a)), grad_loss(context(), {c.grad_loss});
  const Buffer<float> grad(context(), count), grad_a(context(), count), grad_b(context(), count);
  const auto call = [&](const Buffer<float>& ga, const Buffer<float>& gb) {
    context().run([&] {
      return sslcuda_infonce(context(), SSLCUDA_F32, c.n, c.d, da, ld, da, ld, c.tau, nullptr,
                             grad_loss, nullptr, nullptr, ga, gb, nullptr);
    });
  };
  call(grad_a, grad_b);
  const auto dense = [&](const Buffer<float>& b) { return packed(c.n, c.d, ld, b.download()); };
  expect_within("grad_a", dense(grad_a), e.value.grad.a, e.grad_a_tolerance);
  expect_within("grad_b", dense(grad_b), e.value.grad.b, e.grad_b_tolerance);
  call(grad, grad);
  for (size_t i = 0; i < e.value.grad.a.size(); ++i) {
    e.value.grad.a[i] += e.value.grad.b[i];
    e.grad_a_tolerance[i] += e.grad_b_tolerance[i] + kU * std::fabs(e.value.grad.a[i]);
  }
  expect_within("sum", dense(grad), e.value.grad.a, e.grad_a_tolerance);
}

TEST_P(InfoNce, SpoiltRowsStayAlone) {
  const Case c{33, 65, 0.1f};
  for (const float value : {kNaN, kInf}) {
    Floats a = unit_rows(c.n, c.d, normal(c.n * c.d, 1));
    const Floats b = unit_rows(c.n, c.d, normal(c.n * c.d, 2));
    const Outputs before = run(context(), c, a, b);
    a[12 * c.d + 5] = value;
    const Outputs after = run(context(), c, a, b);
    expect_other_rows_equal("row_loss", after.row_loss, before.row_loss, 1, 12);
    expect_other_rows_equal("grad_a", after.grad_a, before.grad_a, c.d, 12);
    EXPECT_TRUE(std::isnan(after.row_loss[12]) && std::isnan(after.loss[0]));
    EXPECT_TRUE(row_spoilt(after.grad_a, c.d, 12));
    EXPECT_TRUE(std::isnan(after.grad_tau[0]));
  }
}

TEST_P(InfoNce, IsRepeatable) {
  const Case c{257, 65, 0.1f};
  const Floats a = normal(c.n * c.d, 1), b = normal(c.n * c.d, 2);
  expect_repeatable([&](const Context& context) { return run(context, c, a, b).all(); });
}

INSTANTIATE_TEST_SUITE_P(, InfoNce, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
