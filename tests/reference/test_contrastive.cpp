// test_contrastive.cpp - the reference of the contrastive family: gradients against finite
// differences, and what its kinds have in common with one another and with other losses.
#include "tests/reference/contrastive.hpp"
#include "tests/reference/cross_entropy.hpp"
#include "tests/reference/differences.hpp"

namespace sslcuda::reference {
namespace {

constexpr int64_t kWidth = 3;

ContrastiveInput input(int32_t kind, int64_t n, int64_t m) {
  ContrastiveInput in{kind, n, m, kWidth, normal(n * kWidth, 1), normal(m * kWidth, 2)};
  in.tau = 0.7;
  in.grad_loss = -3;
  return in;
}

ContrastiveInput within_a(int32_t kind, int64_t n) {
  ContrastiveInput in = input(kind, n, n);
  in.b.clear();
  return in;
}

// One input per kind, with labels where the kind needs them.
ContrastiveInput plain(int32_t kind) {
  if (kind == SSLCUDA_NTXENT) return within_a(kind, 6);
  if (kind == SSLCUDA_SUPCON || kind == SSLCUDA_SUPCON_IN) {
    ContrastiveInput in = within_a(kind, 6);
    in.labels = {1, 2, 1, 1, 2, 3};  // the last row has no positive
    return in;
  }
  ContrastiveInput in = input(kind, 5, kind == SSLCUDA_CLIP ? 5 : 6);
  if (kind == SSLCUDA_SIGLIP) in.bias = -0.5;
  if (kind == SSLCUDA_SAMPLED) {
    in.sampled = 3;
    in.indices = {0, 1, 1, 2, 2, 3, 4, 0, 5, 3, 1, 2, 5, 5, 5};
  }
  return in;
}

constexpr int32_t kKinds[] = {SSLCUDA_INFONCE,   SSLCUDA_CLIP,   SSLCUDA_NTXENT, SSLCUDA_SUPCON,
                              SSLCUDA_SUPCON_IN, SSLCUDA_SIGLIP, SSLCUDA_SAMPLED};

// What the gradients are those of.
double objective(const ContrastiveInput& in) {
  const Contrastive result = contrastive(in);
  const double rows =
      in.grad_row_loss.empty() ? result.loss : dot(in.grad_row_loss, result.row_loss);
  return in.grad_loss * rows;
}

// Of every tensor and scalar that the input has.
void expect_gradients(const ContrastiveInput& in) {
  const Contrastive result = contrastive(in);
  const auto check = [&](const char* name, const Vector& x, const Vector& gradient,
                         const std::function<void(ContrastiveInput&, const Vector&)>& put) {
    if (x.empty()) return;
    const Loss loss = [&](const Vector& at) {
      ContrastiveInput moved = in;
      put(moved, at);
      return objective(moved);
    };
    expect_gradient(name, loss, x, gradient);
  };
  check("a", in.a, result.grad_a, [](auto& to, const Vector& x) { to.a = x; });
  check("b", in.b, result.grad_b, [](auto& to, const Vector& x) { to.b = x; });
  check("positives", in.positives, result.grad_positives,
        [](auto& to, const Vector& x) { to.positives = x; });
  check("negatives", in.negatives, result.grad_negatives,
        [](auto& to, const Vector& x) { to.negatives = x; });
  check("column_bias", in.column_bias, result.grad_column_bias,
        [](auto& to, const Vector& x) { to.column_bias = x; });
  if (in.kind == SSLCUDA_SIGLIP) {
    check("bias", {in.bias}, {result.grad_bias}, [](auto& to, const Vector& x) { to.bias = x[0]; });
  }
  if (in.log_scale) {
    check("log_scale", {*in.log_scale}, {result.grad_temperature},
          [](auto& to, const Vector& x) { to.log_scale = x[0]; });
  } else {
    check("tau", {in.tau}, {result.grad_temperature},
          [](auto& to, const Vector& x) { to.tau = x[0]; });
  }
}

TEST(ContrastiveReference, EveryKind) {
  for (const int32_t kind : kKinds) {
    SCOPED_TRACE(kind);
    ContrastiveInput in = plain(kind);
    expect_gradients(in);
    in.normalize = true;
    in.log_scale = 0.4;
    expect_gradients(in);
  }
}

TEST(ContrastiveReference, WeightsAndUpstreamGradients) {
  for (const int32_t kind : kKinds) {
    SCOPED_TRACE(kind);
    ContrastiveInput in = plain(kind);
    in.weights = absolute(normal(in.n, 5));
    in.weights[1] = 0;
    expect_gradients(in);
    in.grad_row_loss = normal(in.n, 6);
    expect_gradients(in);
  }
}

// Where max_scale acts the loss does not depend on the temperature.
TEST(ContrastiveReference, MaxScale) {
  ContrastiveInput in = plain(SSLCUDA_CLIP);
  in.log_scale = 2.0;
  in.max_scale = 4;
  EXPECT_EQ(contrastive(in).grad_temperature, 0);
  ContrastiveInput same = plain(SSLCUDA_CLIP);
  same.tau = 0.25;
  EXPECT_EQ(contrastive(in).loss, contrastive(same).loss);
  EXPECT_EQ(contrastive(in).grad_a, contrastive(same).grad_a);
  in.max_scale = 10;
  expect_gradients(in);
}

TEST(ContrastiveReference, PairsThatDoNotCount) {
  for (const int32_t kind : kKinds) {
    if (kind == SSLCUDA_SAMPLED) continue;
    SCOPED_TRACE(kind);
    ContrastiveInput masked = plain(kind);
    for (int64_t k = 0; k < masked.n * masked.m; ++k) masked.mask.push_back(k % 3 == 0);
    expect_gradients(masked);
    EXPECT_NE(contrastive(masked).loss, contrastive(plain(kind)).loss);
    ContrastiveInput ids = plain(kind);
    for (int64_t i = 0; i < ids.n; ++i) ids.row_ids.push_back(i % 2);
    for (int64_t j = 0; j < ids.m; ++j) ids.column_ids.push_back(j % 3);
    expect_gradients(ids);
    EXPECT_NE(contrastive(ids).loss, contrastive(plain(kind)).loss);
  }
  for (const int32_t kind : {SSLCUDA_INFONCE, SSLCUDA_CLIP}) {
    ContrastiveInput margin = plain(kind);
    margin.margin = 0.5;
    expect_gradients(margin);
    EXPECT_LT(contrastive(margin).loss, contrastive(plain(kind)).loss);
  }
}

TEST(ContrastiveReference, OptionsOfInfoNce) {
  ContrastiveInput moco = plain(SSLCUDA_INFONCE);
  moco.positives = normal(moco.n * kWidth, 3);
  moco.negatives_per_row = 2;
  moco.negatives = normal(moco.n * 2 * kWidth, 4);
  moco.normalize = true;
  expect_gradients(moco);
  moco.m = 0;
  moco.b.clear();
  moco.margin = 0.1;
  expect_gradients(moco);

  ContrastiveInput linear = plain(SSLCUDA_INFONCE);
  linear.labels = {3, 0, -100, 5, 3};
  linear.column_bias = normal(linear.m, 3);
  linear.smoothing = 0.2;
  linear.z_loss = 0.3;
  expect_gradients(linear);
  linear.log_scale = 0.3;
  expect_gradients(linear);

  ContrastiveInput clip = plain(SSLCUDA_CLIP);
  clip.negatives_per_row = 3;
  clip.negatives = normal(clip.n * 3 * kWidth, 4);
  expect_gradients(clip);
}

void expect_equal(const char* name, const Vector& x, const Vector& y) {
  ASSERT_EQ(x.size(), y.size()) << name;
  for (size_t k = 0; k < x.size(); ++k) {
    EXPECT_NEAR(x[k], y[k], 1e-13 * std::max(1.0, std::fabs(y[k]))) << name << "[" << k << "]";
  }
}

Vector sum(Vector x, const Vector& y, double factor = 1) {
  for (size_t k = 0; k < x.size(); ++k) x[k] += factor * y[k];
  return x;
}

TEST(ContrastiveReference, PlainInfoNceIsInfoNce) {
  const ContrastiveInput in = input(SSLCUDA_INFONCE, 5, 5);
  const Contrastive actual = contrastive(in);
  const InfoNce expected = infonce(5, kWidth, in.a, in.b, in.tau, in.grad_loss);
  expect_equal("row_loss", actual.row_loss, expected.row_loss);
  expect_equal("loss", {actual.loss}, {expected.loss});
  expect_equal("grad_a", actual.grad_a, expected.grad.a);
  expect_equal("grad_b", actual.grad_b, expected.grad.b);
  expect_equal("grad_tau", {actual.grad_temperature}, {expected.grad.tau});
}

TEST(ContrastiveReference, RowsOfInfoNceGradientsSumToZero) {
  const ContrastiveInput in = plain(SSLCUDA_INFONCE);
  const Contrastive result = contrastive(in);
  for (int64_t i = 0; i < in.n; ++i) {
    double row = 0;
    for (int64_t j = 0; j < in.m; ++j) row += result.g[i * in.m + j];
    EXPECT_NEAR(row, 0, 1e-14);
  }
}

TEST(ContrastiveReference, ClipIsTheMeanOfBothDirections) {
  const ContrastiveInput clip = input(SSLCUDA_CLIP, 5, 5);
  ContrastiveInput one = clip, other = clip;
  one.kind = other.kind = SSLCUDA_INFONCE;
  std::swap(other.a, other.b);
  const Contrastive actual = contrastive(clip), rows = contrastive(one),
                    columns = contrastive(other);
  expect_equal("loss", {2 * actual.loss}, {rows.loss + columns.loss});
  expect_equal("row_loss", sum(actual.row_loss, actual.row_loss),
               sum(rows.row_loss, columns.row_loss));
  expect_equal("column_lse", actual.column_lse, columns.row_lse);
  expect_equal("grad_a", sum(actual.grad_a, actual.grad_a), sum(rows.grad_a, columns.grad_b));
  expect_equal("grad_b", sum(actual.grad_b, actual.grad_b), sum(rows.grad_b, columns.grad_a));
}

TEST(ContrastiveReference, NtXentIsInfoNceWithoutTheDiagonal) {
  const ContrastiveInput in = within_a(SSLCUDA_NTXENT, 6);
  ContrastiveInput other = in;
  other.kind = SSLCUDA_INFONCE;
  other.b = in.a;
  other.labels = {3, 4, 5, 0, 1, 2};
  for (int64_t k = 0; k < 36; ++k) other.mask.push_back(k % 7 == 0);
  const Contrastive actual = contrastive(in), expected = contrastive(other);
  expect_equal("row_loss", actual.row_loss, expected.row_loss);
  expect_equal("row_entropy", actual.row_entropy, expected.row_entropy);
  expect_equal("grad", actual.grad_a, sum(expected.grad_a, expected.grad_b));
  expect_equal("grad_tau", {actual.grad_temperature}, {expected.grad_temperature});
  EXPECT_EQ(actual.top1, expected.top1);
}

TEST(ContrastiveReference, SupConOfPairsIsNtXent) {
  const ContrastiveInput in = within_a(SSLCUDA_NTXENT, 6);
  const Contrastive expected = contrastive(in);
  for (const int32_t kind : {SSLCUDA_SUPCON, SSLCUDA_SUPCON_IN}) {
    ContrastiveInput pairs = in;
    pairs.kind = kind;
    pairs.labels = {7, 8, 9, 7, 8, 9};
    const Contrastive actual = contrastive(pairs);
    expect_equal("row_loss", actual.row_loss, expected.row_loss);
    expect_equal("grad", actual.grad_a, expected.grad_a);
  }
}

TEST(ContrastiveReference, LinearLayerAndCrossEntropy) {
  ContrastiveInput in = plain(SSLCUDA_INFONCE);
  in.tau = 1;
  in.labels = {3, 0, -100, 5, 3};
  in.column_bias = normal(in.m, 3);
  in.smoothing = 0.2;
  Vector logits = scores({in.n, in.m, kWidth, false, 1}, in.a, in.b);
  for (int64_t k = 0; k < in.n * in.m; ++k) logits[k] += in.column_bias[k % in.m];
  const auto expected =
      cross_entropy({in.n, in.m, logits, in.labels, {}, -100, in.smoothing, in.grad_loss});
  const Contrastive actual = contrastive(in);
  expect_equal("loss", {actual.loss}, {expected.loss});
  expect_equal("row_loss", actual.row_loss, expected.row_loss);
  expect_equal("g", actual.g, expected.grad_logits);
}

// softplus and sigmoid of single scores.
TEST(ContrastiveReference, SigLipOfOnePair) {
  ContrastiveInput in{SSLCUDA_SIGLIP, 1, 1, 1, {2}, {3}};
  in.bias = -5;
  EXPECT_NEAR(contrastive(in).loss, std::log(1 + std::exp(-1.0)), 1e-15);
  EXPECT_NEAR(contrastive(in).grad_bias, -1 / (1 + std::exp(1.0)), 1e-15);
}

// [first, first + count) of rows of that width.
Vector rows(const Vector& x, int64_t width, int64_t first, int64_t count) {
  return Vector(x.begin() + first * width, x.begin() + (first + count) * width);
}

// Parts of 2 x 2, with the log-sum-exps of the whole.
TEST(ContrastiveReference, PartsAddUp) {
  for (const int32_t kind : {SSLCUDA_INFONCE, SSLCUDA_CLIP, SSLCUDA_NTXENT, SSLCUDA_SIGLIP}) {
    SCOPED_TRACE(kind);
    constexpr int64_t kRows = 6;
    ContrastiveInput whole = input(kind, kRows, kRows);
    const Contrastive expected = contrastive(whole);
    Vector grad_a = zeros(kRows * kWidth), grad_b = grad_a;
    double grad_tau = 0;
    for (const int64_t first_row : {0, 2}) {
      for (const int64_t first_column : {0, 3}) {
        ContrastiveInput part = whole;
        part.first_row = first_row, part.first_column = first_column;
        part.n = first_row == 0 ? 2 : 4, part.m = 3;
        part.total_rows = part.total_columns = kRows;
        part.a = rows(whole.a, kWidth, first_row, part.n);
        part.b = rows(whole.b, kWidth, first_column, part.m);
        part.given_row_lse = rows(expected.row_lse, 1, first_row, part.n);
        if (kind == SSLCUDA_CLIP) {
          part.given_column_lse = rows(expected.column_lse, 1, first_column, part.m);
        }
        const Contrastive actual = contrastive(part);
        for (int64_t k = 0; k < part.n * kWidth; ++k) {
          grad_a[first_row * kWidth + k] += actual.grad_a[k];
        }
        for (int64_t k = 0; k < part.m * kWidth; ++k) {
          grad_b[first_column * kWidth + k] += actual.grad_b[k];
        }
        grad_tau += actual.grad_temperature;
      }
    }
    expect_equal("grad_a", grad_a, expected.grad_a);
    expect_equal("grad_b", grad_b, expected.grad_b);
    expect_equal("grad_tau", {grad_tau}, {expected.grad_temperature});
  }
}

}  // namespace
}  // namespace sslcuda::reference
