#include <algorithm>

#include "capi/call.hpp"
#include "capi/checks.hpp"

using namespace sslcuda;

namespace {

// One tensor of the list under its own name, such as "params[3]". Overlap is looked for within a
// tensor's four buffers and the device scalars; between tensors see check_disjoint().
void check_tensor(Context& context, int64_t i, int64_t count, const AdamTensor& t,
                  const float* lr_device, const int64_t* step_device) {
  const auto name = [i](const char* list) { return text(list, "[", i, "]"); };
  const std::string param = name("params"), grad = name("grads"), moment = name("moments"),
                    variance = name("variances");
  Rules(context)
      .extent(name("counts").c_str(), count)
      .output(param.c_str(), t.param, Rules::f32({count}))
      .input(grad.c_str(), t.grad, Rules::f32({count}))
      .output(moment.c_str(), t.moment, Rules::f32({count}))
      .output(variance.c_str(), t.variance, Rules::f32({count}))
      .optional_input("lr_device", lr_device, Rules::f32({1}))
      .optional_input("step_device", step_device, Rules::i64({1}))
      .finish();
}

// All buffers that a launch writes must be apart from all others, or blocks would race.
void check_disjoint(const std::vector<AdamTensor>& tensors) {
  struct Range {
    const float *begin, *end;
    bool written;
  };
  std::vector<Range> ranges;
  for (const AdamTensor& t : tensors) {
    ranges.push_back({t.param, t.param + t.count, true});
    ranges.push_back({t.grad, t.grad + t.count, false});
    ranges.push_back({t.moment, t.moment + t.count, true});
    ranges.push_back({t.variance, t.variance + t.count, true});
  }
  const auto before = [](const Range& x, const Range& y) {
    return std::less<const float*>()(x.begin, y.begin);
  };
  std::sort(ranges.begin(), ranges.end(), before);
  const float *end = nullptr, *written_end = nullptr;  // furthest so far
  for (const Range& range : ranges) {
    if (range.begin < (range.written ? end : written_end)) {
      fail(SSLCUDA_ALIASED, "params, moments and variances must not overlap one another or grads, ",
           "got an overlap at ", static_cast<const void*>(range.begin));
    }
    end = std::max(end, range.end);
    if (range.written) written_end = std::max(written_end, range.end);
  }
}

}  // namespace

sslcuda_status sslcuda_adam_step(sslcuda_context* ctx, int32_t dtype, int64_t tensors,
                                 const int64_t* counts, void* const* params,
                                 const void* const* grads, void* const* moments,
                                 void* const* variances, double lr, const float* lr_device,
                                 double beta1, double beta2, double eps, int64_t step,
                                 const int64_t* step_device) {
  return call(ctx, __func__, [&](Context& context) {
    Rules rules(context);
    rules.dtype(dtype)
        .extent("tensors", tensors)
        .value("lr", lr, lr_device || (std::isfinite(lr) && lr >= 0), "must be finite and >= 0")
        .value("beta1", beta1, beta1 >= 0 && beta1 < 1, "must be in [0, 1)")
        .value("beta2", beta2, beta2 >= 0 && beta2 < 1, "must be in [0, 1)")
        .value("eps", eps, std::isfinite(eps) && eps >= 0, "must be finite and >= 0")
        .value("step", step, step_device || step >= 1, "must be >= 1")
        .optional_input("lr_device", lr_device, Rules::f32({1}))
        .optional_input("step_device", step_device, Rules::i64({1}))
        .finish();
    if (tensors == 0) return;
    const auto require = [](const char* name, const void* list) {
      if (!list) fail(SSLCUDA_NULL_POINTER, name, " must not be NULL");
    };
    Rules::i64({tensors});  // refuses a list that no memory can hold
    require("counts", counts);
    require("params", params);
    require("grads", grads);
    require("moments", moments);
    require("variances", variances);
    std::vector<AdamTensor> list;
    for (int64_t i = 0; i < tensors; ++i) {
      const AdamTensor tensor{counts[i], floats(params[i]), floats(grads[i]), floats(moments[i]),
                              floats(variances[i])};
      check_tensor(context, i, counts[i], tensor, lr_device, step_device);
      if (counts[i] > 0) list.push_back(tensor);
    }
    if (context.mode() != Context::Mode::kPlan) check_disjoint(list);
    AdamArgs args{0, {}, lr, lr_device, beta1, beta2, eps, step, step_device};
    for (size_t first = 0; first < list.size(); first += AdamArgs::kMaxTensors) {
      const size_t last = std::min(list.size(), first + AdamArgs::kMaxTensors);
      args.tensors = static_cast<int>(last - first);
      std::copy(list.begin() + first, list.begin() + last, args.tensor);
      context.run(context.ops().adam_step, args);
    }
  });
}
