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
  bool stays;
};

std::optional<Plan> plan;
cudaError_t lost = cudaSuccess;

}  // namespace

void plan_fault(const char* call, cudaError_t error, int after) {
  plan = {call, error, after, false};
}

void plan_loss(const char* call, cudaError_t error, int after) {
  plan = {call, error, after, true};
}

bool end_fault() {
  if (std::exchange(lost, cudaSuccess) != cudaSuccess) cudaGetLastError();
  return !std::exchange(plan, std::nullopt);
}

void leave_error() { cudaSetDevice(-1); }

cudaError_t take_error() { return cudaGetLastError(); }

cudaError_t planned_fault(const char* call) {
  if (lost != cudaSuccess) return lost;
  if (!plan || plan->call != call || plan->after-- > 0) return cudaSuccess;
  if (plan->stays) lost = plan->error;
  return std::exchange(plan, std::nullopt)->error;
}

cudaError_t loss() { return lost; }

}  // namespace emulator
