// args_optimizer.hpp - arguments of the optimisers' steps; see args.hpp.
#pragma once

#include <cstdint>

namespace sslcuda {

struct OptimizedTensor {
  int64_t count;
  float* param;
  const float* grad;
  float* moment;    // Adam's first moment, SGD's velocity; null without
  float* variance;  // Adam's second moment, else null
};

// The tensors travel by value, so that a launch and a recorded graph need no memory of the caller;
// capi/ splits longer lists. Tensors may be empty.
struct TensorList {
  static constexpr int kMaxTensors = 64;
  int tensors;
  OptimizedTensor tensor[kMaxTensors];
};

struct AdamArgs {
  TensorList list;
  double lr;
  const float* lr_device;  // or null
  double beta1, beta2, eps;
  int64_t step;                // from 1
  const int64_t* step_device;  // or null; holds step - 1
};

// SGD; where `trust` is not 0, LARS for the tensors whose bit of `adapted` is set.
struct SgdArgs {
  TensorList list;  // moments are null where momentum is 0
  double lr;
  const float* lr_device;  // or null
  double momentum, weight_decay;
  bool nesterov;
  double trust;
  uint64_t adapted;

  // Of tensor t: SGD decays all, LARS those that it adapts.
  constexpr bool adapts(int t) const { return trust != 0 && (adapted >> t & 1) != 0; }
  constexpr bool decays(int t) const { return trust == 0 || adapts(t); }
};
static_assert(TensorList::kMaxTensors <= 64, "adapted has a bit per tensor");

}  // namespace sslcuda
