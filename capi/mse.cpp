#include "capi/call.hpp"
#include "capi/checks.hpp"

using namespace sslcuda;

sslcuda_status sslcuda_mse(sslcuda_context* ctx, int32_t dtype, int64_t count, const void* x,
                           const void* target, int32_t sigmoid, const float* grad_loss, float* loss,
                           void* grad_x) {
  return call(ctx, __func__, [&](Context& context) {
    Rules(context)
        .dtype(dtype)
        .extent("count", count, 1)
        .flag("sigmoid", sigmoid)
        .input("x", x, Rules::f32({count}))
        .input("target", target, Rules::f32({count}))
        .optional_input("grad_loss", grad_loss, Rules::f32({1}))
        .optional_output("loss", loss, Rules::f32({1}))
        .optional_output("grad_x", grad_x, Rules::f32({count}))
        .may_share("x", "grad_x")
        .finish();
    if (!loss && !grad_x) return;
    context.run(context.ops().mse,
                {count, floats(x), floats(target), sigmoid != 0, grad_loss, loss, floats(grad_x)});
  });
}
