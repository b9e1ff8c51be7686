#include "capi/call.hpp"
#include "capi/optimizer.hpp"

using namespace sslcuda;

sslcuda_status sslcuda_adam_step(sslcuda_context* ctx, int32_t dtype, int64_t tensors,
                                 const int64_t* counts, void* const* params,
                                 const void* const* grads, void* const* moments,
                                 void* const* variances, double lr, const float* lr_device,
                                 double beta1, double beta2, double eps, int64_t step,
                                 const int64_t* step_device) {
  return call(ctx, __func__, [&](Context& context) {
    const DeviceScalars scalars{lr_device, step_device};
    Rules rules(context);
    rules.dtype(dtype).extent("tensors", tensors);
    check_rates(rules, lr, scalars);
    rules.value("beta1", beta1, beta1 >= 0 && beta1 < 1, "must be in [0, 1)")
        .value("beta2", beta2, beta2 >= 0 && beta2 < 1, "must be in [0, 1)")
        .value("eps", eps, std::isfinite(eps) && eps >= 0, "must be finite and >= 0")
        .value("step", step, step_device || step >= 1, "must be >= 1")
        .finish();
    const TensorLists lists{
        tensors, counts, params, grads, {"moments", moments, true}, {"variances", variances, true}};
    run_lists(context, context.ops().adam_step, checked_tensors(context, lists, scalars),
              AdamArgs{{}, lr, lr_device, beta1, beta2, eps, step, step_device},
              [](size_t, AdamArgs*) {});
  });
}
