#include "capi/call.hpp"
#include "capi/checks.hpp"

using namespace sslcuda;

sslcuda_status sslcuda_similarity_forward(sslcuda_context* ctx, int32_t dtype, int64_t n, int64_t m,
                                          int64_t d, const void* a, int64_t lda, const void* b,
                                          int64_t ldb, int32_t normalize, float tau,
                                          const float* tau_device, void* s, int64_t lds) {
  return call(ctx, __func__, [&](Context& context) {
    Rules(context)
        .any_dtype(dtype)
        .extent("n", n)
        .extent("m", m)
        .extent("d", d, 1)
        .stride("lda", lda, "d", d)
        .stride("ldb", ldb, "d", d)
        .stride("lds", lds, "m", m)
        .flag("normalize", normalize)
        .tau(tau, tau_device)
        .input("a", a, Rules::rows(dtype, n, d, lda))
        .input("b", b, Rules::rows(dtype, m, d, ldb))
        .output("s", s, Rules::rows(dtype, n, m, lds))
        .finish();
    if (n == 0 || m == 0) return;
    context.run(context.ops().similarity_forward, {static_cast<DType>(dtype),
                                                   n,
                                                   m,
                                                   d,
                                                   a,
                                                   lda,
                                                   b,
                                                   ldb,
                                                   normalize != 0,
                                                   {tau, tau_device},
                                                   s,
                                                   lds});
  });
}

sslcuda_status sslcuda_similarity_backward(sslcuda_context* ctx, int32_t dtype, int64_t n,
                                           int64_t m, int64_t d, const void* a, int64_t lda,
                                           const void* b, int64_t ldb, int32_t normalize, float tau,
                                           const float* tau_device, const void* grad_s, int64_t lds,
                                           void* grad_a, void* grad_b, float* grad_tau) {
  return call(ctx, __func__, [&](Context& context) {
    Rules(context)
        .any_dtype(dtype)
        .extent("n", n, 1)
        .extent("m", m, 1)
        .extent("d", d, 1)
        .stride("lda", lda, "d", d)
        .stride("ldb", ldb, "d", d)
        .stride("lds", lds, "m", m)
        .flag("normalize", normalize)
        .tau(tau, tau_device)
        .input("a", a, Rules::rows(dtype, n, d, lda))
        .input("b", b, Rules::rows(dtype, m, d, ldb))
        .input("grad_s", grad_s, Rules::rows(dtype, n, m, lds))
        .optional_output("grad_a", grad_a, Rules::rows(dtype, n, d, lda))
        .optional_output("grad_b", grad_b, Rules::rows(dtype, m, d, ldb))
        .optional_output("grad_tau", grad_tau, Rules::f32({1}))
        .finish();
    if (!grad_a && !grad_b && !grad_tau) return;
    context.run(context.ops().similarity_backward, {static_cast<DType>(dtype),
                                                    n,
                                                    m,
                                                    d,
                                                    a,
                                                    lda,
                                                    b,
                                                    ldb,
                                                    normalize != 0,
                                                    {tau, tau_device},
                                                    grad_s,
                                                    lds,
                                                    grad_a,
                                                    grad_b,
                                                    grad_tau});
  });
}
