// device.hpp - how time is taken on a device. One interface, the CPU and CUDA behind it.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>

#include "perf/src/json.hpp"
#include "perf/src/library.hpp"

namespace sslcuda::perf {

// Queues the work of one call on copy number `set` of its tensors.
using SetCall = std::function<void(int64_t set)>;

// Takes one sample: seconds per call.
using Sampler = std::function<double()>;

class Device {
 public:
  virtual ~Device() = default;

  virtual Json describe() const = 0;       // name, driver, caches
  virtual Json conditions() const = 0;     // clocks and load at this moment
  virtual size_t cache_bytes() const = 0;  // of the last level
  virtual void copy(void* to, const void* from, size_t bytes) = 0;  // the fastest there is; queued

  // A sample is a run of calls that walks through the sets and lasts about a millisecond, or one
  // call where that lasts longer. What came before it is not in it.
  virtual Sampler sampler(const SetCall& call, int64_t sets) = 0;
};

// Either takes the library's context as it is. In a build without CUDA the second one throws.
std::unique_ptr<Device> cpu_device(const Library& library, int32_t threads);
std::unique_ptr<Device> cuda_device(const Library& library);

// Seconds per call at best, which is what a ceiling is made of.
inline double fastest(const Sampler& sample) {
  constexpr int kSamples = 15;
  double seconds = sample();
  for (int i = 1; i < kSamples; ++i) seconds = std::min(seconds, sample());
  return seconds;
}

constexpr double kSampleSeconds = 1e-3;

}  // namespace sslcuda::perf
