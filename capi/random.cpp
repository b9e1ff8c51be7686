#include "capi/call.hpp"
#include "capi/checks.hpp"

using namespace sslcuda;

namespace {

// The range must fit, as it is multiplied with.
bool is_range(float low, float high) { return low <= high && std::isfinite(high - low); }

RandomSource checked(Rules& rules, uint64_t seed, uint64_t sequence,
                     const int64_t* sequence_device) {
  rules.optional_input("sequence_device", sequence_device, Rules::i64({1}));
  return {seed, sequence, sequence_device};
}

}  // namespace

sslcuda_status sslcuda_random_uniform(sslcuda_context* ctx, int32_t dtype, int64_t count,
                                      uint64_t seed, uint64_t sequence,
                                      const int64_t* sequence_device, float low, float high,
                                      void* y) {
  return call(ctx, __func__, [&](Context& context) {
    Rules rules(context);
    rules.dtype(dtype).extent("count", count);
    const RandomSource source = checked(rules, seed, sequence, sequence_device);
    rules.value("low", low, std::isfinite(low), "must be finite")
        .value("high", high, is_range(low, high), "must be >= low, and high - low finite")
        .output("y", y, Rules::f32({count}))
        .finish();
    if (count == 0) return;
    context.run(context.ops().random,
                {Distribution::kUniform, count, source, low, high - low, floats(y)});
  });
}

sslcuda_status sslcuda_random_normal(sslcuda_context* ctx, int32_t dtype, int64_t count,
                                     uint64_t seed, uint64_t sequence,
                                     const int64_t* sequence_device, float mean, float std,
                                     void* y) {
  return call(ctx, __func__, [&](Context& context) {
    Rules rules(context);
    rules.dtype(dtype).extent("count", count);
    const RandomSource source = checked(rules, seed, sequence, sequence_device);
    rules.value("mean", mean, std::isfinite(mean), "must be finite")
        .value("std", std, std::isfinite(std) && std >= 0, "must be finite and >= 0")
        .output("y", y, Rules::f32({count}))
        .finish();
    if (count == 0) return;
    context.run(context.ops().random, {Distribution::kNormal, count, source, mean, std, floats(y)});
  });
}
