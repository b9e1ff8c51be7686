#include "capi/call.hpp"
#include "capi/checks.hpp"

using namespace sslcuda;

namespace {

void pointwise_loss(Context& context, Rules& rules, const PointwiseLossArgs& a) {
  rules.input("x", a.x, Rules::f32({a.count}))
      .input("target", a.target, Rules::f32({a.count}))
      .optional_input("grad_loss", a.grad_loss, Rules::f32({1}))
      .optional_output("loss", a.loss, Rules::f32({1}))
      .optional_output("grad_x", a.grad_x, Rules::f32({a.count}))
      .may_share("x", "grad_x")
      .finish();
  if (a.loss || a.grad_x) context.run(context.ops().pointwise_loss, a);
}

}  // namespace

sslcuda_status sslcuda_mse(sslcuda_context* ctx, int32_t dtype, int64_t count, const void* x,
                           const void* target, int32_t sigmoid, const float* grad_loss, float* loss,
                           void* grad_x) {
  return call(ctx, __func__, [&](Context& context) {
    Rules rules(context);
    rules.dtype(dtype).extent("count", count, 1).flag("sigmoid", sigmoid);
    pointwise_loss(context, rules,
                   {sigmoid != 0 ? PointwiseLoss::kSigmoidSquare : PointwiseLoss::kSquare, count,
                    floats(x), floats(target), grad_loss, loss, floats(grad_x)});
  });
}

sslcuda_status sslcuda_binary_cross_entropy(sslcuda_context* ctx, int32_t dtype, int64_t count,
                                            const void* x, const void* target,
                                            const float* grad_loss, float* loss, void* grad_x) {
  return call(ctx, __func__, [&](Context& context) {
    Rules rules(context);
    rules.dtype(dtype).extent("count", count, 1);
    pointwise_loss(context, rules,
                   {PointwiseLoss::kBinaryCrossEntropy, count, floats(x), floats(target), grad_loss,
                    loss, floats(grad_x)});
  });
}
