// test_cross_entropy.cpp - sslcuda_cross_entropy.
#include "tests/ops/fixture.hpp"
#include "tests/reference/cross_entropy.hpp"

namespace sslcuda::test {
namespace {

using reference::CrossEntropyInput;
using Labels = std::vector<int64_t>;

class CrossEntropy : public OpTest {};

enum Output { kLoss = 1, kRowLoss = 2, kGrad = 4, kAll = 7 };

struct Options {
  int64_t padding = 0;
  bool in_place = false;
  bool captured = false;  // in a graph, where the contents of labels are not looked at
  int wanted = kAll;
};

struct Outputs {
  Floats loss, row_loss, grad;
};

Outputs run(const Context& context, const CrossEntropyInput& in, const Options& o = {}) {
  const int64_t ld = in.v + o.padding, count = spread_count(in.n, in.v, ld);
  const bool with_labels = !in.labels.empty();
  const Floats targets = with_labels ? Floats{} : spread(in.n, in.v, ld, narrow(in.targets));
  const Buffer<float> logits(context, spread(in.n, in.v, ld, narrow(in.logits))),
      dtargets(context, targets), grad_loss(context, {static_cast<float>(in.grad_loss)});
  const Buffer<int64_t> labels(context, in.labels);
  const Buffer<float> loss(context, 1), row_loss(context, in.n), dgrad(context, count);
  const Buffer<float>& grad = o.in_place ? logits : dgrad;
  const auto call = [&] {
    return sslcuda_cross_entropy(
        context, SSLCUDA_F32, in.n, in.v, logits, ld, if_wanted(with_labels, labels),
        if_wanted(!with_labels, dtargets), in.ignore_index, static_cast<float>(in.smoothing),
        if_wanted(in.grad_loss != 1, grad_loss), if_wanted(o.wanted & kLoss, loss),
        if_wanted(o.wanted & kRowLoss, row_loss), if_wanted(o.wanted & kGrad, grad));
  };
  if (o.captured) {
    Graph(context, call).launch();
  } else {
    context.run(call);
  }
  const Floats padded = grad.download();
  return {loss.download(), row_loss.download(),
          o.in_place ? padded : packed(in.n, in.v, ld, padded)};
}

void expect_outputs(const CrossEntropyInput& in, const Outputs& actual, int wanted = kAll) {
  const auto expected = reference::cross_entropy(in);
  const double own = (8 + 4 * std::sqrt(in.v)) * kU;
  Vector row_tolerance, grad_tolerance;
  double loss_tolerance = 0;
  int64_t valid = 0;
  for (int64_t i = 0; i < in.n; ++i) valid += counts(in, i);
  for (int64_t i = 0; i < in.n; ++i) {
    const double* const x = &in.logits[i * in.v];
    const double lse = reference::log_sum_exp(x, in.v);
    row_tolerance.push_back(own * std::max(1.0, std::fabs(expected.row_loss[i])));
    if (valid > 0) loss_tolerance += row_tolerance[i] / static_cast<double>(valid);
    for (int64_t k = 0; k < in.v; ++k) {
      const double scale = std::exp(x[k] - lse) + smoothed_target(in, i, k);
      const double weight = valid > 0 ? std::fabs(in.grad_loss) / static_cast<double>(valid) : 0;
      grad_tolerance.push_back(2 * own * scale * weight);
    }
  }
  if (wanted & kLoss) expect_within("loss", actual.loss, {expected.loss}, loss_tolerance);
  if (wanted & kRowLoss) {
    expect_within("row_loss", actual.row_loss, expected.row_loss, row_tolerance);
  }
  if (wanted & kGrad) {
    expect_within("grad_logits", actual.grad, expected.grad_logits, grad_tolerance);
  }
}

Labels random_labels(int64_t n, int64_t v, uint64_t seed) {
  std::mt19937_64 generator(seed);
  Labels labels(n);
  for (int64_t& label : labels) label = static_cast<int64_t>(generator() % v);
  return labels;
}

// Rows of probabilities, as float32 has them.
Vector random_targets(int64_t n, int64_t v, uint64_t seed) {
  Vector targets = reference::absolute(wide(normal(n * v, seed)));
  for (int64_t i = 0; i < n; ++i) {
    double sum = 0;
    for (int64_t k = 0; k < v; ++k) sum += targets[i * v + k];
    for (int64_t k = 0; k < v; ++k) targets[i * v + k] = float(targets[i * v + k] / sum);
  }
  return targets;
}

CrossEntropyInput labelled(int64_t n, int64_t v, float scale = 1) {
  return {n, v, wide(normal(n * v, 1, scale)), random_labels(n, v, 2), {}};
}

struct Shape {
  int64_t n, v;
};

constexpr Shape kShapes[] = {{1, 1},    {1, 7},    {2, 3},   {3, 2},    {7, 257},
                             {31, 10},  {33, 65},  {64, 4},  {65, 129}, {129, 33},
                             {257, 31}, {2, 5003}, {1025, 2}};

TEST_P(CrossEntropy, LabelsMatchReference) {
  for (const Shape& s : kShapes) {
    for (const double smoothing : {0.0, 0.1}) {
      SCOPED_TRACE(std::to_string(s.n) + " x " + std::to_string(s.v));
      CrossEntropyInput in = labelled(s.n, s.v, 3);
      in.smoothing = static_cast<float>(smoothing);
      in.grad_loss = smoothing == 0 ? 1 : -3;
      expect_outputs(in, run(context(), in));
      expect_outputs(in, run(context(), in, {3}));
    }
  }
}

TEST_P(CrossEntropy, TargetsMatchReference) {
  for (const Shape& s : kShapes) {
    for (const double smoothing : {0.0, 0.25}) {
      SCOPED_TRACE(std::to_string(s.n) + " x " + std::to_string(s.v));
      CrossEntropyInput in = labelled(s.n, s.v, 3);
      in.labels.clear();
      in.targets = random_targets(s.n, s.v, 4);
      in.smoothing = smoothing;
      expect_outputs(in, run(context(), in));
      expect_outputs(in, run(context(), in, {1}));
    }
  }
}

TEST_P(CrossEntropy, TargetsOfAnySum) {
  CrossEntropyInput in = labelled(33, 65);
  in.labels.clear();
  in.targets = random_targets(33, 65, 4);
  for (size_t k = 0; k < in.targets.size(); ++k) in.targets[k] *= k / 65 % 2 ? 2 : 0.5;
  expect_outputs(in, run(context(), in));
}

TEST_P(CrossEntropy, EverySubsetOfOutputs) {
  const CrossEntropyInput in = labelled(33, 65);
  for (int wanted = 0; wanted <= kAll; ++wanted) {
    SCOPED_TRACE(wanted);
    expect_outputs(in, run(context(), in, {0, false, false, wanted}), wanted);
  }
}

TEST_P(CrossEntropy, InPlace) {
  CrossEntropyInput in = labelled(33, 65);
  in.smoothing = 0.1f;
  EXPECT_TRUE(same_bits(run(context(), in, {0, true}).grad, run(context(), in).grad));
  in.labels.clear();
  in.targets = random_targets(33, 65, 4);
  EXPECT_TRUE(same_bits(run(context(), in, {0, true}).grad, run(context(), in).grad));
}

TEST_P(CrossEntropy, IgnoredRows) {
  CrossEntropyInput in = labelled(33, 7);
  for (const int64_t ignore_index : {int64_t{-100}, int64_t{3}, INT64_MIN}) {
    in.ignore_index = ignore_index;
    in.labels[0] = in.labels[17] = in.labels[32] = ignore_index;
    const Outputs actual = run(context(), in);
    expect_outputs(in, actual);
    EXPECT_EQ(actual.row_loss[17], 0);
    EXPECT_EQ(row_of(actual.grad, 7, 17), Floats(7, 0));
    in.labels = random_labels(33, 7, 2);
  }
}

// A logit of -infinity takes a class out of a row that does not ask for it.
TEST_P(CrossEntropy, MaskedClasses) {
  constexpr int64_t kRows = 9, kClasses = 65, kMasked = 40;
  CrossEntropyInput in = labelled(kRows, kClasses);
  Vector targets = random_targets(kRows, kClasses, 4);
  for (int64_t i = 0; i < kRows; ++i) {
    in.logits[i * kClasses + kMasked] = -kInf;
    in.labels[i] = i;
    targets[i * kClasses + kMasked] = 0;
  }
  expect_outputs(in, run(context(), in));
  in.labels.clear();
  in.targets = targets;
  const Outputs actual = run(context(), in);
  expect_outputs(in, actual);
  EXPECT_EQ(actual.grad[kMasked], 0);
}

// The same of rows that a whole block takes in CUDA.
TEST_P(CrossEntropy, IgnoredAndMaskedInWideRows) {
  constexpr int64_t kRows = 3, kClasses = 1031, kMasked = 40;
  CrossEntropyInput in = labelled(kRows, kClasses);
  in.labels = {7, -100, kClasses - 1};
  in.ignore_index = -100;
  const Outputs actual = run(context(), in);
  expect_outputs(in, actual);
  EXPECT_EQ(row_of(actual.grad, kClasses, 1), Floats(kClasses, 0));
  in.labels.clear();
  in.targets = random_targets(kRows, kClasses, 4);
  for (int64_t i = 0; i < kRows; ++i) {
    in.logits[i * kClasses + kMasked] = -kInf;
    in.targets[i * kClasses + kMasked] = 0;
  }
  expect_outputs(in, run(context(), in));
}

// PyTorch gives NaN here; the header promises 0, even where an ignored row holds NaN.
TEST_P(CrossEntropy, AllRowsIgnored) {
  CrossEntropyInput in = labelled(5, 3);
  in.labels.assign(5, -100);
  in.logits[4] = kNaN;
  const Outputs actual = run(context(), in);
  EXPECT_EQ(actual.loss, Floats{0});
  EXPECT_EQ(actual.row_loss, Floats(5, 0));
  EXPECT_EQ(actual.grad, Floats(15, 0));
}

TEST_P(CrossEntropy, LogitsOf1e4) {
  const int64_t n = 5, v = 33;  // the last row: nothing but -1e4
  CrossEntropyInput in{n, v, Vector(n * v, -1e4), {5, 5, 0, 0, 7}, {}};
  in.logits[5] = 1e4;          // right
  in.logits[v + 6] = 1e4;      // wrong
  in.logits[2 * v] = 1e4 - 2;  // nearly right
  in.logits[2 * v + 1] = 1e4;
  for (int64_t k = 0; k < v; ++k) in.logits[3 * v + k] = k % 2 ? 1e4 : -1e4;
  expect_outputs(in, run(context(), in));
  in.smoothing = 0.1f;
  const Outputs actual = run(context(), in);
  expect_outputs(in, actual);
}

// The gradient of a nearly solved row is tiny and keeps its digits away from the label.
TEST_P(CrossEntropy, NearConvergedRow) {
  const CrossEntropyInput in{1, 3, {40, 0, 1}, {0}, {}};
  const Outputs actual = run(context(), in);
  const double tail = std::exp(-40.0);
  expect_near("grad", actual.grad[1], tail, 64 * kU * tail);
  expect_near("grad", actual.grad[2], tail * std::exp(1.0), 64 * kU * tail * 3);
  EXPECT_LE(std::fabs(actual.row_loss[0]), 8 * kU);
}

TEST_P(CrossEntropy, SpoiltRowsStayAlone) {
  for (const float value : {kNaN, kInf}) {
    CrossEntropyInput in = labelled(33, 65);
    const Outputs before = run(context(), in);
    in.logits[9 * 65 + 3] = value;
    const Outputs after = run(context(), in);
    expect_other_rows_equal("row_loss", after.row_loss, before.row_loss, 1, 9);
    expect_other_rows_equal("grad_logits", after.grad, before.grad, 65, 9);
    EXPECT_TRUE(std::isnan(after.row_loss[9]) && std::isnan(after.loss[0]));
    EXPECT_TRUE(row_spoilt(after.grad, 65, 9));
  }
}

// A class that is ruled out has probability 0 and leaves the row whole.
TEST_P(CrossEntropy, MinusInfinityIsAnImpossibleClass) {
  const CrossEntropyInput in{1, 3, {1, -kInf, 2}, {0}, {}};
  const Outputs actual = run(context(), in);
  EXPECT_NEAR(actual.row_loss[0], std::log(1 + std::exp(1.0)), 1e-6);
  EXPECT_EQ(actual.grad[1], 0);
}

TEST_P(CrossEntropy, BadLabels) {
  for (const int64_t label : {int64_t{-1}, int64_t{7}, INT64_MAX, INT64_MIN}) {
    CrossEntropyInput in = labelled(5, 7);
    const Outputs good = run(context(), in);
    in.labels[3] = label;
    if (on_cpu()) {
      try {
        run(context(), in);
        ADD_FAILURE() << "label " << label << " taken";
      } catch (const std::runtime_error& error) {
        EXPECT_NE(std::string(error.what()).find("SSLCUDA_INVALID_VALUE"), std::string::npos);
        EXPECT_NE(std::string(error.what()).find("labels[3]"), std::string::npos) << error.what();
        EXPECT_NE(std::string(error.what()).find(std::to_string(label)), std::string::npos);
      }
    }
    for (const bool captured : {true, on_cpu()}) {  // directly on CUDA
      const Outputs actual = run(context(), in, {0, false, captured});
      EXPECT_TRUE(std::isnan(actual.loss[0]) && std::isnan(actual.row_loss[3]));
      const Floats grad = row_of(actual.grad, 7, 3);
      EXPECT_TRUE(std::all_of(grad.begin(), grad.end(), [](float g) { return std::isnan(g); }));
      expect_other_rows_equal("row_loss", actual.row_loss, good.row_loss, 1, 3);
      expect_other_rows_equal("grad_logits", actual.grad, good.grad, 7, 3);
    }
  }
}

TEST_P(CrossEntropy, IsRepeatable) {
  CrossEntropyInput in = labelled(257, 129);
  in.smoothing = 0.1f;
  expect_repeatable([&](const Context& c) {
    const Outputs out = run(c, in);
    return joined(joined(out.loss, out.row_loss), out.grad);
  });
}

INSTANTIATE_TEST_SUITE_P(, CrossEntropy, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
