// Batch and group normalisation: entries of their own, one op.
#include "capi/call.hpp"
#include "capi/checks.hpp"

using namespace sslcuda;

namespace {

NormShape checked(Rules& rules, int32_t dtype, int64_t n, int64_t c, int64_t plane) {
  rules.dtype(dtype).extent("n", n).extent("c", c, 1).extent("plane", plane, 1);
  return {n, c, plane, 0};
}

NormShape checked(Rules& rules, int32_t dtype, int64_t n, int64_t c, int64_t plane,
                  int64_t groups) {
  checked(rules, dtype, n, c, plane);
  rules.extent("groups", groups, 1);
  if (c % groups != 0) {
    fail(SSLCUDA_INVALID_SHAPE, "groups must divide c = ", c, ", got ", groups);
  }
  return {n, c, plane, groups};
}

// A variance of this batch needs two values; it is divided by count - 1.
void check_batch(const NormShape& s, bool training) {
  if (training && s.n < 2 && s.n * s.plane < 2) {
    fail(SSLCUDA_INVALID_SHAPE, "n plane must be >= 2 in training, got n = ", s.n,
         ", plane = ", s.plane);
  }
}

Extent tensor(const NormShape& s) { return Rules::f32({s.n, s.c, s.plane}); }
Extent statistics(const NormShape& s) { return Rules::f32({s.sets()}); }

void forward(Context& context, Rules& rules, const NormForwardArgs& a) {
  const Extent channels = Rules::f32({a.shape.c});
  rules.input("x", a.x, tensor(a.shape))
      .optional_input("weight", a.weight, channels)
      .optional_input("bias", a.bias, channels)
      .output("y", a.y, tensor(a.shape))
      .optional_output("mean", a.mean, statistics(a.shape))
      .optional_output("rstd", a.rstd, statistics(a.shape))
      .may_share("x", "y")
      .finish();
  if (a.shape.n == 0) return;
  context.run(context.ops().norm_forward, a);
}

void backward(Context& context, Rules& rules, const NormBackwardArgs& a) {
  const Extent channels = Rules::f32({a.shape.c});
  rules.input("x", a.x, tensor(a.shape))
      .optional_input("weight", a.weight, channels)
      .input("y", a.y, tensor(a.shape), a.activation != Activation::kNone)
      .input("mean", a.mean, statistics(a.shape))
      .input("rstd", a.rstd, statistics(a.shape))
      .input("grad_y", a.grad_y, tensor(a.shape))
      .optional_output("grad_x", a.grad_x, tensor(a.shape))
      .optional_output("grad_weight", a.grad_weight, channels)
      .optional_output("grad_bias", a.grad_bias, channels)
      .may_share("grad_y", "grad_x")
      .finish();
  if (a.shape.n == 0) {
    clear(context, a.grad_weight, channels);
    clear(context, a.grad_bias, channels);
    return;
  }
  if (!a.grad_x && !a.grad_weight && !a.grad_bias) return;
  context.run(context.ops().norm_backward, a);
}

}  // namespace

sslcuda_status sslcuda_batch_norm_forward(sslcuda_context* ctx, int32_t dtype, int64_t n, int64_t c,
                                          int64_t plane, const void* x, const void* weight,
                                          const void* bias, float* running_mean, float* running_var,
                                          int32_t training, float momentum, float eps,
                                          int32_t activation, void* y, float* mean, float* rstd) {
  return call(ctx, __func__, [&](Context& context) {
    Rules rules(context);
    const NormShape s = checked(rules, dtype, n, c, plane);
    rules.flag("training", training)
        .value("momentum", momentum, momentum >= 0 && momentum <= 1, "must be in 0..1")
        .value("eps", eps, std::isfinite(eps) && eps > 0, "must be finite and > 0")
        .activation(activation, false);
    check_batch(s, training != 0);
    const Extent channels = Rules::f32({c});
    if (training) {
      rules.output("running_mean", running_mean, channels, running_var != nullptr)
          .output("running_var", running_var, channels, running_mean != nullptr);
    } else {
      rules.input("running_mean", running_mean, channels)
          .input("running_var", running_var, channels);
    }
    forward(context, rules,
            {s, floats(x), floats(weight), floats(bias), running_mean, running_var, training != 0,
             momentum, eps, static_cast<Activation>(activation), floats(y), mean, rstd});
  });
}

sslcuda_status sslcuda_batch_norm_backward(sslcuda_context* ctx, int32_t dtype, int64_t n,
                                           int64_t c, int64_t plane, const void* x,
                                           const void* weight, const void* y, const float* mean,
                                           const float* rstd, const void* grad_y, int32_t training,
                                           int32_t activation, void* grad_x, void* grad_weight,
                                           void* grad_bias) {
  return call(ctx, __func__, [&](Context& context) {
    Rules rules(context);
    const NormShape s = checked(rules, dtype, n, c, plane);
    rules.flag("training", training).activation(activation, false);
    check_batch(s, training != 0);
    backward(context, rules,
             {s, floats(x), floats(weight), floats(y), mean, rstd, floats(grad_y), training != 0,
              static_cast<Activation>(activation), floats(grad_x), floats(grad_weight),
              floats(grad_bias)});
  });
}

sslcuda_status sslcuda_group_norm_forward(sslcuda_context* ctx, int32_t dtype, int64_t n, int64_t c,
                                          int64_t plane, int64_t groups, const void* x,
                                          const void* weight, const void* bias, float eps,
                                          int32_t activation, void* y, float* mean, float* rstd) {
  return call(ctx, __func__, [&](Context& context) {
    Rules rules(context);
    const NormShape s = checked(rules, dtype, n, c, plane, groups);
    rules.value("eps", eps, std::isfinite(eps) && eps > 0, "must be finite and > 0")
        .activation(activation, false);
    forward(context, rules,
            {s, floats(x), floats(weight), floats(bias), nullptr, nullptr, true, 0, eps,
             static_cast<Activation>(activation), floats(y), mean, rstd});
  });
}

sslcuda_status sslcuda_group_norm_backward(sslcuda_context* ctx, int32_t dtype, int64_t n,
                                           int64_t c, int64_t plane, int64_t groups, const void* x,
                                           const void* weight, const void* y, const float* mean,
                                           const float* rstd, const void* grad_y,
                                           int32_t activation, void* grad_x, void* grad_weight,
                                           void* grad_bias) {
  return call(ctx, __func__, [&](Context& context) {
    Rules rules(context);
    const NormShape s = checked(rules, dtype, n, c, plane, groups);
    rules.activation(activation, false);
    backward(context, rules,
             {s, floats(x), floats(weight), floats(y), mean, rstd, floats(grad_y), true,
              static_cast<Activation>(activation), floats(grad_x), floats(grad_weight),
              floats(grad_bias)});
  });
}
