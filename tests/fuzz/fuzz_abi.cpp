// fuzz_abi.cpp - the input is a program of calls of the C ABI on the CPU: contexts are created,
// destroyed and used after that, ops get bad arguments in any order, planned, recorded or run.
// Whatever it is, every call returns a documented status, and nothing crashes, leaks or hangs.
#include <cstdio>
#include <cstdlib>
#include <iterator>

#include "tests/fuzz/abi_world.hpp"

namespace {

constexpr int kMostCalls = 96;

using Step = void (fuzz::World::*)(fuzz::Input&);
using W = fuzz::World;
// What comes more often is worth more calls.
constexpr Step kSteps[] = {
    &W::op,        &W::op,     &W::op,      &W::op,       &W::op,   &W::op,   &W::op,      &W::op,
    &W::create,    &W::create, &W::destroy, &W::allocate, &W::copy, &W::fill, &W::release, &W::plan,
    &W::workspace, &W::record, &W::record,  &W::replay,   &W::ask,  &W::log,  &W::structs};

void print_calls() {
  std::fprintf(stderr, "abi calls: %llu\n", static_cast<unsigned long long>(fuzz::calls_made()));
}

}  // namespace

// Of AddressSanitizer: memory that there is not is an answer that the library must have a status
// for.
extern "C" const char* __asan_default_options() {
  return "allocator_may_return_null=1:max_allocation_size_mb=1024:quarantine_size_mb=32";
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  [[maybe_unused]] static const int registered = std::atexit(print_calls);
  fuzz::Input input(data, size);
  fuzz::World world;
  world.create(input);
  for (int call = 0; call < kMostCalls && !input.empty(); ++call) {
    (world.*input.one_of(kSteps))(input);
  }
  return 0;
}
