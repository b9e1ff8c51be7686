// infonce.cpp - InfoNCE of n pairs: the loss alone, or with both gradients (grad=1).
//   FLOPs: 2 n^2 d for the scores; with gradients 6 n^2 d, which recomputes nothing
#include "tests/reference/infonce.hpp"
#include "perf/src/ops/ops.hpp"
#include "perf/src/peers/onednn.hpp"
#include "perf/src/random.hpp"

namespace sslcuda::perf {
namespace {

constexpr float kTau = 0.1f;

// G = (p - I) / n, rows or columns of it, from scores and log-sum-exps.
template <class Lse>
Vector score_gradient(int64_t n, const Vector& s, const std::vector<int64_t>& rows,
                      const std::vector<int64_t>& columns, const Lse& lse) {
  Vector g;
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t j = 0; j < columns.size(); ++j) {
      const double p = std::exp(s[i * columns.size() + j] - lse(i));
      g.push_back((p - (rows[i] == columns[j])) / static_cast<double>(n));
    }
  }
  return g;
}

// Rows are recomputed in full. A column of G needs the log-sum-exps of all rows: they are taken
// from row_loss, of which some have been compared by then.
void check(const InfoNceTensors& t, const Values& v, Checker& checker) {
  const int64_t n = t.n, d = t.d;
  const auto some = some_of(n), all = some_of(n, n);
  const auto count = static_cast<int64_t>(some.size());
  const Vector a = wide(v.before(t.a)), b = wide(v.before(t.b)), row_loss = wide(v[t.row_loss]);
  const Vector some_a = rows_of(v.before(t.a), d, some), some_b = rows_of(v.before(t.b), d, some);
  const reference::SimilarityShape by_rows{count, n, d, false, kTau},
      by_columns{n, count, d, false, kTau};
  const Vector s = scores(by_rows, some_a, b);
  Vector lse, expected;
  for (int64_t i = 0; i < count; ++i) {
    lse.push_back(reference::log_sum_exp(&s[i * n], n));
    expected.push_back(lse[i] - s[i * n + some[i]]);
  }
  // A score of unit rows is off by about sqrt(d) u / tau, a probability by as much of itself.
  const double tolerance = sum_tolerance(d) / kTau + sum_tolerance(n);
  checker.compare("row_loss", rows_of(v[t.row_loss], 1, some), expected, tolerance);
  double mean = 0;
  for (const double loss : row_loss) mean += loss / static_cast<double>(n);
  checker.compare("loss", wide(v[t.loss]), {mean}, sum_tolerance(n));
  if (!t.gradients) return;

  const Vector g_rows = score_gradient(n, s, some, all, [&](size_t i) { return lse[i]; });
  checker.compare("grad_a", rows_of(v[t.grad_a], d, some),
                  scores_backward(by_rows, some_a, b, g_rows).a, tolerance);
  const Vector columns = scores(by_columns, a, some_b);
  const auto pair_score = [&](size_t i) {
    double sum = 0;
    for (int64_t k = 0; k < d; ++k) sum += a[i * d + k] * b[i * d + k];
    return sum / kTau;
  };
  const Vector g_columns =
      score_gradient(n, columns, all, some, [&](size_t i) { return row_loss[i] + pair_score(i); });
  checker.compare("grad_b", rows_of(v[t.grad_b], d, some),
                  scores_backward(by_columns, a, some_b, g_columns).b, 2 * tolerance);
}

}  // namespace

Case infonce(const Problem& problem, const Library& library) {
  const int64_t n = problem["n"], d = problem["d"];
  const bool gradients = problem.get("grad", 0) != 0;
  const float scale = 1 / std::sqrt(static_cast<float>(d));  // rows of about unit length
  Case c;
  InfoNceTensors t{n, d, kTau, gradients, {}, {}, {}, {}, {}, {}};
  t.a = c.input(normal(n * d, 1, scale));
  t.b = c.input(normal(n * d, 2, scale));
  t.loss = c.output(1);
  t.row_loss = c.output(n);
  if (gradients) {
    t.grad_a = c.output(n * d);
    t.grad_b = c.output(n * d);
  }
  c.flops = (gradients ? 6.0 : 2.0) * n * n * d;
  c.ours = [=](sslcuda_context* context, const Set& set) {
    return sslcuda_infonce(context, SSLCUDA_F32, n, d, set[t.a], d, set[t.b], d, kTau, nullptr,
                           nullptr, set[t.loss], set[t.row_loss],
                           gradients ? set[t.grad_a] : nullptr, gradients ? set[t.grad_b] : nullptr,
                           nullptr);
  };
  c.check = [=](const Values& v, Checker& checker) { check(t, v, checker); };
  if (library.on_cpu()) {
    c.add_peer("oneDNN", [&] { return onednn::infonce(t); });
  }
  return c;
}

}  // namespace sslcuda::perf
