// ceilings.hpp - what the machine can do, measured in the same process as the results that are held
// against it, and the time that a case needs at least.
#pragma once

#include <array>
#include <string>

#include "perf/src/device.hpp"
#include "perf/src/json.hpp"
#include "perf/src/problem.hpp"

namespace sslcuda::perf {

// FLOP/s of a large product of every storage type (SSLCUDA_F32 ...).
using GemmRates = std::array<double, 4>;

// 0 where unknown.
struct Ceilings {
  GemmRates gemm{};   // cuBLASLt, oneDNN
  double copy = 0;    // bytes/s read and written, of a copy that no cache holds
  double launch = 0;  // seconds of the smallest call
  Json json() const;
};

Ceilings measure_ceilings(const Library& library, Device& device, Arena& arena);

struct Limit {
  double seconds;
  std::string what;  // compute, memory or latency
};

// Caches have no ceiling here: bytes do not limit a case that is measured warm. A storage type
// whose products have no rate is held against float32.
Limit limit_of(const Ceilings& ceilings, const Problem& problem, double flops, double bytes,
               bool cold);

}  // namespace sslcuda::perf
