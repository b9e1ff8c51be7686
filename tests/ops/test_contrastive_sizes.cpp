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

 private:
  void expect_match_and_record(const ContrastiveInput& in, int32_t dtype) const {
    SCOPED_TRACE(describe(in, dtype));
    const Expectation expected(in, dtype);
    const Outputs actual = run(context(), in, {.dtype = dtype});
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

INSTANTIATE_TEST_SUITE_P(, ContrastiveSizes, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
