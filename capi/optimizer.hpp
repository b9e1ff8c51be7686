// optimizer.hpp - what the optimisers' entries share: lists of tensors in host arrays, and their
// rules.
#pragma once

#include <algorithm>
#include <vector>

#include "capi/checks.hpp"

namespace sslcuda {

// One list of an optimiser's state, such as "moments"; unused ones are neither read nor checked.
struct StateList {
  const char* name = "";
  void* const* data = nullptr;
  bool used = false;
};

struct TensorLists {
  int64_t tensors;
  const int64_t* counts;
  void* const* params;
  const void* const* grads;
  StateList moments, variances;
};

struct DeviceScalars {
  const float* lr;
  const int64_t* step;
};

// lr, and the scalars in device memory.
void check_rates(Rules& rules, double lr, const DeviceScalars& scalars);

// The tensors of the lists. Each is checked under its own name, such as "params[3]"; what a launch
// writes is apart from all else, or blocks would race.
std::vector<OptimizedTensor> checked_tensors(Context& context, const TensorLists& lists,
                                             const DeviceScalars& scalars);

// Runs the op on as many tensors at a time as a launch takes; before(first) may complete the
// arguments for the tensors from `first` on.
template <class Args, class Before>
void run_lists(Context& context, const Op<Args>& op, const std::vector<OptimizedTensor>& tensors,
               Args args, const Before& before) {
  for (size_t first = 0; first < tensors.size(); first += TensorList::kMaxTensors) {
    const size_t last = std::min(tensors.size(), first + TensorList::kMaxTensors);
    args.list.tensors = static_cast<int>(last - first);
    std::copy(tensors.begin() + first, tensors.begin() + last, args.list.tensor);
    const bool empty = std::all_of(tensors.begin() + first, tensors.begin() + last,
                                   [](const OptimizedTensor& t) { return t.count == 0; });
    if (empty) continue;
    before(first, &args);
    context.run(op, args);
  }
}

}  // namespace sslcuda
