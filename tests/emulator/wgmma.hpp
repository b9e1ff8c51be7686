// wgmma.hpp - matrix products of a warpgroup, which run beside its threads. Until a thread has
// waited for one, its accumulators are NaN.
#pragma once

#include <cstdint>
#include <memory>
#include <source_location>
#include <vector>

#include "tests/emulator/race.hpp"

namespace emulator {

struct Thread;

constexpr unsigned kWarpgroup = 128;

enum class MatrixType { kBf16, kF16, kTf32 };

// What all threads of the warpgroup must agree on. D[64][n] = A B (+ D); an operand in shared
// memory is given by its descriptor.
struct WgmmaCall {
  MatrixType type;
  unsigned n;
  bool a_in_registers, a_mn_major, b_mn_major, accumulates;
  uint64_t a, b;

  bool operator==(const WgmmaCall&) const = default;
};

struct Accumulator {
  float* registers;
  std::vector<float> values;
  unsigned products = 0;  // under way
};

struct WgmmaProduct {
  WgmmaCall call;
  std::source_location where;
  unsigned arrived = 0, waited = 0;  // threads
  std::shared_ptr<Accumulator> accumulators[kWarpgroup];
  uint32_t a_fragments[kWarpgroup][4];
  race::Clock issued;
  race::Agent agent;
  bool is_done = false;
  std::vector<Thread*> waiting;
};

struct Warpgroup {
  std::vector<std::unique_ptr<WgmmaProduct>> products;  // in the order of issue; null: over
  size_t next = 0;                                      // to run
};

// The share of a thread.
class WgmmaThread {
 public:
  bool is_pending() const { return !accumulators.empty(); }

  size_t issued = 0, waited = 0;  // products
  std::vector<size_t> groups;     // products issued before each commit
  std::vector<std::shared_ptr<Accumulator>> accumulators;
  bool is_fenced = false;             // since the last wait
  bool are_fragments_fenced = false;  // since the last commit
  std::source_location last;
};

void wgmma_fence();
void wgmma(const WgmmaCall& call, float* d, const uint32_t* a, const std::source_location& where);
void wgmma_commit();
void wgmma_wait(unsigned pending, const std::source_location& where);

}  // namespace emulator
