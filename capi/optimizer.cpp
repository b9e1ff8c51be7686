#include "capi/optimizer.hpp"

#include <functional>

namespace sslcuda {
namespace {

// Overlap is looked for within a tensor's buffers and the device scalars; between tensors see
// check_disjoint().
void check_tensor(Context& context, const TensorLists& lists, int64_t i, const OptimizedTensor& t,
                  const DeviceScalars& scalars) {
  const auto name = [i](const char* list) { return text(list, "[", i, "]"); };
  const std::string param = name("params"), grad = name("grads"), moment = name(lists.moments.name),
                    variance = name(lists.variances.name);
  Rules rules(context);
  rules.extent(name("counts").c_str(), t.count)
      .output(param.c_str(), t.param, Rules::f32({t.count}))
      .input(grad.c_str(), t.grad, Rules::f32({t.count}));
  if (lists.moments.used) rules.output(moment.c_str(), t.moment, Rules::f32({t.count}));
  if (lists.variances.used) rules.output(variance.c_str(), t.variance, Rules::f32({t.count}));
  rules.optional_input("lr_device", scalars.lr, Rules::f32({1}))
      .optional_input("step_device", scalars.step, Rules::i64({1}))
      .finish();
}

void check_disjoint(const std::vector<OptimizedTensor>& tensors) {
  struct Range {
    const float *begin, *end;
    bool written;
  };
  std::vector<Range> ranges;
  const auto note = [&](const float* data, int64_t count, bool written) {
    if (data && count > 0) ranges.push_back({data, data + count, written});
  };
  for (const OptimizedTensor& t : tensors) {
    note(t.param, t.count, true);
    note(t.grad, t.count, false);
    note(t.moment, t.count, true);
    note(t.variance, t.count, true);
  }
  const auto before = [](const Range& x, const Range& y) {
    return std::less<const float*>()(x.begin, y.begin);
  };
  std::sort(ranges.begin(), ranges.end(), before);
  const float *end = nullptr, *written_end = nullptr;  // furthest so far
  for (const Range& range : ranges) {
    if (range.begin < (range.written ? end : written_end)) {
      fail(SSLCUDA_ALIASED, "what is written (params and the optimiser's state) must not overlap ",
           "anything else of the lists, got an overlap at ", static_cast<const void*>(range.begin));
    }
    end = std::max(end, range.end);
    if (range.written) written_end = std::max(written_end, range.end);
  }
}

}  // namespace

void check_rates(Rules& rules, double lr, const DeviceScalars& scalars) {
  rules.value("lr", lr, scalars.lr || (std::isfinite(lr) && lr >= 0), "must be finite and >= 0")
      .optional_input("lr_device", scalars.lr, Rules::f32({1}))
      .optional_input("step_device", scalars.step, Rules::i64({1}));
}

std::vector<OptimizedTensor> checked_tensors(Context& context, const TensorLists& lists,
                                             const DeviceScalars& scalars) {
  const auto require = [](const char* name, const void* list) {
    if (!list) fail(SSLCUDA_NULL_POINTER, name, " must not be NULL");
  };
  if (lists.tensors == 0) return {};
  Rules::i64({lists.tensors});  // refuses a list that no memory can hold
  require("counts", lists.counts);
  require("params", lists.params);
  require("grads", lists.grads);
  if (lists.moments.used) require(lists.moments.name, lists.moments.data);
  if (lists.variances.used) require(lists.variances.name, lists.variances.data);
  std::vector<OptimizedTensor> tensors;
  for (int64_t i = 0; i < lists.tensors; ++i) {
    const auto state = [i](const StateList& list) {
      return list.used ? floats(list.data[i]) : nullptr;
    };
    tensors.push_back({lists.counts[i], floats(lists.params[i]), floats(lists.grads[i]),
                       state(lists.moments), state(lists.variances)});
    check_tensor(context, lists, i, tensors.back(), scalars);
  }
  if (context.mode() != Context::Mode::kPlan) check_disjoint(tensors);
  return tensors;
}

}  // namespace sslcuda
