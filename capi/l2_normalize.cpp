#include "capi/call.hpp"
#include "capi/checks.hpp"

using namespace sslcuda;

sslcuda_status sslcuda_l2_normalize_forward(sslcuda_context* ctx, int32_t dtype, int64_t n,
                                            int64_t d, const void* x, void* y, float* norms) {
  return call(ctx, __func__, [&](Context& context) {
    Rules(context)
        .dtype(dtype)
        .extent("n", n)
        .extent("d", d, 1)
        .input("x", x, Rules::f32({n, d}))
        .output("y", y, Rules::f32({n, d}))
        .optional_output("norms", norms, Rules::f32({n}))
        .may_share("x", "y")
        .finish();
    if (n == 0) return;
    context.run(context.ops().l2_normalize_forward, {n, d, floats(x), floats(y), norms});
  });
}

sslcuda_status sslcuda_l2_normalize_backward(sslcuda_context* ctx, int32_t dtype, int64_t n,
                                             int64_t d, const void* y, const float* norms,
                                             const void* grad_y, void* grad_x) {
  return call(ctx, __func__, [&](Context& context) {
    Rules(context)
        .dtype(dtype)
        .extent("n", n)
        .extent("d", d, 1)
        .input("y", y, Rules::f32({n, d}))
        .input("norms", norms, Rules::f32({n}))
        .input("grad_y", grad_y, Rules::f32({n, d}))
        .output("grad_x", grad_x, Rules::f32({n, d}))
        .may_share("grad_y", "grad_x")
        .finish();
    if (n == 0) return;
    context.run(context.ops().l2_normalize_backward,
                {n, d, floats(y), norms, floats(grad_y), floats(grad_x)});
  });
}
