// test_contrastive.cpp - sslcuda_contrastive: every kind in every storage type and odd sizes, every
// output by itself, any workspace.
#include "tests/ops/contrastive_test.hpp"

namespace sslcuda::test {
namespace {

class Contrastive : public ContrastiveTest {
 protected:
  void expect_match_of(int32_t kind, int32_t dtype, int64_t n, int64_t m, int64_t d) const {
    expect_match(contrastive_input(kind, dtype, n, m, d), {.dtype = dtype});
  }
};

TEST_P(Contrastive, EveryKindAndDType) {
  const auto check = [&](const ContrastiveInput& in, int32_t dtype) {
    expect_match(in, {.dtype = dtype});
  };
  for_each(2, 3, 1, check);
  for_each(2, 127, 7, check);
  for_each(34, 70, 130, check);
  for_each(128, 129, 64, check);
}

// NTXENT needs two rows.
TEST_P(Contrastive, OddNumbersOfRows) {
  constexpr int32_t kKindsOfAnyRows[] = {SSLCUDA_INFONCE,   SSLCUDA_CLIP,   SSLCUDA_SUPCON,
                                         SSLCUDA_SUPCON_IN, SSLCUDA_SIGLIP, SSLCUDA_SAMPLED};
  const auto check = [&](const ContrastiveInput& in, int32_t dtype) {
    expect_match(in, {.dtype = dtype});
  };
  for_each(1, 1, 7, check, kKindsOfAnyRows);
  for_each(127, 65, 7, check, kKindsOfAnyRows);
  for_each(129, 31, 1, check, kKindsOfAnyRows);
}

TEST_P(Contrastive, ManyRows) {
  expect_match_of(SSLCUDA_INFONCE, SSLCUDA_BF16, 4099, 33, 7);
  expect_match_of(SSLCUDA_INFONCE, SSLCUDA_F32, 1000, 257, 7);
  expect_match_of(SSLCUDA_CLIP, SSLCUDA_BF16, 1000, 1000, 64);
  expect_match_of(SSLCUDA_NTXENT, SSLCUDA_F16, 1000, 1000, 7);
  expect_match_of(SSLCUDA_SUPCON, SSLCUDA_TF32, 500, 500, 7);
  expect_match_of(SSLCUDA_SUPCON_IN, SSLCUDA_BF16, 500, 500, 1);
  expect_match_of(SSLCUDA_SIGLIP, SSLCUDA_F16, 129, 1000, 7);
  expect_match_of(SSLCUDA_SAMPLED, SSLCUDA_BF16, 4099, 1000, 7);
}

TEST_P(Contrastive, WideRows) {
  for_each(34, 40, 768,
           [&](const ContrastiveInput& in, int32_t dtype) { expect_match(in, {.dtype = dtype}); });
}

TEST_P(Contrastive, RowsApart) {
  for_each(34, 71, 20, [&](const ContrastiveInput& in, int32_t dtype) {
    expect_match(in, {.dtype = dtype, .padding = 3});
  });
}

TEST_P(Contrastive, EveryOutputByItselfAndWithoutIt) {
  for (const int32_t kind : kKinds) {
    // More than a tile of every kind, so that partial results have a place in the workspace.
    const ContrastiveInput in = contrastive_input(kind, SSLCUDA_BF16, 66, 70, 20);
    const Expectation expected(in, SSLCUDA_BF16);
    for (const std::string& name : all_outputs(in)) {
      SCOPED_TRACE(std::string(kind_name(kind)) + ": " + name);
      Names others = all_outputs(in);
      others.erase(name);
      expect_outputs(expected, run(context(), in, {.dtype = SSLCUDA_BF16, .wanted = {name}}));
      expect_outputs(expected, run(context(), in, {.dtype = SSLCUDA_BF16, .wanted = others}));
    }
  }
}

// Scores in as many waves as there can be.
TEST_P(Contrastive, SmallestWorkspace) {
  for (const int32_t kind : kKinds) {
    for (const int32_t dtype : {SSLCUDA_F32, SSLCUDA_BF16}) {
      expect_match(contrastive_input(kind, dtype, 300, 301, 20),
                   {.dtype = dtype, .workspace_limit = 1});
    }
  }
}

// Beyond the limit there are some numbers per row and column, and a wave of few rows.
TEST_P(Contrastive, WorkspaceKeepsToItsLimit) {
  constexpr int64_t kRows = int64_t{1} << 20, kWidth = 64;
  constexpr size_t kPerRow = 4 * 2 * kRows * kWidth * sizeof(float), kDefault = 64 << 20;
  for (const int32_t kind : kKinds) {
    for (const int32_t dtype : kDTypes) {
      PreparedCall small(context(), contrastive_input(kind, dtype, 2, 2, 1), {.dtype = dtype});
      sslcuda_contrastive_args args = small.args();
      args.n = kRows, args.m = args.b ? kRows : 0, args.d = args.lda = args.ldb = kWidth;
      const auto planned = [&](size_t limit) {
        args.workspace_limit = limit;
        return context().plan([&] { return sslcuda_contrastive(context(), dtype, &args); });
      };
      SCOPED_TRACE(std::string(kind_name(kind)) + " " + dtype_name(dtype));
      EXPECT_EQ(planned(0), planned(kDefault));
      EXPECT_GE(planned(SIZE_MAX), planned(size_t{1} << 32));
      const size_t least = planned(1);
      EXPECT_LE(least, kPerRow);
      for (const size_t limit : {size_t{1} << 20, kDefault, size_t{1} << 30, size_t{1} << 32}) {
        EXPECT_LE(planned(limit), least + limit) << limit;
      }
    }
  }
}

// A limit that is too small for any wave is passed; less than is planned then is refused.
TEST_P(Contrastive, LessWorkspaceThanPlannedIsRefused) {
  for (const int32_t kind : kKinds) {
    for (const int32_t dtype : kDTypes) {
      const ContrastiveInput in = contrastive_input(kind, dtype, 130, 131, 20);
      SCOPED_TRACE(describe(in, dtype));
      const PreparedCall call(context(), in, {.dtype = dtype, .workspace_limit = 1});
      const size_t bytes = context().plan(call);
      const Block workspace(context(), bytes);
      context().must(sslcuda_context_set_workspace(context(), workspace.data(), bytes - 1));
      EXPECT_EQ(call(), SSLCUDA_WORKSPACE);
      EXPECT_NE(last_message(context()).find(std::to_string(bytes)), std::string::npos);
      context().must(sslcuda_context_set_workspace(context(), nullptr, 0));
    }
  }
}

TEST_P(Contrastive, IsRepeatable) {
  const int64_t n = on_cpu() ? 258 : 66;
  expect_repeatable([&](const Context& context) {
    Floats all;
    for (const int32_t kind : kKinds) {
      const int32_t dtype = kDTypes[kind % std::size(kDTypes)];
      const ContrastiveInput in = contrastive_input(kind, dtype, n, n, 33);
      all = joined(all, joined(run(context, in, {.dtype = dtype})));
    }
    return all;
  });
}

INSTANTIATE_TEST_SUITE_P(, Contrastive, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
