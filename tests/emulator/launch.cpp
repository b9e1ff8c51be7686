#include "tests/emulator/launch.hpp"

#include <mutex>
#include <numeric>
#include <utility>
#include <vector>

#include "tests/emulator/group.hpp"
#include "tests/emulator/race.hpp"
#include "tests/emulator/report.hpp"

uint3 threadIdx, blockIdx;
dim3 blockDim, gridDim;

namespace emulator {

namespace {

constexpr uint64_t kMaxGridX = (uint64_t{1} << 31) - 1, kMaxGridYZ = 65535;
constexpr uint64_t kMaxCluster = 8;        // that every GPU with clusters has
constexpr uint64_t kMaxCooperative = 132;  // blocks: one for each multiprocessor of an H100

uint64_t volume(const dim3& size) { return uint64_t{size.x} * size.y * size.z; }

bool is_valid(const Launch& launch) {
  const dim3 &grid = launch.grid, &cluster = launch.cluster;
  const uint64_t threads = volume(launch.block), blocks = volume(cluster);
  return grid.x >= 1 && grid.x <= kMaxGridX && grid.y >= 1 && grid.y <= kMaxGridYZ && grid.z >= 1 &&
         grid.z <= kMaxGridYZ && threads >= 1 && threads <= kMaxThreads && blocks >= 1 &&
         blocks <= kMaxCluster && grid.x % cluster.x == 0 && grid.y % cluster.y == 0 &&
         grid.z % cluster.z == 0;
}

std::vector<uint64_t> shuffled(uint64_t count, Random& random) {
  std::vector<uint64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  for (uint64_t i = count; i > 1; --i) {
    std::swap(order[i - 1], order[random.below(static_cast<uint32_t>(i))]);
  }
  return order;
}

uint3 index_of(uint64_t number, const dim3& size) {
  return {static_cast<unsigned>(number % size.x), static_cast<unsigned>(number / size.x % size.y),
          static_cast<unsigned>(number / (uint64_t{size.x} * size.y))};
}

// Adds the blocks of a cluster, by their rank.
void add_cluster(const Launch& launch, uint64_t number, std::vector<uint3>& blocks) {
  const dim3 &grid = launch.grid, &size = launch.cluster;
  const uint3 cluster = index_of(number, dim3(grid.x / size.x, grid.y / size.y, grid.z / size.z));
  for (uint64_t rank = 0; rank < volume(size); ++rank) {
    const uint3 block = index_of(rank, size);
    blocks.push_back(
        {cluster.x * size.x + block.x, cluster.y * size.y + block.y, cluster.z * size.z + block.z});
  }
}

}  // namespace

cudaError_t run(const Launch& launch) {
  static std::mutex one_at_a_time;
  static Group::Resources& resources = *new Group::Resources;  // never destroyed: see race.cpp
  static uint64_t launches = 0;
  if (!is_valid(launch)) return cudaErrorInvalidConfiguration;
  if (launch.shared_bytes > SharedMemory::kLimit) return cudaErrorInvalidValue;
  if (launch.cooperative && volume(launch.grid) > kMaxCooperative) {
    return cudaErrorCooperativeLaunchTooLarge;
  }

  const std::lock_guard lock(one_at_a_time);
  constexpr uint64_t kSeedStep = uint64_t{1} << 32;
  Random random(options().seed * kSeedStep + launches++);
  const Policy drawn = random.below(2) == 0 ? Policy::kRandom : Policy::kPriority;
  begin_report(launch.kernel);
  race::begin_launch();
  blockDim = launch.block;
  gridDim = launch.grid;
  std::vector<uint3> blocks;
  const auto run_blocks = [&] {
    Group(resources, random, options().policy.value_or(drawn), launch, blocks).run();
    blocks.clear();
    return !has_faults();
  };
  for (const uint64_t number : shuffled(volume(gridDim) / volume(launch.cluster), random)) {
    add_cluster(launch, number, blocks);
    if (!launch.cooperative && !run_blocks()) return cudaErrorUnknown;
  }
  if (launch.cooperative && !run_blocks()) return cudaErrorUnknown;
  return cudaSuccess;
}

}  // namespace emulator
