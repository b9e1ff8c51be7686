// cpu_device.cpp - the CPU: steady_clock around calls.
#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "perf/src/device.hpp"

namespace sslcuda::perf {
namespace {

std::string cpu_name() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

constexpr int kTrials = 2;                      // more of a call, as one may meet a busy machine
constexpr double kLong = 100 * kSampleSeconds;  // surely no call of less than a sample

class CpuDevice final : public Device {
 public:
  explicit CpuDevice(int32_t threads) {
    if (threads > 0) omp_set_num_threads(threads);
  }

  Json describe() const override {
    const char* const spin = std::getenv("GOMP_SPINCOUNT");
    return {{"kind", "cpu"},
            {"name", cpu_name()},
            {"threads", omp_get_max_threads()},
            {"cache_bytes", cache_bytes()},
            {"gomp_spincount", spin ? spin : "default"}};
  }
  Json conditions() const override {
    double load = 0;
    return {{"load", getloadavg(&load, 1) == 1 ? load : -1}};
  }
  size_t cache_bytes() const override {
    const long level3 = sysconf(_SC_LEVEL3_CACHE_SIZE), level2 = sysconf(_SC_LEVEL2_CACHE_SIZE);
    constexpr long kUnknown = 32 << 20;
    return static_cast<size_t>(level3 > 0 ? level3 : std::max(level2, kUnknown));
  }
  void copy(void* to, const void* from, size_t bytes) override {
#pragma omp parallel
    {
      const size_t threads = omp_get_num_threads(), self = omp_get_thread_num();
      const size_t begin = bytes * self / threads, end = bytes * (self + 1) / threads;
      std::memcpy(static_cast<char*>(to) + begin, static_cast<const char*>(from) + begin,
                  end - begin);
    }
  }

  Sampler sampler(const SetCall& call, int64_t sets) override {
    const auto seconds_of = [this, call, sets](int64_t calls) {
      const auto start = std::chrono::steady_clock::now();
      for (int64_t i = 0; i < calls; ++i) call(cursor_++ % sets);
      const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
      return time.count();
    };
    seconds_of(1);  // compiles kernels, wakes threads
    double once = seconds_of(1);
    for (int i = 0; i < kTrials && once < kLong; ++i) once = std::min(once, seconds_of(1));
    const auto calls = static_cast<int64_t>(std::ceil(kSampleSeconds / std::max(once, 1e-9)));
    return [=] {
      // Threads of the side before, still spinning, are not this one's cost.
      if (calls > 1) seconds_of(1);
      return seconds_of(calls) / static_cast<double>(calls);
    };
  }

 private:
  // Shared by the sides, so that none finds in the cache what the one before it has read.
  int64_t cursor_ = 0;
};

}  // namespace

std::unique_ptr<Device> cpu_device(const Library&, int32_t threads) {
  return std::make_unique<CpuDevice>(threads);
}

}  // namespace sslcuda::perf
