// test_contrastive_sizes.cpp - sslcuda_contrastive: every kind in every storage type, with rows and
// widths next to those of tiles, and with many rows. How far each call is off, as a share of what
// is allowed, becomes a property of the test (--gtest_output=json).
#include "tests/ops/contrastive_test.hpp"

namespace sslcuda::test {
namespace {

class ContrastiveSizes : public ContrastiveTest {
 protected:
  // NTXENT has an even number of rows: one more where n is odd.
  void expect_match_of_all(int64_t n, int64_t d) const {
    for (const int32_t kind : kKinds) {
      for (const int32_t dtype : kDTypes) {
        const int64_t rows = kind == SSLCUDA_NTXENT ? n + n % 2 : n;
        expect_match_and_record(contrastive_input(kind, dtype, rows, rows, d), dtype);
      }
    }
  }
  void expect_match_of_all_widths(int64_t n) const {
    for (const int64_t d : {1, 7, 64, 130, 768}) expect_match_of_all(n, d);
  }

  // What training asks for, which CUDA computes with fewer statistics: the lean epilogues.
  void expect_match_of_gradients(const ContrastiveInput& in, int32_t dtype) const {
    Names wanted = {"loss", "grad_a"};
    if (!in.self()) wanted.insert("grad_b");
    expect_match_and_record(in, dtype, wanted);
  }
  void expect_match_and_record(const ContrastiveInput& in, int32_t dtype,
                               const Names& wanted = {}) const {
    SCOPED_TRACE(describe(in, dtype));
    const Expectation expected(in, dtype);
    const Outputs actual = run(context(), in, {.dtype = dtype, .wanted = wanted});
    expect_outputs(expected, actual);
    RecordProperty(describe(in, dtype), std::to_string(largest_share(expected, actual)));
  }
};

TEST_P(ContrastiveSizes, Rows1) { expect_match_of_all_widths(1); }
TEST_P(ContrastiveSizes, Rows2) { expect_match_of_all_widths(2); }
TEST_P(ContrastiveSizes, Rows127) { expect_match_of_all_widths(127); }
TEST_P(ContrastiveSizes, Rows129) { expect_match_of_all_widths(129); }
TEST_P(ContrastiveSizes, Rows1000) { expect_match_of_all(1000, 7); }
TEST_P(ContrastiveSizes, Rows4099) { expect_match_of_all(4099, 7); }

// Nine tiles of 128 x 128, which CUDA fills by copies of tensors where the type has 16 bits. By a
// name of its own, because the emulator's slower builds leave out ContrastiveSizes.
class ContrastiveTiles : public ContrastiveSizes {};

TEST_P(ContrastiveTiles, LossAndGradients) {
  for (const int32_t kind : {SSLCUDA_INFONCE, SSLCUDA_CLIP, SSLCUDA_NTXENT}) {
    for (const int32_t dtype : kDTypes) {
      expect_match_of_gradients(contrastive_input(kind, dtype, 258, 257, 128), dtype);
    }
  }
}

// From 128 tiles on, the loop without such copies has larger ones, in kernels of their own.
TEST_P(ContrastiveSizes, LargeTiles) {
  for (const int32_t dtype : kDTypes) {
    ContrastiveInput in = contrastive_input(SSLCUDA_INFONCE, dtype, 3, 127 * 128 + 1, 7);
    expect_match_of_gradients(in, dtype);
    in.row_ids = random_integers(in.n, 5, 3);
    in.column_ids = random_integers(in.m, 5, 4);
    expect_match_and_record(in, dtype);
  }
  for (const int32_t dtype : {SSLCUDA_F32, SSLCUDA_BF16}) {
    expect_match_of_gradients(contrastive_input(SSLCUDA_CLIP, dtype, 11 * 128 + 1, 0, 7), dtype);
  }
}

INSTANTIATE_TEST_SUITE_P(, ContrastiveSizes, kBackends, backend_name);
INSTANTIATE_TEST_SUITE_P(, ContrastiveTiles, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
