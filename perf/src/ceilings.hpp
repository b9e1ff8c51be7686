// ceilings.hpp - what the machine can do, measured in the same process as the results that are held
// against it, and the time that a case needs at least.
#pragma once

#include <string>

#include "perf/src/device.hpp"
#include "perf/src/json.hpp"

namespace sslcuda::perf {

// 0 where unknown.
struct Ceilings {
  double gemm_f32 = 0, gemm_bf16 = 0;  // FLOP/s of a large product: cuBLASLt, oneDNN
  double copy = 0;                     // bytes/s read and written, of a copy that no cache holds
  double launch = 0;                   // seconds of the smallest call
  Json json() const;
};

Ceilings measure_ceilings(const Library& library, Device& device, Arena& arena);

struct Limit {
  double seconds;
  std::string what;  // compute, memory or latency
};

// Caches have no ceiling here: bytes do not limit a case that is measured warm.
Limit limit_of(const Ceilings& ceilings, double flops, double bytes, bool cold);

}  // namespace sslcuda::perf
