#include "tests/emulator/launch.hpp"

#include <mutex>
#include <numeric>
#include <utility>
#include <vector>

#include "tests/emulator/block.hpp"
#include "tests/emulator/race.hpp"
#include "tests/emulator/report.hpp"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace emulator {

namespace {

constexpr uint64_t kMaxGridX = (uint64_t{1} << 31) - 1, kMaxGridYZ = 65535;

bool is_valid(const Launch& launch) {
  const dim3 &grid = launch.grid, &block = launch.block;
  const uint64_t threads = uint64_t{block.x} * block.y * block.z;
  return grid.x >= 1 && grid.x <= kMaxGridX && grid.y >= 1 && grid.y <= kMaxGridYZ && grid.z >= 1 &&
         grid.z <= kMaxGridYZ && threads >= 1 && threads <= kMaxThreads;
}

std::vector<uint64_t> shuffled(uint64_t count, Random& random) {
  std::vector<uint64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  for (uint64_t i = count; i > 1; --i) {
    std::swap(order[i - 1], order[random.below(static_cast<uint32_t>(i))]);
  }
  return order;
}

uint3 block_index(uint64_t number, const dim3& grid) {
  return {static_cast<unsigned>(number % grid.x), static_cast<unsigned>(number / grid.x % grid.y),
          static_cast<unsigned>(number / (uint64_t{grid.x} * grid.y))};
}

}  // namespace

cudaError_t run(const Launch& launch) {
  static std::mutex one_at_a_time;
  static Block::Resources resources;
  static uint64_t launches = 0;
  if (!is_valid(launch)) return cudaErrorInvalidConfiguration;
  if (launch.shared_bytes > SharedMemory::kLimit) return cudaErrorInvalidValue;

  const std::lock_guard lock(one_at_a_time);
  constexpr uint64_t kSeedStep = uint64_t{1} << 32;
  Random random(options().seed * kSeedStep + launches++);
  const Policy drawn = random.below(2) == 0 ? Policy::kRandom : Policy::kPriority;
  begin_report(launch.kernel);
  race::begin_launch();
  blockDim = launch.block;
  gridDim = launch.grid;
  const uint64_t blocks = uint64_t{gridDim.x} * gridDim.y * gridDim.z;
  for (const uint64_t number : shuffled(blocks, random)) {
    blockIdx = block_index(number, launch.grid);
    resources.shared.begin(launch.shared_bytes);
    race::begin_block(resources.shared);
    Block(resources, random, options().policy.value_or(drawn), launch.body).run();
    if (has_faults()) return cudaErrorUnknown;
  }
  return cudaSuccess;
}

void* shared_memory(size_t bytes, const std::source_location& where) {
  return Block::current()->shared_memory(bytes, where);
}

void barrier(const std::source_location& where) { Block::current()->barrier(where); }

uint64_t exchange(unsigned mask, uint64_t value, int source, const std::source_location& where) {
  return Block::current()->exchange(mask, value, source, where);
}

int lane() { return Block::current()->lane(); }

}  // namespace emulator
