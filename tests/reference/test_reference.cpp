// test_reference.cpp - the references themselves: every analytic gradient against central finite
// differences of its forward in fp64.
#include "tests/reference/adam.hpp"
#include "tests/reference/conv2d.hpp"
#include "tests/reference/cross_entropy.hpp"
#include "tests/reference/differences.hpp"
#include "tests/reference/gather.hpp"
#include "tests/reference/linear_mse.hpp"
#include "tests/reference/mse.hpp"
#include "tests/reference/rotate.hpp"

namespace sslcuda::reference {
namespace {

TEST(Reference, Linear) {
  const LinearShape s{3, 5, 4};
  const Vector x = normal(15, 1), weight = normal(20, 2), bias = normal(4, 3), w = normal(12, 4);
  for (const int32_t activation : {0, 1, 2}) {
    const auto loss = [&](const Vector& vx, const Vector& vw, const Vector& vb) {
      return dot(w, linear_forward(s, vx, vw, vb, activation));
    };
    const Vector y = linear_forward(s, x, weight, bias, activation);
    const LayerGradients grad = linear_backward(s, x, weight, y, w, activation);
    expect_gradient(
        "x", [&](const Vector& v) { return loss(v, weight, bias); }, x, grad.x);
    expect_gradient(
        "weight", [&](const Vector& v) { return loss(x, v, bias); }, weight, grad.weight);
    expect_gradient(
        "bias", [&](const Vector& v) { return loss(x, weight, v); }, bias, grad.bias);
  }
}

TEST(Reference, LinearMse) {
  const LinearShape s{3, 5, 4};
  const Vector x = normal(15, 1), weight = normal(20, 2), bias = normal(4, 3);
  const Vector target = normal(12, 4);
  for (const int32_t activation : {0, 1, 2}) {
    const auto loss = [&](const Vector& vx, const Vector& vw, const Vector& vb) {
      return 2 * linear_mse(s, vx, vw, vb, target, activation).loss;
    };
    const Vector grad_u = linear_mse(s, x, weight, bias, target, activation, 2).grad_u;
    const LayerGradients grad = linear_backward(s, x, weight, {}, grad_u, 0);
    expect_gradient(
        "x", [&](const Vector& v) { return loss(v, weight, bias); }, x, grad.x);
    expect_gradient(
        "weight", [&](const Vector& v) { return loss(x, v, bias); }, weight, grad.weight);
    expect_gradient(
        "bias", [&](const Vector& v) { return loss(x, weight, v); }, bias, grad.bias);
  }
}

TEST(Reference, Conv2d) {
  const Conv2dShape shapes[] = {{2, 2, 5, 6, 3, 3, 2}, {1, 2, 7, 8, 2, 3, 3, 2, 3, 2, 1, 2, 1}};
  for (const Conv2dShape& s : shapes) {
    const Vector x = normal(s.x_count(), 1), weight = normal(s.weight_count(), 2);
    const Vector bias = normal(s.out, 3), w = normal(s.y_count(), 4);
    for (const int32_t activation : {0, 1}) {
      const auto loss = [&](const Vector& vx, const Vector& vw, const Vector& vb) {
        return dot(w, conv2d_forward(s, vx, vw, vb, activation));
      };
      const Vector y = conv2d_forward(s, x, weight, bias, activation);
      const LayerGradients grad = conv2d_backward(s, x, weight, y, w, activation);
      expect_gradient(
          "x", [&](const Vector& v) { return loss(v, weight, bias); }, x, grad.x);
      expect_gradient(
          "weight", [&](const Vector& v) { return loss(x, v, bias); }, weight, grad.weight);
      expect_gradient(
          "bias", [&](const Vector& v) { return loss(x, weight, v); }, bias, grad.bias);
    }
  }
}

TEST(Reference, Conv2dOfOnePixelIsLinear) {
  const Vector x = normal(6, 1), weight = normal(12, 2), bias = normal(4, 3);
  EXPECT_EQ(conv2d_forward({2, 3, 1, 1, 4, 1, 1}, x, weight, bias, 0).size(), 8u);
  const Vector conv = conv2d_forward({2, 3, 1, 1, 4, 1, 1}, x, weight, bias, 0);
  EXPECT_EQ(conv, linear_forward({2, 3, 4}, x, weight, bias, 0));
}

TEST(Reference, L2Normalize) {
  const Vector x = normal(15, 1), w = normal(15, 2);
  const Normalized forward = l2_normalize_forward(3, 5, x);
  expect_gradient(
      "x", [&](const Vector& v) { return dot(w, l2_normalize_forward(3, 5, v).y); }, x,
      l2_normalize_backward(3, 5, forward.y, forward.norms, w));
}

TEST(Reference, Similarity) {
  const Vector a = normal(15, 1), b = normal(20, 2), w = normal(12, 3);
  for (const bool normalize : {false, true}) {
    const SimilarityShape s{3, 4, 5, normalize, 0.7};
    const PairGradients grad = similarity_backward(s, a, b, w);
    expect_gradient(
        "a", [&](const Vector& v) { return dot(w, similarity_forward(s, v, b)); }, a, grad.a);
    expect_gradient(
        "b", [&](const Vector& v) { return dot(w, similarity_forward(s, a, v)); }, b, grad.b);
    const Loss of_tau = [&](const Vector& tau) {
      return dot(w, similarity_forward({3, 4, 5, normalize, tau[0]}, a, b));
    };
    expect_gradient("tau", of_tau, {0.7}, {grad.tau});
  }
}

TEST(Reference, InfoNce) {
  const int64_t n = 4, d = 3;
  const Vector a = normal(n * d, 1), b = normal(n * d, 2);
  const InfoNce result = infonce(n, d, a, b, 0.5, 3);
  expect_gradient(
      "a", [&](const Vector& v) { return 3 * infonce(n, d, v, b, 0.5).loss; }, a, result.grad.a);
  expect_gradient(
      "b", [&](const Vector& v) { return 3 * infonce(n, d, a, v, 0.5).loss; }, b, result.grad.b);
  expect_gradient("tau", [&](const Vector& tau) { return 3 * infonce(n, d, a, b, tau[0]).loss; },
                  {0.5}, {result.grad.tau});

  Vector both = infonce(n, d, a, a, 0.5).grad.a;
  const Vector other = infonce(n, d, a, a, 0.5).grad.b;
  for (size_t i = 0; i < both.size(); ++i) both[i] += other[i];
  expect_gradient(
      "a = b", [&](const Vector& v) { return infonce(n, d, v, v, 0.5).loss; }, a, both);
}

TEST(Reference, CrossEntropy) {
  CrossEntropyInput with_labels{5, 4, normal(20, 1), {0, 3, -100, 1, 1}, {}, -100, 0, 2};
  CrossEntropyInput smoothed = with_labels;
  smoothed.smoothing = 0.2;
  CrossEntropyInput with_targets = smoothed;  // of any sum, not only probabilities
  with_targets.labels.clear();
  with_targets.targets = absolute(normal(20, 2));
  for (const CrossEntropyInput& input : {with_labels, smoothed, with_targets}) {
    const Loss loss = [&](const Vector& logits) {
      CrossEntropyInput at = input;
      at.logits = logits;
      return input.grad_loss * cross_entropy(at).loss;
    };
    expect_gradient("logits", loss, input.logits, cross_entropy(input).grad_logits);
  }
}

TEST(Reference, Mse) {
  const Vector x = normal(9, 1), target = normal(9, 2);
  for (const bool with_sigmoid : {false, true}) {
    expect_gradient(
        "x", [&](const Vector& v) { return 2 * mse(v, target, with_sigmoid).loss; }, x,
        mse(x, target, with_sigmoid, 2).grad_x);
  }
}

// The first step of Adam moves every parameter by lr against the sign of its gradient.
TEST(Reference, AdamFirstStep) {
  AdamState state{{1, 2}, {0, 0}, {0, 0}};
  adam_step({0.1, 0.9, 0.999, 0}, 1, {5, -3}, &state);
  EXPECT_NEAR(state.param[0], 0.9, 1e-14);
  EXPECT_NEAR(state.param[1], 2.1, 1e-14);
  EXPECT_NEAR(state.moment[0], 0.5, 1e-14);
  EXPECT_NEAR(state.variance[1], 0.009, 1e-14);
}

TEST(Reference, GatheredRows) {
  EXPECT_EQ(gathered_rows(4, 3, {}, 2), (std::vector<int64_t>{2, 0, 1, 2}));
  EXPECT_EQ(gathered_rows(3, 9, {7, 5}, 1), (std::vector<int64_t>{5, 7, 5}));
}

// The gradient of a permutation is its inverse.
TEST(Reference, Rotate90) {
  const std::vector<int> x{1, 2, 3, 4};
  EXPECT_EQ(rotate90(2, x, 1), (std::vector<int>{2, 4, 1, 3}));
  EXPECT_EQ(rotate90(2, x, -1), rotate90(2, x, 3));
  const Vector image = normal(9, 1), w = normal(9, 2);
  expect_gradient(
      "x", [&](const Vector& v) { return dot(w, rotate90(3, v, 1)); }, image, rotate90(3, w, -1));
}

// At 90 degrees both rotations are the same permutation, so they turn the same way.
TEST(Reference, RotateBy90DegreesIsRotate90) {
  const Vector x = normal(25, 1), turned = rotate90(5, x, 1);
  for (int64_t p = 0; p < 5; ++p) {
    for (int64_t q = 0; q < 5; ++q) {
      EXPECT_EQ(nearest(5, 5, x.data(), rotation_source(5, 5, 90, p, q), 0), turned[p * 5 + q]);
    }
  }
}

}  // namespace
}  // namespace sslcuda::reference
