#include "capi/call.hpp"
#include "capi/checks.hpp"

using namespace sslcuda;

sslcuda_status sslcuda_infonce(sslcuda_context* ctx, int32_t dtype, int64_t n, int64_t d,
                               const void* a, int64_t lda, const void* b, int64_t ldb, float tau,
                               const float* tau_device, const float* grad_loss, float* loss,
                               float* row_loss, void* grad_a, void* grad_b, float* grad_tau) {
  return call(ctx, __func__, [&](Context& context) {
    Rules rules(context);
    rules.dtype(dtype)
        .extent("n", n, 2)
        .extent("d", d, 1)
        .stride("lda", lda, "d", d)
        .stride("ldb", ldb, "d", d)
        .tau(tau, tau_device)
        .input("a", a, Rules::f32_rows(n, d, lda))
        .input("b", b, Rules::f32_rows(n, d, ldb))
        .optional_input("grad_loss", grad_loss, Rules::f32({1}))
        .optional_output("loss", loss, Rules::f32({1}))
        .optional_output("row_loss", row_loss, Rules::f32({n}))
        .optional_output("grad_a", grad_a, Rules::f32_rows(n, d, lda))
        .optional_output("grad_b", grad_b, Rules::f32_rows(n, d, ldb))
        .optional_output("grad_tau", grad_tau, Rules::f32({1}));
    if (a == b) {
      if (lda != ldb) {
        fail(SSLCUDA_INVALID_STRIDE, "ldb must be lda = ", lda, " where b is a, got ", ldb);
      }
      rules.may_share("grad_a", "grad_b");
    }
    rules.finish();
    if (!loss && !row_loss && !grad_a && !grad_b && !grad_tau) return;
    context.run(context.ops().infonce, {n,
                                        d,
                                        floats(a),
                                        lda,
                                        floats(b),
                                        ldb,
                                        {tau, tau_device},
                                        grad_loss,
                                        loss,
                                        row_loss,
                                        floats(grad_a),
                                        floats(grad_b),
                                        grad_tau});
  });
}
