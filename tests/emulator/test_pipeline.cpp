// test_pipeline.cpp - every mistake that the kernel of pipeline.cu can make is found: reported with
// every seed and policy; or only by some, or seen in the result; or by the race build.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/emulator/number.hpp"
#include "tests/emulator/orders.hpp"
#include "tests/emulator/pipeline.hpp"

namespace emulator::test {
namespace {

int a_at(int row, int k) { return (row * 7 + k * 3) % 5 - 2; }
int b_at(int column, int k) { return (column * 5 + k * 11) % 7 - 3; }

template <class Value>
std::vector<uint16_t> matrix(int rows, const Value& value) {
  std::vector<uint16_t> numbers;
  for (int row = 0; row < rows; ++row) {
    for (int k = 0; k < kPipelineK; ++k) {
      numbers.push_back(to_bf16(static_cast<float>(value(row, k))));
    }
  }
  return numbers;
}

// Device memory that begins with some values.
template <class T>
class Memory {
 public:
  explicit Memory(const std::vector<T>& values) {
    EXPECT_EQ(cudaMalloc(&memory_, values.size() * sizeof(T)), cudaSuccess);
    EXPECT_EQ(cudaMemcpyAsync(memory_, values.data(), values.size() * sizeof(T),
                              cudaMemcpyHostToDevice, nullptr),
              cudaSuccess);
  }
  ~Memory() { EXPECT_EQ(cudaFree(memory_), cudaSuccess); }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  T* data() const { return static_cast<T*>(memory_); }

 private:
  void* memory_ = nullptr;
};

TensorMap map_of(TensorType type, void* base, int64_t columns, int64_t rows, int box_columns,
                 int swizzle) {
  const int64_t bytes = columns * static_cast<int64_t>(element_bytes(type));
  TensorMap map;
  EXPECT_EQ(make_tensor_map(
                {type, 2, base, {columns, rows}, {0, bytes}, {box_columns, 64}, swizzle}, &map),
            cudaSuccess);
  return map;
}

struct Result {
  std::string report;
  bool is_right;
};

Result run(Mistake mistake) {
  const Memory<uint16_t> a(matrix(kPipelineM, a_at)), b(matrix(kPipelineN, b_at));
  const Memory<float> d(std::vector<float>(kPipelineM * kPipelineN, -1.0f));
  const cudaError_t error =
      multiply_in_stages(mistake, map_of(TensorType::kBf16, a.data(), kPipelineK, 64, 64, 128),
                         map_of(TensorType::kBf16, b.data(), kPipelineK, 64, 64, 128),
                         map_of(TensorType::kF32, d.data(), kPipelineN, 64, 32, 0));
  cudaGetLastError();
  Result result = {error == cudaSuccess ? "" : cudaGetErrorString(error), true};
  for (int row = 0; row < kPipelineM; ++row) {
    for (int column = 0; column < kPipelineN; ++column) {
      int sum = 0;
      for (int k = 0; k < kPipelineK; ++k) sum += a_at(row, k) * b_at(column, k);
      const float value = d.data()[row * kPipelineN + column];
      result.is_right = result.is_right && value == static_cast<float>(sum);
    }
  }
  return result;
}

TEST(Pipeline, WithoutMistake) {
  for_all_orders([] {
    const Result result = run(Mistake::kNone);
    EXPECT_EQ(result.report, "");
    EXPECT_TRUE(result.is_right);
  });
}

void expect_report(Mistake mistake, const std::string& words) {
  for_all_orders([&] {
    const Result result = run(mistake);
    EXPECT_NE(result.report.find(words), std::string::npos) << result.report;
  });
}

// With some seed something is wrong; in the race build with every seed, in these words.
void expect_race(Mistake mistake, const std::string& words) {
  if (kRaceBuild) return expect_report(mistake, words);
  int found = 0;
  for_all_orders([&] {
    const Result result = run(mistake);
    found += !result.report.empty() || !result.is_right;
  });
  EXPECT_GT(found, 0);
}

TEST(Pipeline, WrongParity) { expect_report(Mistake::kWrongParity, "wait in an mbarrier"); }
TEST(Pipeline, TooManyBytes) { expect_report(Mistake::kTooManyBytes, "wait in an mbarrier"); }
TEST(Pipeline, NoFence) { expect_report(Mistake::kNoFence, "without wgmma.fence"); }
TEST(Pipeline, NotFinished) { expect_report(Mistake::kNotFinished, "waited for its wgmma"); }
TEST(Pipeline, ThreadsDisagree) { expect_report(Mistake::kThreadsDisagree, "disagree"); }
TEST(Pipeline, NotEnoughArrivals) {
  expect_report(Mistake::kNotEnoughArrivals, "wait in an mbarrier");
}
TEST(Pipeline, TooManyArrivals) { expect_report(Mistake::kTooManyArrivals, "more arrivals"); }
TEST(Pipeline, NotInitialised) { expect_report(Mistake::kNotInitialised, "not initialised"); }
TEST(Pipeline, Misaligned) { expect_report(Mistake::kMisaligned, "not a multiple of 1024"); }
TEST(Pipeline, StoreNotWaitedFor) {
  expect_report(Mistake::kStoreNotWaitedFor, "waited for its bulk copy");
}

TEST(Pipeline, BarriersNotAnnounced) { expect_race(Mistake::kBarriersNotAnnounced, "initialised"); }
TEST(Pipeline, ReleasedTooEarly) {
  expect_race(Mistake::kReleasedTooEarly, "race on shared memory");
}
TEST(Pipeline, NoBarrierBeforeStore) {
  expect_race(Mistake::kNoBarrierBeforeStore, "race on shared memory");
}

TEST(Pipeline, NoProxyFence) {
  if (!kRaceBuild) GTEST_SKIP() << "only the race build tells the proxies apart";
  expect_report(Mistake::kNoProxyFence, "missing fence.proxy.async");
}

// The accumulators are NaN until then.
TEST(Pipeline, NoWait) {
  for_all_orders([] { EXPECT_FALSE(run(Mistake::kNoWait).is_right); });
}

}  // namespace
}  // namespace emulator::test
