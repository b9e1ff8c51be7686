// orders.hpp - running something in many orders of threads.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "tests/emulator/options.hpp"

namespace emulator::test {

constexpr bool kRaceBuild = SSLCUDA_EMULATOR_RACE, kAsanBuild = SSLCUDA_EMULATOR_ASAN;

// Calls check() with several seeds and all policies.
template <class Check>
void for_all_orders(const Check& check) {
  constexpr uint64_t kSeeds = 10;
  constexpr Policy kPolicies[] = {Policy::kRandom, Policy::kPriority, Policy::kForward,
                                  Policy::kBackward};
  const Options before = options();
  for (const Policy policy : kPolicies) {
    for (uint64_t seed = 0; seed < kSeeds; ++seed) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", policy " +
                   std::to_string(static_cast<int>(policy)));
      options() = {seed, policy};
      check();
    }
  }
  options() = before;
}

}  // namespace emulator::test
