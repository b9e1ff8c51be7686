#include <cmath>

#include "capi/call.hpp"
#include "capi/checks.hpp"

using namespace sslcuda;

sslcuda_status sslcuda_matmul(sslcuda_context* ctx, int32_t dtype, int64_t m, int64_t n, int64_t k,
                              const void* a, int64_t lda, int32_t transpose_a, const void* b,
                              int64_t ldb, int32_t transpose_b, float alpha, float beta, void* c,
                              int64_t ldc) {
  return call(ctx, __func__, [&](Context& context) {
    Rules rules(context);
    rules.any_dtype(dtype)
        .flag("transpose_a", transpose_a)
        .flag("transpose_b", transpose_b)
        .extent("m", m)
        .extent("n", n)
        .extent("k", k)
        .stride("lda", lda, transpose_a ? "m" : "k", transpose_a ? m : k)
        .stride("ldb", ldb, transpose_b ? "k" : "n", transpose_b ? k : n)
        .stride("ldc", ldc, "n", n)
        .value("alpha", alpha, std::isfinite(alpha), "must be finite")
        .value("beta", beta, std::isfinite(beta), "must be finite")
        .input("a", a, transpose_a ? Rules::rows(dtype, k, m, lda) : Rules::rows(dtype, m, k, lda))
        .input("b", b, transpose_b ? Rules::rows(dtype, n, k, ldb) : Rules::rows(dtype, k, n, ldb))
        .output("c", c, Rules::rows(dtype, m, n, ldc))
        .finish();
    if (m == 0 || n == 0) return;
    context.run(context.ops().matmul, {static_cast<DType>(dtype), m, n, k, a, lda, transpose_a != 0,
                                       b, ldb, transpose_b != 0, alpha, beta, c, ldc});
  });
}
