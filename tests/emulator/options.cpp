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

int parse_capability(const std::string& name) {
  if (name == "80") return 80;
  if (name == "90") return 90;
  std::fprintf(stderr, "SSLCUDA_EMU_CAPABILITY must be 80 or 90\n");
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
  if (const char* capability = std::getenv("SSLCUDA_EMU_CAPABILITY")) {
    options.capability = parse_capability(capability);
  }
  return options;
}

}  // namespace

Options& options() {
  static Options options = from_environment();
  return options;
}

}  // namespace emulator
