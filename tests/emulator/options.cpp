#include "tests/emulator/options.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>

namespace emulator {

namespace {

Policy parse_policy(const std::string& name) {
  if (name == "random") return Policy::kRandom;
  if (name == "priority") return Policy::kPriority;
  if (name == "forward") return Policy::kForward;
  if (name == "backward") return Policy::kBackward;
  std::fprintf(stderr, "SSLCUDA_EMU_POLICY must be random, priority, forward or backward\n");
  std::exit(EXIT_FAILURE);
}

Options from_environment() {
  Options options;
  if (const char* seed = std::getenv("SSLCUDA_EMU_SEED")) {
    options.seed = std::strtoull(seed, nullptr, 10);
  }
  if (const char* policy = std::getenv("SSLCUDA_EMU_POLICY")) {
    options.policy = parse_policy(policy);
  }
  return options;
}

}  // namespace

Options& options() {
  static Options options = from_environment();
  return options;
}

}  // namespace emulator
