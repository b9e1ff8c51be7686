#include "tests/emulator/faults.hpp"

#include <optional>
#include <string>
#include <utility>

namespace emulator {

namespace {

struct Plan {
  std::string call;
  cudaError_t error;
  int after;
};

std::optional<Plan> plan;

}  // namespace

void plan_fault(const char* call, cudaError_t error, int after) { plan = {call, error, after}; }

bool end_fault() { return !std::exchange(plan, std::nullopt); }

cudaError_t planned_fault(const char* call) {
  if (!plan || plan->call != call || plan->after-- > 0) return cudaSuccess;
  return std::exchange(plan, std::nullopt)->error;
}

}  // namespace emulator
