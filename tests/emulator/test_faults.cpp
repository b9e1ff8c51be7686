// test_faults.cpp - errors of the CUDA runtime, made to order, come out of the C ABI as the status
// and words they should, and leave behind what they should.
#include "tests/emulator/faults.hpp"

#include <functional>

#include "tests/abi/entries.hpp"
#include "tests/ops/context.hpp"

namespace emulator {
namespace {

using sslcuda::test::Block;
using sslcuda::test::Buffer;
using sslcuda::test::Context;
using sslcuda::test::Entries;
using sslcuda::test::Entry;
using sslcuda::test::last_message;

constexpr cudaError_t kFatal[] = {
    cudaErrorNvlinkUncorrectable, cudaErrorIllegalAddress,
    cudaErrorLaunchTimeout,       cudaErrorAssert,
    cudaErrorHardwareStackError,  cudaErrorIllegalInstruction,
    cudaErrorMisalignedAddress,   cudaErrorInvalidAddressSpace,
    cudaErrorInvalidPc,           cudaErrorLaunchFailure,
    cudaErrorTensorMemoryLeak,    cudaErrorMpsClientTerminated,
    cudaErrorExternalDevice,      cudaErrorContained,
};

sslcuda_status create(int32_t device, sslcuda_context** context) {
  sslcuda_context_options options = SSLCUDA_CONTEXT_OPTIONS_INIT;
  options.device = device;
  return sslcuda_context_create(&options, context);
}

// Makes the call with its runtime call failing.
template <class Call>
sslcuda_status failing(const char* runtime_call, cudaError_t error, const Call& call) {
  plan_fault(runtime_call, error);
  const sslcuda_status status = call();
  EXPECT_TRUE(end_fault()) << runtime_call << " was not called";
  return status;
}

// An entry of the table with its data copied to the device.
class DeviceEntry {
 public:
  DeviceEntry(const Context& context, const Entry& entry) : context_(context), entry_(entry) {
    for (auto& [name, pointer] : entry_.pointers) {
      blocks_.push_back(std::make_unique<Block>(context, pointer.bytes));
      blocks_.back()->write(pointer.data);
      pointer.data = blocks_.back()->data();
    }
  }
  sslcuda_status call() const { return entry_.call(context_, entry_); }

 private:
  const Context& context_;
  Entry entry_;
  std::vector<std::unique_ptr<Block>> blocks_;
};

TEST(Faults, TheEmulatedGpu) {
  const Context context(SSLCUDA_DEVICE_CUDA);
  int32_t device = 0, ordinal = -1;
  context.must(sslcuda_context_device(context, &device, &ordinal));
  EXPECT_EQ(device, SSLCUDA_DEVICE_CUDA);
  EXPECT_EQ(ordinal, 0);
  char text[64] = "";
  context.must(sslcuda_context_describe(context, text, sizeof text));
  EXPECT_STREQ(text, "cuda:0 emulator (sm_90)");
}

TEST(Faults, NoDriverOrNoGpuIsNoDevice) {
  for (const cudaError_t error :
       {cudaErrorInsufficientDriver, cudaErrorNoDevice, cudaErrorStubLibrary}) {
    int32_t count = 1;
    EXPECT_EQ(failing("cudaGetDeviceCount", error, [&] { return sslcuda_device_count(&count); }),
              SSLCUDA_OK);
    EXPECT_EQ(count, 0);
    sslcuda_context* context = nullptr;
    EXPECT_EQ(
        failing("cudaGetDeviceCount", error, [&] { return create(SSLCUDA_DEVICE_CUDA, &context); }),
        SSLCUDA_NO_DEVICE);
    EXPECT_NE(last_message(nullptr).find("use the CPU"), std::string::npos);
  }
  int32_t count = 1;
  EXPECT_EQ(
      failing("cudaGetDeviceCount", cudaErrorUnknown, [&] { return sslcuda_device_count(&count); }),
      SSLCUDA_DEVICE_ERROR);
}

TEST(Faults, AutoTakesTheCpuWhereTheGpuCannotBeOpened) {
  for (const char* const call :
       {"cudaGetDeviceCount", "cudaSetDevice", "cudaGetDeviceProperties"}) {
    sslcuda_context* context = nullptr;
    ASSERT_EQ(
        failing(call, cudaErrorUnknown, [&] { return create(SSLCUDA_DEVICE_AUTO, &context); }),
        SSLCUDA_OK);
    int32_t device = 0, ordinal = 0;
    EXPECT_EQ(sslcuda_context_device(context, &device, &ordinal), SSLCUDA_OK);
    EXPECT_EQ(device, SSLCUDA_DEVICE_CPU) << call;
    EXPECT_EQ(sslcuda_context_destroy(context), SSLCUDA_OK);
  }
}

TEST(Faults, GpuWithoutCodeIsUnsupported) {
  for (const cudaError_t error :
       {cudaErrorNoKernelImageForDevice, cudaErrorInvalidDeviceFunction}) {
    sslcuda_context* context = nullptr;
    EXPECT_EQ(failing("cudaGetDeviceProperties", error,
                      [&] { return create(SSLCUDA_DEVICE_CUDA, &context); }),
              SSLCUDA_UNSUPPORTED);
    EXPECT_NE(last_message(nullptr).find("compute capability 8.0"), std::string::npos);
  }
}

TEST(Faults, FatalErrorsLoseTheContext) {
  for (const cudaError_t error : kFatal) {
    SCOPED_TRACE(error);
    sslcuda_context* context = nullptr;
    ASSERT_EQ(create(SSLCUDA_DEVICE_CUDA, &context), SSLCUDA_OK);
    EXPECT_EQ(failing("cudaStreamSynchronize", error, [&] { return sslcuda_synchronize(context); }),
              SSLCUDA_CONTEXT_LOST);
    EXPECT_NE(last_message(context).find("restart the process"), std::string::npos);
    EXPECT_EQ(sslcuda_synchronize(context), SSLCUDA_CONTEXT_LOST);
    EXPECT_EQ(sslcuda_context_destroy(context), SSLCUDA_OK);
  }
}

// Wherever the loss of the device shows first, each call after it says so, whatever it is, and what
// the context owns can be let go of.
class LostDevice : public testing::TestWithParam<cudaError_t> {
 protected:
  void TearDown() override { end_fault(); }

  static std::vector<std::pair<const char*, std::function<sslcuda_status()>>> calls(
      sslcuda_context* c, void* memory, sslcuda_graph* graph) {
    static char text[64];
    static int32_t number;
    static size_t bytes;
    static sslcuda_graph* made;
    static void* given;
    return {
        {"launch",
         [c, memory] { return sslcuda_counter_add(c, static_cast<int64_t*>(memory), 1); }},
        {"cudaStreamSynchronize", [c] { return sslcuda_synchronize(c); }},
        {"cudaMalloc", [c] { return sslcuda_alloc(c, 8, &given); }},
        {"cudaMemsetAsync", [c, memory] { return sslcuda_fill(c, memory, 0, 4); }},
        {"cudaMemcpyAsync", [c, memory] { return sslcuda_copy(c, text, memory, 4, 1); }},
        {"cudaMalloc", [c] { return sslcuda_context_reserve(c, 16 << 20); }},
        {"cudaStreamBeginCapture", [c] { return sslcuda_graph_begin(c); }},
        {"cudaGraphLaunch", [c, graph] { return sslcuda_graph_launch(c, graph); }},
        {"cudaGetDevice", [c] { return sslcuda_context_device(c, &number, &number); }},
        {"cudaSetDevice", [c] { return sslcuda_context_describe(c, text, sizeof text); }},
        {"cudaGetDevice", [c] { return sslcuda_plan_begin(c); }},
        {"cudaGetDevice", [c] { return sslcuda_plan_end(c, &bytes); }},
        {"cudaGetDevice", [c] { return sslcuda_graph_end(c, &made); }},
        {"cudaGetDevice", [c, memory] { return sslcuda_free(c, memory); }},
    };
  }
};

TEST_P(LostDevice, EveryLaterCallSaysSo) {
  for (size_t first = 0; first < 14; ++first) {
    SCOPED_TRACE(first);
    end_fault();
    const Context owner(SSLCUDA_DEVICE_CUDA);
    void* memory = nullptr;
    sslcuda_graph* graph = nullptr;
    owner.must(sslcuda_alloc(owner, 64, &memory));
    owner.must(sslcuda_graph_begin(owner));
    owner.must(sslcuda_counter_add(owner, static_cast<int64_t*>(memory), 1));
    owner.must(sslcuda_graph_end(owner, &graph));
    const auto all = calls(owner, memory, graph);
    ASSERT_EQ(all.size(), 14u);
    plan_loss(all[first].first, GetParam());
    EXPECT_EQ(all[first].second(), SSLCUDA_CONTEXT_LOST);
    EXPECT_NE(last_message(owner).find("restart the process"), std::string::npos);
    for (const auto& [name, call] : all) {
      EXPECT_EQ(call(), SSLCUDA_CONTEXT_LOST) << name;
      EXPECT_NE(last_message(owner).find("lost by an earlier fatal error"), std::string::npos);
    }
    // So does the process: no other context is had, but AUTO still has the CPU.
    sslcuda_context* other = nullptr;
    int32_t count = 1;
    EXPECT_EQ(sslcuda_device_count(&count), SSLCUDA_CONTEXT_LOST);
    EXPECT_EQ(create(SSLCUDA_DEVICE_CUDA, &other), SSLCUDA_CONTEXT_LOST);
    EXPECT_EQ(other, nullptr);
    ASSERT_EQ(create(SSLCUDA_DEVICE_AUTO, &other), SSLCUDA_OK);
    EXPECT_EQ(sslcuda_synchronize(other), SSLCUDA_OK);
    EXPECT_EQ(sslcuda_context_destroy(other), SSLCUDA_OK);
    if (first % 2) end_fault();  // destroyed while it is lost, or later
  }
}

INSTANTIATE_TEST_SUITE_P(Faults, LostDevice,
                         testing::Values(cudaErrorIllegalAddress, cudaErrorLaunchFailure),
                         testing::PrintToStringParamName());

// A GPU whose memory others have taken is no missing GPU.
TEST(Faults, NoMemoryForAContext) {
  for (const char* const call : {"cudaGetDeviceCount", "cudaSetDevice", "cudaMalloc"}) {
    sslcuda_context* context = nullptr;
    EXPECT_EQ(failing(call, cudaErrorMemoryAllocation,
                      [&] { return create(SSLCUDA_DEVICE_CUDA, &context); }),
              SSLCUDA_OUT_OF_MEMORY)
        << call;
    EXPECT_EQ(context, nullptr);
  }
}

TEST(Faults, OutOfMemory) {
  const Context context(SSLCUDA_DEVICE_CUDA);
  void* pointer = nullptr;
  const auto alloc = [&] { return sslcuda_alloc(context, 8, &pointer); };
  EXPECT_EQ(failing("cudaMalloc", cudaErrorMemoryAllocation, alloc), SSLCUDA_OUT_OF_MEMORY);
  EXPECT_EQ(pointer, nullptr);
  EXPECT_EQ(alloc(), SSLCUDA_OK);  // no error was left pending
}

// An error that the caller has not taken note of is neither ours nor lost.
TEST(Faults, AnErrorThatIsPendingBefore) {
  const Context context(SSLCUDA_DEVICE_CUDA);
  const Buffer<float> x(context, 1);
  leave_error();
  EXPECT_EQ(sslcuda_fill(context, x, 0, sizeof(float)), SSLCUDA_OK);
  EXPECT_EQ(take_error(), cudaErrorInvalidDevice);
}

TEST(Faults, TheRuntimeIsUnloadedBeforeUs) {
  const Context context(SSLCUDA_DEVICE_CUDA);
  EXPECT_EQ(failing("cudaStreamSynchronize", cudaErrorCudartUnloading,
                    [&] { return sslcuda_synchronize(context); }),
            SSLCUDA_OK);
  void* pointer = nullptr;
  context.must(sslcuda_alloc(context, 8, &pointer));
  EXPECT_EQ(
      failing("cudaFree", cudaErrorCudartUnloading, [&] { return sslcuda_free(context, pointer); }),
      SSLCUDA_OK);
}

// A pointer that the runtime will not look at is not the device's, and no error stays pending.
TEST(Faults, PointersThatCannotBeLookedAt) {
  const Context context(SSLCUDA_DEVICE_CUDA);
  const Buffer<float> x(context, 1);
  const auto fill = [&] { return sslcuda_fill(context, x, 0, sizeof(float)); };
  EXPECT_EQ(failing("cudaPointerGetAttributes", cudaErrorInvalidValue, fill), SSLCUDA_WRONG_DEVICE);
  EXPECT_EQ(fill(), SSLCUDA_OK);
}

// Only a copy within the device is merely queued: host memory may change, or is read, after the
// call.
TEST(Faults, CopiesOfHostMemoryWait) {
  const Context context(SSLCUDA_DEVICE_CUDA);
  const Buffer<float> x(context, 1), y(context, 1);
  float value = 0;
  const auto waits = [&](void* to, const void* from, int32_t direction) {
    plan_fault("cudaStreamSynchronize", cudaErrorUnknown);
    const sslcuda_status status = sslcuda_copy(context, to, from, sizeof value, direction);
    const bool waited = end_fault();
    EXPECT_EQ(status, waited ? SSLCUDA_DEVICE_ERROR : SSLCUDA_OK);
    return waited;
  };
  EXPECT_TRUE(waits(x, &value, SSLCUDA_HOST_TO_DEVICE));
  EXPECT_TRUE(waits(&value, x, SSLCUDA_DEVICE_TO_HOST));
  EXPECT_FALSE(waits(y, x, SSLCUDA_DEVICE_TO_DEVICE));
}

TEST(Faults, CapturesThatFail) {
  const Context context(SSLCUDA_DEVICE_CUDA);
  sslcuda_graph* graph = nullptr;
  const auto end = [&] { return sslcuda_graph_end(context, &graph); };
  context.must(sslcuda_graph_begin(context));
  EXPECT_EQ(failing("cudaStreamEndCapture", cudaErrorUnknown, end), SSLCUDA_DEVICE_ERROR);
  EXPECT_EQ(graph, nullptr);
}

// Each launch of each op in turn: the op stops there and says so, and the context lives on.
TEST(Faults, EveryLaunchOfEveryOp) {
  const Context context(SSLCUDA_DEVICE_CUDA);
  Entries entries;
  for (Entry& host : entries.all()) {
    SCOPED_TRACE(host.name);
    if (host.choices.contains("normalize")) host.choices["normalize"] = 1;  // takes more launches
    const DeviceEntry entry(context, host);
    int launches = 0;
    for (;; ++launches) {
      plan_fault("launch", cudaErrorInvalidConfiguration, launches);
      const sslcuda_status status = entry.call();
      if (!end_fault()) {
        EXPECT_EQ(status, SSLCUDA_OK) << last_message(context);
        break;
      }
      ASSERT_EQ(status, SSLCUDA_DEVICE_ERROR) << "launch " << launches;
      EXPECT_NE(last_message(context).find("cudaErrorInvalidConfiguration"), std::string::npos);
    }
    EXPECT_GT(launches, 0);
  }
}

}  // namespace
}  // namespace emulator
