#include "perf/src/ceilings.hpp"

#include "perf/src/peers/cublas.hpp"
#include "perf/src/peers/onednn.hpp"

namespace sslcuda::perf {
namespace {

double seconds_of(Device& device, const std::function<void()>& call) {
  return fastest(device.sampler([&](int64_t) { call(); }, 1));
}

}  // namespace

Ceilings measure_ceilings(const Library& library, Device& device, Arena& arena) {
  Ceilings ceilings;
  const size_t bytes = 2 * device.cache_bytes();
  unsigned char* const memory = arena.reserve(2 * bytes);
  library.must(sslcuda_fill(library, memory, 1, 2 * bytes));
  ceilings.copy = 2 * static_cast<double>(bytes) /
                  seconds_of(device, [&] { device.copy(memory, memory + bytes, bytes); });
  auto* const counter = reinterpret_cast<int64_t*>(memory);
  ceilings.launch =
      seconds_of(device, [&] { library.must(sslcuda_counter_add(library, counter, 1)); });
  if (library.on_cpu()) {
    ceilings.gemm[SSLCUDA_F32] = onednn::gemm_rate(device);
  } else {
    ceilings.gemm = cublas::gemm_rates(library, device);
  }
  return ceilings;
}

Json Ceilings::json() const {
  const auto known = [](double value) { return value > 0 ? Json(value) : nullptr; };
  Json rates;
  for (const DType* type : kDTypes) rates[type->name] = known(gemm[type->code]);
  return {{"gemm_flops", rates}, {"copy_bytes_per_s", known(copy)}, {"launch_us", launch * 1e6}};
}

Limit limit_of(const Ceilings& ceilings, const Problem& problem, double flops, double bytes,
               bool cold) {
  Limit limit{ceilings.launch, "latency"};
  const auto consider = [&](double seconds, const char* what) {
    if (seconds > limit.seconds) limit = {seconds, what};
  };
  const DType* const type = dtype_of(problem.dtype);
  double rate = type ? ceilings.gemm[type->code] : 0;
  if (rate == 0) rate = ceilings.gemm[SSLCUDA_F32];
  if (rate > 0) consider(flops / rate, "compute");
  if (cold && ceilings.copy > 0) consider(bytes / ceilings.copy, "memory");
  return limit;
}

}  // namespace sslcuda::perf
