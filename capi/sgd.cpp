#include "capi/call.hpp"
#include "capi/optimizer.hpp"

using namespace sslcuda;

namespace {

Rules& check_decay(Rules& rules, double momentum, double weight_decay) {
  return rules.value("momentum", momentum, momentum >= 0 && momentum < 1, "must be in [0, 1)")
      .value("weight_decay", weight_decay, std::isfinite(weight_decay) && weight_decay >= 0,
             "must be finite and >= 0");
}

}  // namespace

sslcuda_status sslcuda_sgd_step(sslcuda_context* ctx, int32_t dtype, int64_t tensors,
                                const int64_t* counts, void* const* params,
                                const void* const* grads, void* const* velocities, double lr,
                                const float* lr_device, double momentum, double weight_decay,
                                int32_t nesterov) {
  return call(ctx, __func__, [&](Context& context) {
    const DeviceScalars scalars{lr_device, nullptr};
    Rules rules(context);
    rules.dtype(dtype).extent("tensors", tensors).flag("nesterov", nesterov);
    check_rates(rules, lr, scalars);
    check_decay(rules, momentum, weight_decay).finish();
    const TensorLists lists{
        tensors, counts, params, grads, {"velocities", velocities, momentum > 0}, {}};
    run_lists(context, context.ops().sgd_step, checked_tensors(context, lists, scalars),
              SgdArgs{{}, lr, lr_device, momentum, weight_decay, nesterov != 0, 0, 0},
              [](size_t, SgdArgs*) {});
  });
}

sslcuda_status sslcuda_lars_step(sslcuda_context* ctx, int32_t dtype, int64_t tensors,
                                 const int64_t* counts, void* const* params,
                                 const void* const* grads, void* const* velocities,
                                 const int32_t* adapt, double lr, const float* lr_device,
                                 double momentum, double weight_decay, double trust) {
  return call(ctx, __func__, [&](Context& context) {
    const DeviceScalars scalars{lr_device, nullptr};
    Rules rules(context);
    rules.dtype(dtype).extent("tensors", tensors);
    check_rates(rules, lr, scalars);
    check_decay(rules, momentum, weight_decay)
        .value("trust", trust, std::isfinite(trust) && trust > 0, "must be finite and > 0")
        .finish();
    const TensorLists lists{
        tensors, counts, params, grads, {"velocities", velocities, momentum > 0}, {}};
    const std::vector<OptimizedTensor> list = checked_tensors(context, lists, scalars);
    const auto choose = [adapt](size_t first, SgdArgs* args) {
      args->adapted = 0;
      for (int t = 0; t < args->list.tensors; ++t) {
        if (!adapt || adapt[first + t] != 0) args->adapted |= uint64_t{1} << t;
      }
    };
    run_lists(context, context.ops().sgd_step, list,
              SgdArgs{{}, lr, lr_device, momentum, weight_decay, false, trust, 0}, choose);
  });
}
