// exponential.cuh - the emulator's twin of kernels/cuda/device/ptx/exponential.cuh.
#pragma once

#include <cfloat>
#include <cmath>

namespace ptx {

inline float exp2_flushed(float x) {
  const float y = std::exp2(x);
  return y < FLT_MIN ? 0.0f : y;
}

}  // namespace ptx
