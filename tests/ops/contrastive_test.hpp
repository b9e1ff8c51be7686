// contrastive_test.hpp - what the tests of sslcuda_contrastive have in common.
#pragma once

#include "tests/ops/contrastive_expectation.hpp"
#include "tests/ops/contrastive_input.hpp"

namespace sslcuda::test {

inline std::string describe(const ContrastiveInput& in, int32_t dtype) {
  return std::string(kind_name(in.kind)) + " " + dtype_name(dtype) + " " + std::to_string(in.n) +
         " x " + std::to_string(in.m) + " x " + std::to_string(in.d);
}

class ContrastiveTest : public OpTest {
 protected:
  void expect_match(const ContrastiveInput& in, const CallOptions& options = {}) const {
    SCOPED_TRACE(describe(in, options.dtype));
    expect_outputs(Expectation(in, options.dtype), run(context(), in, options));
  }

  // Calls check(input, dtype) for inputs of all kinds, or those given, in every storage type.
  template <class Check, class Kinds = decltype(kKinds)>
  static void for_each(int64_t n, int64_t m, int64_t d, const Check& check,
                       const Kinds& kinds = kKinds) {
    for (const int32_t kind : kinds) {
      for (const int32_t dtype : kDTypes) {
        // SIGLIP has the positive of every row among its columns.
        const int64_t columns = kind == SSLCUDA_SIGLIP ? std::max(n, m) : m;
        ContrastiveInput in = contrastive_input(kind, dtype, n, columns, d);
        check(in, dtype);
      }
    }
  }
};

}  // namespace sslcuda::test
