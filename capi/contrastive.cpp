#include "capi/contrastive.hpp"

#include "capi/call.hpp"

using namespace sslcuda;

sslcuda_status sslcuda_contrastive(sslcuda_context* ctx, int32_t dtype,
                                   const sslcuda_contrastive_args* args) {
  return call(ctx, __func__, [&](Context& context) {
    const ContrastiveArgs checked = check_contrastive(context, dtype, args);
    if (has_outputs(checked)) context.run(context.ops().contrastive, checked);
  });
}

sslcuda_status sslcuda_infonce(sslcuda_context* ctx, int32_t dtype, int64_t n, int64_t d,
                               const void* a, int64_t lda, const void* b, int64_t ldb, float tau,
                               const float* tau_device, const float* grad_loss, float* loss,
                               float* row_loss, void* grad_a, void* grad_b, float* grad_tau) {
  return call(ctx, __func__, [&](Context& context) {
    Rules rules(context);
    rules.any_dtype(dtype)
        .extent("n", n, 2)
        .extent("d", d, 1)
        .stride("lda", lda, "d", d)
        .stride("ldb", ldb, "d", d)
        .tau(tau, tau_device)
        .input("a", a, Rules::rows(dtype, n, d, lda))
        .input("b", b, Rules::rows(dtype, n, d, ldb))
        .optional_input("grad_loss", grad_loss, Rules::f32({1}))
        .optional_output("loss", loss, Rules::f32({1}))
        .optional_output("row_loss", row_loss, Rules::f32({n}))
        .optional_output("grad_a", grad_a, Rules::rows(dtype, n, d, lda))
        .optional_output("grad_b", grad_b, Rules::rows(dtype, n, d, ldb))
        .optional_output("grad_tau", grad_tau, Rules::f32({1}));
    if (a == b) {
      if (lda != ldb) {
        fail(SSLCUDA_INVALID_STRIDE, "ldb must be lda = ", lda, " where b is a, got ", ldb);
      }
      rules.may_share("grad_a", "grad_b");
    }
    rules.finish();
    const bool summed = grad_a && grad_a == grad_b;
    ContrastiveArgs args{};
    args.kind = ContrastiveKind::kInfoNce;
    args.dtype = static_cast<DType>(dtype);
    args.self = summed;
    args.n = args.m = args.total_rows = args.total_columns = n;
    args.d = d;
    args.a = a;
    args.lda = lda;
    args.b = b;
    args.ldb = ldb;
    args.temperature = {nullptr, tau_device, tau, 0};
    args.grad_loss = grad_loss;
    args.workspace_limit = kDefaultWorkspaceLimit;
    args.loss = loss;
    args.row_loss = row_loss;
    args.grad_a = grad_a;
    args.grad_b = summed ? nullptr : grad_b;
    args.grad_temperature = grad_tau;
    if (has_outputs(args)) context.run(context.ops().contrastive, args);
  });
}

sslcuda_status sslcuda_lse_merge(sslcuda_context* ctx, int64_t count, const float* one,
                                 const float* other, float* merged) {
  return call(ctx, __func__, [&](Context& context) {
    Rules(context)
        .extent("count", count)
        .input("one", one, Rules::f32({count}))
        .input("other", other, Rules::f32({count}))
        .output("merged", merged, Rules::f32({count}))
        .may_share("merged", "one")
        .may_share("merged", "other")
        .finish();
    if (count > 0) context.run(context.ops().lse_merge, {count, one, other, merged});
  });
}
