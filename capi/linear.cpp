#include "capi/call.hpp"
#include "capi/checks.hpp"

using namespace sslcuda;

sslcuda_status sslcuda_linear_forward(sslcuda_context* ctx, int32_t dtype, int64_t n, int64_t in,
                                      int64_t out, const void* x, const void* weight,
                                      const void* bias, int32_t activation, void* y) {
  return call(ctx, __func__, [&](Context& context) {
    Rules(context)
        .any_dtype(dtype)
        .extent("n", n)
        .extent("in", in)
        .extent("out", out)
        .activation(activation, true)
        .input("x", x, Rules::tensor(dtype, {n, in}))
        .input("weight", weight, Rules::tensor(dtype, {out, in}))
        .optional_input("bias", bias, Rules::tensor(dtype, {out}))
        .output("y", y, Rules::tensor(dtype, {n, out}))
        .finish();
    if (n == 0 || out == 0) return;
    context.run(context.ops().linear_forward, {static_cast<DType>(dtype), n, in, out, x, weight,
                                               bias, static_cast<Activation>(activation), y});
  });
}

sslcuda_status sslcuda_linear_backward(sslcuda_context* ctx, int32_t dtype, int64_t n, int64_t in,
                                       int64_t out, const void* x, const void* weight,
                                       const void* y, const void* grad_y, int32_t activation,
                                       void* grad_x, void* grad_weight, void* grad_bias) {
  return call(ctx, __func__, [&](Context& context) {
    Rules(context)
        .any_dtype(dtype)
        .extent("n", n)
        .extent("in", in)
        .extent("out", out)
        .activation(activation, true)
        .input("x", x, Rules::tensor(dtype, {n, in}), grad_weight != nullptr)
        .input("weight", weight, Rules::tensor(dtype, {out, in}), grad_x != nullptr)
        .input("y", y, Rules::tensor(dtype, {n, out}), activation != SSLCUDA_ACTIVATION_NONE)
        .input("grad_y", grad_y, Rules::tensor(dtype, {n, out}))
        .optional_output("grad_x", grad_x, Rules::tensor(dtype, {n, in}))
        .optional_output("grad_weight", grad_weight, Rules::tensor(dtype, {out, in}))
        .optional_output("grad_bias", grad_bias, Rules::tensor(dtype, {out}))
        .finish();
    if (n == 0 || out == 0) {
      clear(context, grad_x, Rules::tensor(dtype, {n, in}));
      clear(context, grad_weight, Rules::tensor(dtype, {out, in}));
      clear(context, grad_bias, Rules::tensor(dtype, {out}));
      return;
    }
    if (in == 0) grad_x = grad_weight = nullptr;
    if (!grad_x && !grad_weight && !grad_bias) return;
    context.run(context.ops().linear_backward,
                {static_cast<DType>(dtype), n, in, out, x, weight, y, grad_y,
                 static_cast<Activation>(activation), grad_x, grad_weight, grad_bias});
  });
}
