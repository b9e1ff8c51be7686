// test_device_misuse.cpp - what only a device can get wrong: memory of another one, memory that
// runs out, and a GPU that is lost.
#include <unistd.h>

#include <cstdio>

#include "tests/abi/entries.hpp"
#include "tests/gpu/job.hpp"

namespace sslcuda::test {
namespace {

constexpr size_t kTooMuch = size_t{1} << 62;

class DeviceMisuse : public OpTest {
 protected:
  // The context works: an op gives its results.
  void expect_works() const {
    Job job(context());
    job_kinds().front().build(job);
    job.queue();
    EXPECT_FALSE(job.results().empty());
  }
};

class CudaMisuse : public DeviceMisuse {};

TEST_P(DeviceMisuse, AllocationBeyondMemory) {
  void* pointer = nullptr;
  EXPECT_EQ(sslcuda_alloc(context(), kTooMuch, &pointer), SSLCUDA_OUT_OF_MEMORY);
  EXPECT_EQ(pointer, nullptr);
  EXPECT_FALSE(last_message(context()).empty());
  expect_works();
}

TEST_P(DeviceMisuse, WorkspaceBeyondMemory) {
  EXPECT_EQ(sslcuda_context_reserve(context(), kTooMuch), SSLCUDA_OUT_OF_MEMORY);
  expect_works();
}

TEST_P(CudaMisuse, HostPointers) {
  Entries entries;  // their data is in host memory
  for (const Entry& entry : entries.all()) {
    EXPECT_EQ(entry.call(context(), entry), SSLCUDA_WRONG_DEVICE) << entry.name;
    EXPECT_EQ(last_message(context()).rfind(entry.name + ": ", 0), 0u) << last_message(context());
  }
  float host[4] = {};
  EXPECT_EQ(sslcuda_fill(context(), host, 0, sizeof host), SSLCUDA_WRONG_DEVICE);
  EXPECT_EQ(sslcuda_copy(context(), host, host + 2, 8, SSLCUDA_DEVICE_TO_DEVICE),
            SSLCUDA_WRONG_DEVICE);
  expect_works();
}

TEST_P(CudaMisuse, MemoryOfTheCpuBackend) {
  const Context cpu;
  const Buffer<float> host(cpu, 8);
  EXPECT_EQ(sslcuda_fill(context(), host.data(), 0, 32), SSLCUDA_WRONG_DEVICE);
  expect_works();
}

// Takes all memory, piece by piece, and gives it back.
TEST_P(CudaMisuse, MemoryRunsOut) {
  constexpr size_t kLargest = size_t{1} << 32, kSmallest = size_t{1} << 20, kMostPieces = 4096;
  for (int round = 0; round < 2; ++round) {
    std::vector<void*> pieces;
    for (size_t bytes = kLargest; bytes >= kSmallest && pieces.size() < kMostPieces;) {
      void* pointer = nullptr;
      const sslcuda_status status = sslcuda_alloc(context(), bytes, &pointer);
      if (status == SSLCUDA_OK) {
        pieces.push_back(pointer);
      } else {
        ASSERT_EQ(status, SSLCUDA_OUT_OF_MEMORY) << last_message(context());
        bytes /= 2;
      }
    }
    EXPECT_FALSE(pieces.empty());
    for (void* const pointer : pieces) EXPECT_EQ(sslcuda_free(context(), pointer), SSLCUDA_OK);
    expect_works();
  }
}

// Ends the process with a word unless it holds.
void require(bool holds, const char* what, sslcuda_status status, const sslcuda_context* context) {
  if (holds) return;
  std::fprintf(stderr, "%s: %s, %s\n", what, sslcuda_status_name(status),
               last_message(context).c_str());
  _exit(1);
}

// Has a kernel write where no memory is, sees the loss, and leaves the process in order.
void lose_the_gpu(sslcuda_context* other) {
  sslcuda_context_options options = SSLCUDA_CONTEXT_OPTIONS_INIT;
  options.device = SSLCUDA_DEVICE_CUDA;
  options.trust_pointers = 1;
  sslcuda_context* context = nullptr;
  sslcuda_status status = sslcuda_context_create(&options, &context);
  require(status == SSLCUDA_OK, "create", status, context);
  auto* const nowhere = reinterpret_cast<int64_t*>(uintptr_t{256});
  status = sslcuda_counter_add(context, nowhere, 1);
  require(status == SSLCUDA_OK, "queueing the faulting kernel", status, context);
  status = sslcuda_synchronize(context);
  require(status == SSLCUDA_CONTEXT_LOST, "synchronize", status, context);
  void* pointer = nullptr;
  status = sslcuda_alloc(context, 256, &pointer);
  require(status == SSLCUDA_CONTEXT_LOST, "alloc afterwards", status, context);
  const std::string message = last_message(context);
  require(message.find("restart") != std::string::npos, "words", status, context);
  status = sslcuda_synchronize(other);
  require(status == SSLCUDA_CONTEXT_LOST, "another context", status, other);
  status = sslcuda_context_destroy(context);
  require(status == SSLCUDA_OK, "destroy", status, nullptr);
  status = sslcuda_context_destroy(other);
  require(status == SSLCUDA_OK, "destroy of the other", status, nullptr);
  std::exit(0);
}

TEST_P(CudaMisuse, LostGpu) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a process of its own
  EXPECT_EXIT(lose_the_gpu(context()), testing::ExitedWithCode(0), "");
  expect_works();  // here nothing happened
}

INSTANTIATE_TEST_SUITE_P(, DeviceMisuse, kBackends, backend_name);
INSTANTIATE_TEST_SUITE_P(, CudaMisuse, testing::Values(SSLCUDA_DEVICE_CUDA), backend_name);

}  // namespace
}  // namespace sslcuda::test
