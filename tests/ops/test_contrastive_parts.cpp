// test_contrastive_parts.cpp - sslcuda_lse_merge, losses put together from parts of the matrix, and
// graphs.
#include <limits>

#include "tests/ops/contrastive_test.hpp"

namespace sslcuda::test {
namespace {

class ContrastiveParts : public ContrastiveTest {
 protected:
  Floats merged(const Floats& one, const Floats& other) const {
    const auto count = static_cast<int64_t>(one.size());
    const Buffer<float> a(context(), one), b(context(), other), result(context(), count);
    context().run([&] { return sslcuda_lse_merge(context(), count, a, b, result); });
    return result.download();
  }
};

TEST_P(ContrastiveParts, LseMerge) {
  for (const int64_t count : {0, 1, 257, 4099}) {
    const Floats one = normal(count, 1, 20), other = normal(count, 2, 20);
    Vector expected, tolerance;
    for (int64_t i = 0; i < count; ++i) {
      const double pair[] = {one[i], other[i]};
      expected.push_back(reference::log_sum_exp(pair, 2));
      tolerance.push_back(8 * kU * std::max(1.0, std::fabs(expected[i])));
    }
    expect_within("merged", merged(one, other), expected, tolerance);
  }
}

TEST_P(ContrastiveParts, LseMergeOfExtremes) {
  const Floats one = {-kInf, -kInf, 3, kInf, kNaN, 1, 1e4f, -1e38f};
  const Floats other = {-kInf, 2, -kInf, 1, 0, kNaN, -1e4f, -1e38f};
  const Floats actual = merged(one, other);
  EXPECT_EQ(actual[0], -kInf);
  EXPECT_EQ(actual[1], 2);
  EXPECT_EQ(actual[2], 3);
  EXPECT_EQ(actual[3], kInf);
  EXPECT_TRUE(std::isnan(actual[4]) && std::isnan(actual[5]));
  EXPECT_EQ(actual[6], 1e4f);
  EXPECT_EQ(actual[7], -1e38f);
}

TEST_P(ContrastiveParts, LseMergeInPlace) {
  const Floats one = normal(100, 1), other = normal(100, 2), expected = merged(one, other);
  for (const bool first : {true, false}) {
    const Buffer<float> a(context(), one), b(context(), other);
    const Buffer<float>& result = first ? a : b;
    context().run([&] { return sslcuda_lse_merge(context(), 100, a, b, result); });
    EXPECT_TRUE(same_bits(result.download(), expected));
  }
}

Vector slice(const Vector& x, int64_t width, int64_t first, int64_t count) {
  if (x.empty()) return {};
  return Vector(x.begin() + first * width, x.begin() + (first + count) * width);
}
Integers slice(const Integers& x, int64_t first, int64_t count) {
  return x.empty() ? x : Integers(x.begin() + first, x.begin() + first + count);
}

// A range of rows or columns.
struct Range {
  int64_t first, count;
};

ContrastiveInput part_of(const ContrastiveInput& whole, const Range& rows, const Range& columns) {
  ContrastiveInput part = whole;
  part.first_row = rows.first, part.n = rows.count;
  part.first_column = columns.first, part.m = columns.count;
  part.total_rows = whole.n, part.total_columns = whole.m;
  part.a = slice(whole.a, whole.d, rows.first, rows.count);
  part.b = slice(whole.b, whole.d, columns.first, columns.count);
  part.labels = slice(whole.labels, rows.first, rows.count);
  part.weights = slice(whole.weights, 1, rows.first, rows.count);
  part.column_bias = slice(whole.column_bias, 1, columns.first, columns.count);
  part.row_ids = slice(whole.row_ids, rows.first, rows.count);
  part.column_ids = slice(whole.column_ids, columns.first, columns.count);
  return part;
}

void add_to(Floats* sum, const Floats& x, int64_t first) {
  for (size_t k = 0; k < x.size(); ++k) (*sum)[first + k] += x[k];
}

// The whole matrix, in parts: log-sum-exps of each, put together, then the gradients of each.
class InParts {
 public:
  InParts(const Context& context, const ContrastiveInput& whole, int32_t dtype,
          std::vector<Range> rows, std::vector<Range> columns)
      : context_(context),
        whole_(whole),
        dtype_(dtype),
        rows_(std::move(rows)),
        columns_(std::move(columns)) {}

  // Each part is compared with its own reference too.
  template <class Merge>
  Outputs run(const Merge& merge) const {
    Outputs sum;
    sum["row_positive"] = Floats(whole_.n, 0);
    Floats row_lse(whole_.n, -kInf), column_lse(whole_.m, -kInf);
    for_each_part([&](const ContrastiveInput& part) {
      const Outputs actual = compare(part, lse_outputs(part));
      add_to(&sum["row_positive"], actual.at("row_positive"), part.first_row);
      merge_into(&row_lse, actual.at("row_lse"), part.first_row, merge);
      if (whole_.kind == SSLCUDA_CLIP) {
        merge_into(&column_lse, actual.at("column_lse"), part.first_column, merge);
      }
    });
    sum["row_lse"] = row_lse;
    if (whole_.kind == SSLCUDA_CLIP) sum["column_lse"] = column_lse;
    sum["grad_a"] = Floats(whole_.n * whole_.d, 0);
    sum["grad_b"] = Floats(whole_.m * whole_.d, 0);
    sum["grad_temperature"] = {0};
    for_each_part([&](ContrastiveInput part) {
      part.given_row_lse = slice(wide(row_lse), 1, part.first_row, part.n);
      if (whole_.kind == SSLCUDA_CLIP) {
        part.given_column_lse = slice(wide(column_lse), 1, part.first_column, part.m);
      }
      const Outputs actual = compare(part, gradient_outputs(part));
      add_to(&sum["grad_a"], actual.at("grad_a"), part.first_row * whole_.d);
      add_to(&sum["grad_b"], actual.at("grad_b"), part.first_column * whole_.d);
      add_to(&sum["grad_temperature"], actual.at("grad_temperature"), 0);
    });
    return sum;
  }

 private:
  template <class Visit>
  void for_each_part(const Visit& visit) const {
    for (const Range& rows : rows_) {
      for (const Range& columns : columns_) visit(part_of(whole_, rows, columns));
    }
  }
  Outputs compare(const ContrastiveInput& part, const Names& wanted) const {
    SCOPED_TRACE("rows from " + std::to_string(part.first_row) + ", columns from " +
                 std::to_string(part.first_column));
    const Outputs actual = test::run(context_, part, {.dtype = dtype_, .wanted = wanted});
    expect_outputs(Expectation(part, dtype_), actual);
    return actual;
  }
  template <class Merge>
  static void merge_into(Floats* lse, const Floats& part, int64_t first, const Merge& merge) {
    const auto begin = lse->begin() + first;
    const Floats both = merge(Floats(begin, begin + std::ssize(part)), part);
    std::copy(both.begin(), both.end(), begin);
  }

  const Context& context_;
  const ContrastiveInput& whole_;
  const int32_t dtype_;
  const std::vector<Range> rows_, columns_;
};

// The sums of the parts are those of the whole; gradients were rounded twice.
void expect_whole(const ContrastiveInput& whole, const Outputs& sum) {
  const Expectation expected(whole, SSLCUDA_F32);
  for (const auto& [name, values] : sum) {
    Expected e = expected.at(name);
    for (double& tolerance : e.tolerance) tolerance *= 2;
    expect_within(name.c_str(), values, e.value, e.tolerance);
  }
}

// Rows that weigh differently, one of them nothing; positives are at the same places.
TEST_P(ContrastiveParts, WeightedRowsInTwoByTwoParts) {
  const auto merge = [&](const Floats& one, const Floats& other) { return merged(one, other); };
  for (const int32_t kind : {SSLCUDA_INFONCE, SSLCUDA_NTXENT}) {
    for (const int32_t dtype : kDTypes) {
      ContrastiveInput whole = contrastive_input(SSLCUDA_INFONCE, dtype, 34, 34, 20);
      whole.kind = kind;
      whole.weights = reference::absolute(wide(normal(34, 5)));
      whole.weights[3] = 0;
      SCOPED_TRACE(describe(whole, dtype));
      const InParts parts(context(), whole, dtype, {{0, 15}, {15, 19}}, {{0, 13}, {13, 21}});
      const Outputs sum = parts.run(merge);
      if (dtype != SSLCUDA_F32) continue;
      whole.total_rows = 34;
      expect_whole(whole, sum);
    }
  }
}

TEST_P(ContrastiveParts, ColumnsInTwoParts) {
  const auto merge = [&](const Floats& one, const Floats& other) { return merged(one, other); };
  for (const int32_t kind : {SSLCUDA_INFONCE, SSLCUDA_NTXENT}) {
    for (const int32_t dtype : kDTypes) {
      ContrastiveInput whole = contrastive_input(SSLCUDA_INFONCE, dtype, 34, 34, 20);
      whole.kind = kind;
      if (kind == SSLCUDA_INFONCE) {
        whole.labels = random_integers(34, 34, 3);
        whole.labels[4] = whole.ignore_index;
        whole.column_bias = wide(normal(34, 4));
        whole.z_loss = 0.01f;
        whole.row_ids = random_integers(34, 5, 5);
        whole.column_ids = random_integers(34, 5, 6);
      }
      SCOPED_TRACE(describe(whole, dtype));
      const InParts parts(context(), whole, dtype, {{0, 34}}, {{0, 13}, {13, 21}});
      const Outputs sum = parts.run(merge);
      if (dtype != SSLCUDA_F32) continue;
      whole.total_rows = 34;  // the mean is over all rows, also those that do not count
      expect_whole(whole, sum);
    }
  }
}

TEST_P(ContrastiveParts, ClipInTwoByTwoParts) {
  const auto merge = [&](const Floats& one, const Floats& other) { return merged(one, other); };
  for (const int32_t dtype : kDTypes) {
    ContrastiveInput whole = contrastive_input(SSLCUDA_CLIP, dtype, 34, 34, 20);
    whole.row_ids = whole.column_ids = random_integers(34, 9, 5);
    const InParts parts(context(), whole, dtype, {{0, 15}, {15, 19}}, {{0, 20}, {20, 14}});
    const Outputs sum = parts.run(merge);
    if (dtype == SSLCUDA_F32) expect_whole(whole, sum);
  }
}

// Without log-sum-exps, parts are simply added.
TEST_P(ContrastiveParts, SigLipInTwoByTwoParts) {
  ContrastiveInput whole = contrastive_input(SSLCUDA_SIGLIP, SSLCUDA_F32, 34, 34, 20);
  whole.weights = reference::absolute(wide(normal(34, 5)));
  whole.total_rows = 34;
  Outputs sum = {{"loss", {0}}, {"grad_bias", {0}}, {"grad_a", Floats(34 * 20)}};
  for (const Range& rows : {Range{0, 15}, Range{15, 19}}) {
    for (const Range& columns : {Range{0, 20}, Range{20, 14}}) {
      const ContrastiveInput part = part_of(whole, rows, columns);
      const Outputs actual = run(context(), part);
      expect_outputs(Expectation(part, SSLCUDA_F32), actual);
      add_to(&sum["loss"], actual.at("loss"), 0);
      add_to(&sum["grad_bias"], actual.at("grad_bias"), 0);
      add_to(&sum["grad_a"], actual.at("grad_a"), rows.first * whole.d);
    }
  }
  expect_whole(whole, sum);
}

// The temperature is read at every replay.
TEST_P(ContrastiveParts, GraphWithAnotherTemperature) {
  for_each(34, 40, 20, [&](ContrastiveInput in, int32_t dtype) {
    for (const bool with_log_scale : {false, true}) {
      if (with_log_scale) in.log_scale = 1;
      SCOPED_TRACE(describe(in, dtype));
      const PreparedCall call(context(), in, {.dtype = dtype, .scalars_in_memory = true});
      const Graph graph(context(), call);
      for (const float value : {0.5f, 0.1f}) {
        (with_log_scale ? *in.log_scale : in.tau) = value;
        const auto* const scalar = with_log_scale ? call.args().log_scale : call.args().tau_device;
        context().must(sslcuda_copy(context(), const_cast<float*>(scalar), &value, sizeof value,
                                    SSLCUDA_HOST_TO_DEVICE));
        graph.launch();
        expect_outputs(Expectation(in, dtype), call.download());
      }
    }
  });
}

INSTANTIATE_TEST_SUITE_P(, ContrastiveParts, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
