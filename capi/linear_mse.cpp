#include "capi/call.hpp"
#include "capi/checks.hpp"

using namespace sslcuda;

sslcuda_status sslcuda_linear_mse(sslcuda_context* ctx, int32_t dtype, int64_t n, int64_t in,
                                  int64_t out, const void* x, const void* weight, const void* bias,
                                  const void* target, int32_t activation, const float* grad_loss,
                                  float* loss, void* grad_u, void* y) {
  return call(ctx, __func__, [&](Context& context) {
    Rules(context)
        .any_dtype(dtype)
        .extent("n", n, 1)
        .extent("in", in)
        .extent("out", out, 1)
        .activation(activation, true)
        .input("x", x, Rules::tensor(dtype, {n, in}))
        .input("weight", weight, Rules::tensor(dtype, {out, in}))
        .optional_input("bias", bias, Rules::tensor(dtype, {out}))
        .input("target", target, Rules::tensor(dtype, {n, out}))
        .optional_input("grad_loss", grad_loss, Rules::f32({1}))
        .optional_output("loss", loss, Rules::f32({1}))
        .optional_output("grad_u", grad_u, Rules::tensor(dtype, {n, out}))
        .optional_output("y", y, Rules::tensor(dtype, {n, out}))
        .finish();
    if (!loss && !grad_u && !y) return;
    const LinearForwardArgs layer{static_cast<DType>(dtype),           n, in, out, x, weight, bias,
                                  static_cast<Activation>(activation), y};
    context.run(context.ops().linear_mse, {layer, target, grad_loss, loss, grad_u});
  });
}
