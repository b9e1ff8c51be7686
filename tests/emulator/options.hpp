// options.hpp - in which order threads and blocks run, and as which GPU. The same options run the
// same launches of a process in the same order.
#pragma once

#include <cstdint>
#include <optional>

namespace emulator {

enum class Policy {
  kRandom,    // any warp that can run; keeps warps close together
  kPriority,  // warps have priorities that change now and then, so that some run far ahead
  kForward,   // the first warp that can run
  kBackward,  // the last
};

struct Options {
  uint64_t seed = 1;
  std::optional<Policy> policy;  // none: kRandom or kPriority, drawn for every launch
  int capability = 90;           // compute capability that the GPU reports, 80 or 90
};

// At first from SSLCUDA_EMU_SEED, SSLCUDA_EMU_POLICY (random, priority, forward, backward) and
// SSLCUDA_EMU_CAPABILITY.
Options& options();

// xorshift64*
class Random {
 public:
  explicit Random(uint64_t seed) : state_((seed + 1) * 0x9e3779b97f4a7c15u) {}

  uint32_t below(uint32_t limit) {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return static_cast<uint32_t>((state_ * 0x2545f4914f6cdd1du >> 32) * limit >> 32);
  }

 private:
  uint64_t state_;
};

}  // namespace emulator
