// test_emulator.cpp - kernels with a planted fault are reported with every seed and policy, and
// their correct twins never are. What depends on the order of threads without the race build shows
// with some seed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tests/emulator/kernels.hpp"
#include "tests/emulator/orders.hpp"

namespace emulator::test {
namespace {

struct Result {
  cudaError_t error;
  std::string report;
  std::vector<float> out;

  bool has_nan() const {
    return std::any_of(out.begin(), out.end(), [](float value) { return std::isnan(value); });
  }
};

class Output {
 public:
  Output() { EXPECT_EQ(cudaMalloc(&memory_, kCount * sizeof(float)), cudaSuccess); }
  ~Output() { EXPECT_EQ(cudaFree(memory_), cudaSuccess); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  float* data() const { return static_cast<float*>(memory_); }
  std::vector<float> values() const { return {data(), data() + kCount}; }

 private:
  static constexpr int kCount = 64;
  void* memory_ = nullptr;
};

Result run(Kernel kernel, bool faulty) {
  const Output out;
  const cudaError_t error = kernel(faulty, out.data());
  cudaGetLastError();
  return {error, cudaGetErrorString(error), out.values()};
}

void expect_clean(Kernel kernel) {
  for_all_orders([&] {
    const Result result = run(kernel, false);
    EXPECT_EQ(result.error, cudaSuccess) << result.report;
    EXPECT_FALSE(result.has_nan());
  });
}

void expect_report(Kernel kernel, const std::string& words) {
  expect_clean(kernel);
  for_all_orders([&] {
    const Result result = run(kernel, true);
    EXPECT_EQ(result.error, cudaErrorUnknown);
    EXPECT_NE(result.report.find(words), std::string::npos) << result.report;
    EXPECT_NE(result.report.find("_kernel"), std::string::npos) << result.report;
  });
}

void expect_race(Kernel kernel, const std::string& words) {
  if (kRaceBuild) return expect_report(kernel, words);
  expect_clean(kernel);
}

TEST(Emulator, MissingBarrier) {
  expect_race(reverse_without_barrier, "race on shared memory");
  if (kRaceBuild) return;
  int seen = 0;
  for_all_orders([&] { seen += run(reverse_without_barrier, true).has_nan(); });
  EXPECT_GT(seen, 0);
}

TEST(Emulator, WriteAfterReadRace) {
  expect_race(shared_write_after_read, "race on shared memory: ");
  if (kRaceBuild) return;
  const std::vector<float> expected = run(shared_write_after_read, false).out;
  int seen = 0;
  for_all_orders([&] { seen += run(shared_write_after_read, true).out != expected; });
  EXPECT_GT(seen, 0);
}

TEST(Emulator, BlocksThatWriteTheSame) {
  expect_race(blocks_that_write_the_same, "race on device memory: write");
}

TEST(Emulator, DivergentBarrier) { expect_report(barrier_in_a_branch, "divergent barrier"); }

TEST(Emulator, Deadlock) {
  expect_report(barrier_after_a_return, "deadlock in block (0,0,0)");
  EXPECT_NE(run(barrier_after_a_return, true).report.find("63 threads"), std::string::npos);
}

TEST(Emulator, SharedMemoryStartsAsNaN) {
  expect_clean(shared_read_before_write);
  for_all_orders([] {
    const Result result = run(shared_read_before_write, true);
    EXPECT_EQ(result.error, cudaSuccess) << result.report;
    EXPECT_EQ(std::count_if(result.out.begin(), result.out.end(),
                            [](float value) { return std::isnan(value); }),
              1);
    EXPECT_TRUE(std::isnan(result.out[7]));
  });
}

TEST(Emulator, SharedMemoryOutOfBounds) {
  if (!kAsanBuild) return expect_report(shared_write_behind_the_end, "outside its shared memory");
  expect_clean(shared_write_behind_the_end);
  EXPECT_DEATH(run(shared_write_behind_the_end, true), "use-after-poison");
}

TEST(Emulator, SharedMemorySmallerThanItsStruct) {
  expect_report(too_little_shared_memory, "uses 256 bytes of shared memory, launched with 252");
}

TEST(Emulator, ShuffleMasksThatDiffer) { expect_report(shuffle_masks_that_differ, "mask"); }

TEST(Emulator, ShuffleFromOutsideTheMask) {
  expect_report(shuffle_from_outside_the_mask, "which mask");
}

// In the race build with every order; without, what is read is wrong with some.
void expect_race_or_nan(Kernel kernel, const std::string& words) {
  expect_race(kernel, words);
  if (kRaceBuild) return;
  int seen = 0;
  for_all_orders([&] {
    const Result result = run(kernel, true);
    seen += result.error != cudaSuccess || result.has_nan();
  });
  EXPECT_GT(seen, 0);
}

TEST(Emulator, CopyWithoutWait) {
  expect_race_or_nan(copy_without_wait, "an asynchronous operation");
}

TEST(Emulator, CopyUnfinishedAtTheEnd) {
  expect_report(copy_unfinished_at_the_end, "waited for its cp.async");
}

TEST(Emulator, CopyByAnotherWithoutBarrier) {
  expect_race_or_nan(copy_by_another_without_barrier, "an asynchronous operation");
}

// Or it is a deadlock at the barrier.
TEST(Emulator, BarrierCountsThatDiffer) { expect_report(barrier_counts_that_differ, "barrier"); }

TEST(Emulator, GridBarrierWithoutCooperation) {
  expect_report(grid_barrier_without_cooperation, "not cooperative");
}

TEST(Emulator, NeighbourThatHasReturned) {
  expect_race_or_nan(neighbour_that_has_returned, "return");
}

TEST(Emulator, NeighbourReadTooEarly) {
  expect_race_or_nan(neighbour_read_too_early, "shared memory");
}

TEST(Emulator, ClusterArrivalsWithoutWait) {
  expect_report(cluster_arrivals_without_wait, "twice without a wait");
}

TEST(Emulator, RegistersOfWarpgroups) {
  expect_report(more_registers_than_there_are, "in setmaxnreg.inc");
}

TEST(Emulator, LaunchesThatCudaRefuses) {
  const Output out;
  const auto launch = [&](const simt::Launch& how) {
    return simt::launch(
        +[](float*) {}, how, out.data());
  };
  EXPECT_EQ(launch({0, 32, 0, nullptr}), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch({dim3(1, 65536), 32, 0, nullptr}), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch({1, 1025, 0, nullptr}), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch({1, 32, size_t{228} << 10, nullptr}), cudaErrorInvalidValue);
  EXPECT_EQ(launch({1, 1024, size_t{227} << 10, nullptr}), cudaSuccess);
  EXPECT_EQ(launch({3, 32, 0, nullptr, dim3(2)}), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch({16, 32, 0, nullptr, dim3(16)}), cudaErrorInvalidConfiguration);
  EXPECT_EQ(launch({1000, 32, 0, nullptr, dim3(1), true}), cudaErrorCooperativeLaunchTooLarge);
}

// A launch that is captured runs when its graph does, as often as that.
TEST(Emulator, GraphsReplayLaunches) {
  const Output out;
  cudaStream_t stream = nullptr;
  cudaGraph_t graph = nullptr;
  cudaGraphExec_t executable = nullptr;
  ASSERT_EQ(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), cudaSuccess);
  ASSERT_EQ(cudaMemsetAsync(out.data(), 0, sizeof(float), stream), cudaSuccess);
  ASSERT_EQ(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), cudaSuccess);
  const auto add_one = +[](float* x) { *x += 1.0f; };
  EXPECT_EQ(simt::launch(add_one, {1, 1, 0, stream}, out.data()), cudaSuccess);
  ASSERT_EQ(cudaStreamEndCapture(stream, &graph), cudaSuccess);
  EXPECT_EQ(*out.data(), 0.0f);
  ASSERT_EQ(cudaGraphInstantiate(&executable, graph, 0), cudaSuccess);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(cudaGraphLaunch(executable, stream), cudaSuccess);
  EXPECT_EQ(*out.data(), 3.0f);
  EXPECT_EQ(cudaGraphExecDestroy(executable), cudaSuccess);
  EXPECT_EQ(cudaGraphDestroy(graph), cudaSuccess);
  EXPECT_EQ(cudaStreamDestroy(stream), cudaSuccess);
}

}  // namespace
}  // namespace emulator::test
