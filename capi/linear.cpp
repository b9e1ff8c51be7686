#include "capi/call.hpp"
#include "capi/checks.hpp"

using namespace sslcuda;

sslcuda_status sslcuda_linear_forward(sslcuda_context* ctx, int32_t dtype, int64_t n, int64_t in,
                                      int64_t out, const void* x, const void* weight,
                                      const void* bias, int32_t activation, void* y) {
  return call(ctx, __func__, [&](Context& context) {
    Rules(context)
        .dtype(dtype)
        .extent("n", n)
        .extent("in", in)
        .extent("out", out)
        .activation(activation, true)
        .input("x", x, Rules::f32({n, in}))
        .input("weight", weight, Rules::f32({out, in}))
        .optional_input("bias", bias, Rules::f32({out}))
        .output("y", y, Rules::f32({n, out}))
        .finish();
    if (n == 0 || out == 0) return;
    context.run(context.ops().linear_forward, {n, in, out, floats(x), floats(weight), floats(bias),
                                               static_cast<Activation>(activation), floats(y)});
  });
}

sslcuda_status sslcuda_linear_backward(sslcuda_context* ctx, int32_t dtype, int64_t n, int64_t in,
                                       int64_t out, const void* x, const void* weight,
                                       const void* y, const void* grad_y, int32_t activation,
                                       void* grad_x, void* grad_weight, void* grad_bias) {
  return call(ctx, __func__, [&](Context& context) {
    Rules(context)
        .dtype(dtype)
        .extent("n", n)
        .extent("in", in)
        .extent("out", out)
        .activation(activation, true)
        .input("x", x, Rules::f32({n, in}), grad_weight != nullptr)
        .input("weight", weight, Rules::f32({out, in}), grad_x != nullptr)
        .input("y", y, Rules::f32({n, out}), activation != SSLCUDA_ACTIVATION_NONE)
        .input("grad_y", grad_y, Rules::f32({n, out}))
        .optional_output("grad_x", grad_x, Rules::f32({n, in}))
        .optional_output("grad_weight", grad_weight, Rules::f32({out, in}))
        .optional_output("grad_bias", grad_bias, Rules::f32({out}))
        .finish();
    if (n == 0 || out == 0) {
      clear(context, grad_x, n * in);
      clear(context, grad_weight, out * in);
      clear(context, grad_bias, out);
      return;
    }
    if (in == 0) grad_x = grad_weight = nullptr;
    if (!grad_x && !grad_weight && !grad_bias) return;
    context.run(context.ops().linear_backward,
                {n, in, out, floats(x), floats(weight), floats(y), floats(grad_y),
                 static_cast<Activation>(activation), floats(grad_x), floats(grad_weight),
                 floats(grad_bias)});
  });
}
