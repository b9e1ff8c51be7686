#include "capi/call.hpp"
#include "capi/checks.hpp"

using namespace sslcuda;

sslcuda_status sslcuda_cross_entropy(sslcuda_context* ctx, int32_t dtype, int64_t n, int64_t v,
                                     const void* logits, int64_t ld, const int64_t* labels,
                                     const void* targets, int64_t ignore_index, float smoothing,
                                     const float* grad_loss, float* loss, float* row_loss,
                                     void* grad_logits) {
  return call(ctx, __func__, [&](Context& context) {
    Rules rules(context);
    rules.dtype(dtype)
        .extent("n", n, 1)
        .extent("v", v, 1)
        .stride("ld", ld, "v", v)
        .value("smoothing", smoothing, smoothing >= 0 && smoothing < 1, "must be in [0, 1)")
        .input("logits", logits, Rules::f32_rows(n, v, ld))
        .optional_input("labels", labels, Rules::i64({n}))
        .optional_input("targets", targets, Rules::f32_rows(n, v, ld))
        .optional_input("grad_loss", grad_loss, Rules::f32({1}))
        .optional_output("loss", loss, Rules::f32({1}))
        .optional_output("row_loss", row_loss, Rules::f32({n}))
        .optional_output("grad_logits", grad_logits, Rules::f32_rows(n, v, ld))
        .may_share("logits", "grad_logits");
    if (labels && targets) {
      fail(SSLCUDA_INVALID_VALUE, "labels and targets must not both be given, got ",
           static_cast<const void*>(labels), " and ", targets);
    }
    if (!labels && !targets) {
      fail(SSLCUDA_NULL_POINTER, "labels and targets must not both be NULL");
    }
    rules.finish();
    if (labels && context.contents_readable()) {
      for (int64_t i = 0; i < n; ++i) {
        const bool holds = labels[i] == ignore_index || (labels[i] >= 0 && labels[i] < v);
        if (!holds) {
          fail(SSLCUDA_INVALID_VALUE, "labels[", i, "] must be in 0..", v - 1,
               " or ignore_index = ", ignore_index, ", got ", labels[i]);
        }
      }
    }
    if (!loss && !row_loss && !grad_logits) return;
    context.run(context.ops().cross_entropy,
                {n, v, floats(logits), ld, labels, floats(targets), ignore_index, smoothing,
                 grad_loss, loss, row_loss, floats(grad_logits)});
  });
}
