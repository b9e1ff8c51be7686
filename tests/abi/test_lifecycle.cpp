// test_lifecycle.cpp - contexts, messages, memory, workspace, planning, graphs and threads.
#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "tests/ops/context.hpp"

namespace sslcuda::test {
namespace {

using Floats = std::vector<float>;

// y = 2 x + bias by the linear op, [n, 1].
sslcuda_status doubled(sslcuda_context* context, int64_t n, const float* x, const float* weight,
                       float* y) {
  return sslcuda_linear_forward(context, SSLCUDA_F32, n, 1, 1, x, weight, nullptr, 0, y);
}

TEST(Lifecycle, Names) {
  EXPECT_STREQ(sslcuda_status_name(SSLCUDA_OK), "SSLCUDA_OK");
  EXPECT_STREQ(sslcuda_status_name(SSLCUDA_INTERNAL), "SSLCUDA_INTERNAL");
  EXPECT_STREQ(sslcuda_status_name(-1), "SSLCUDA_?");
  EXPECT_STREQ(sslcuda_status_name(SSLCUDA_INTERNAL + 1), "SSLCUDA_?");
  EXPECT_EQ(sslcuda_version(),
            SSLCUDA_VERSION_MAJOR * 10000 + SSLCUDA_VERSION_MINOR * 100 + SSLCUDA_VERSION_PATCH);
  EXPECT_NE(std::string(sslcuda_build_info()).find("oneDNN"), std::string::npos);
}

TEST(Lifecycle, Options) {
  sslcuda_context* context = nullptr;
  const auto create = [&](auto change) {
    sslcuda_context_options options = SSLCUDA_CONTEXT_OPTIONS_INIT;
    change(options);
    return sslcuda_context_create(&options, &context);
  };
  EXPECT_EQ(sslcuda_context_create(nullptr, nullptr), SSLCUDA_NULL_POINTER);
  EXPECT_EQ(create([](auto& o) { o.size = 4; }), SSLCUDA_VERSION_MISMATCH);
  EXPECT_NE(last_message(nullptr).find("options->size must be 32, got 4"), std::string::npos);
  EXPECT_EQ(create([](auto& o) { o.device = 9; }), SSLCUDA_UNSUPPORTED);
  EXPECT_EQ(create([](auto& o) { o.threads = -1; }), SSLCUDA_INVALID_VALUE);
  EXPECT_EQ(create([](auto& o) { o.ordinal = -1; }), SSLCUDA_INVALID_VALUE);
  EXPECT_EQ(context, nullptr);
  EXPECT_EQ(create([](auto& o) {
              o.device = SSLCUDA_DEVICE_CPU;
              o.workspace_bytes = size_t{1} << 62;
            }),
            SSLCUDA_OUT_OF_MEMORY);
  EXPECT_EQ(context, nullptr);
  EXPECT_EQ(sslcuda_context_destroy(nullptr), SSLCUDA_OK);
}

TEST(Lifecycle, CudaWithoutADevice) {
  if (device_count() > 0) GTEST_SKIP() << "there is a CUDA device";
  sslcuda_context_options options = SSLCUDA_CONTEXT_OPTIONS_INIT;
  options.device = SSLCUDA_DEVICE_CUDA;
  sslcuda_context* context = nullptr;
  EXPECT_EQ(sslcuda_context_create(&options, &context), SSLCUDA_NO_DEVICE);
  EXPECT_NE(last_message(nullptr).find("use the CPU"), std::string::npos) << last_message(nullptr);
  ASSERT_EQ(sslcuda_context_create(nullptr, &context), SSLCUDA_OK);
  int32_t device = 0, ordinal = 1;
  EXPECT_EQ(sslcuda_context_device(context, &device, &ordinal), SSLCUDA_OK);
  EXPECT_EQ(device, SSLCUDA_DEVICE_CPU);
  EXPECT_EQ(ordinal, 0);
  sslcuda_context_destroy(context);
}

TEST(Lifecycle, Messages) {
  const Context context;
  char text[12] = "";
  EXPECT_EQ(sslcuda_synchronize(context), SSLCUDA_OK);
  EXPECT_EQ(sslcuda_fill(context, text, 256, 1), SSLCUDA_INVALID_VALUE);
  EXPECT_EQ(last_message(context), "sslcuda_fill: value must be in 0..255, got 256");
  EXPECT_EQ(sslcuda_last_message(context, text, sizeof text), SSLCUDA_OK);
  EXPECT_STREQ(text, "sslcuda_fil");
  EXPECT_EQ(sslcuda_last_message(context, text, 0), SSLCUDA_INVALID_VALUE);
  EXPECT_EQ(sslcuda_last_message(context, nullptr, 5), SSLCUDA_NULL_POINTER);
  EXPECT_EQ(sslcuda_context_describe(context, text, 5), SSLCUDA_OK);
  EXPECT_STREQ(text, "cpu ");
  int32_t device = 0;
  EXPECT_EQ(sslcuda_context_device(context, &device, nullptr), SSLCUDA_NULL_POINTER);
}

TEST(Lifecycle, CreateAndDestroyManyTimes) {
  for (int i = 0; i < 2000; ++i) {
    sslcuda_context* context = nullptr;
    ASSERT_EQ(sslcuda_context_create(nullptr, &context), SSLCUDA_OK);
    void* left_behind = nullptr;
    ASSERT_EQ(sslcuda_alloc(context, 100, &left_behind), SSLCUDA_OK);
    ASSERT_EQ(sslcuda_context_destroy(context), SSLCUDA_OK);
  }
}

TEST(Lifecycle, DestroyWithGraphsAndAnOpenCapture) {
  sslcuda_context* context = nullptr;
  ASSERT_EQ(sslcuda_context_create(nullptr, &context), SSLCUDA_OK);
  sslcuda_graph* graph = nullptr;
  ASSERT_EQ(sslcuda_graph_begin(context), SSLCUDA_OK);
  ASSERT_EQ(sslcuda_graph_end(context, &graph), SSLCUDA_OK);
  ASSERT_EQ(sslcuda_graph_begin(context), SSLCUDA_OK);
  EXPECT_EQ(sslcuda_context_destroy(context), SSLCUDA_OK);
}

TEST(Lifecycle, Streams) {
  const Context context;
  int storage = 0;
  EXPECT_EQ(sslcuda_context_set_stream(context, nullptr), SSLCUDA_OK);
  EXPECT_EQ(sslcuda_context_set_stream(context, reinterpret_cast<sslcuda_stream>(&storage)),
            SSLCUDA_UNSUPPORTED);
  sslcuda_stream stream = reinterpret_cast<sslcuda_stream>(&storage);
  EXPECT_EQ(sslcuda_context_get_stream(context, &stream), SSLCUDA_OK);
  EXPECT_EQ(stream, nullptr);
  EXPECT_EQ(sslcuda_context_get_stream(context, nullptr), SSLCUDA_NULL_POINTER);
}

struct Seen {
  std::vector<std::pair<int32_t, std::string>> messages;
  sslcuda_context* context = nullptr;
  sslcuda_status nested = SSLCUDA_OK;
};

void listen(int32_t level, const char* message, void* user) {
  auto& seen = *static_cast<Seen*>(user);
  seen.messages.emplace_back(level, message);
  if (seen.context) seen.nested = sslcuda_synchronize(seen.context);
}

TEST(Lifecycle, Log) {
  const Context context;
  Seen seen;
  EXPECT_EQ(sslcuda_context_set_log(context, 4, listen, &seen), SSLCUDA_INVALID_VALUE);
  EXPECT_EQ(sslcuda_context_set_log(context, SSLCUDA_LOG_ERROR, listen, &seen), SSLCUDA_OK);
  sslcuda_synchronize(context);
  EXPECT_TRUE(seen.messages.empty());
  sslcuda_fill(context, nullptr, 0, 8);
  ASSERT_EQ(seen.messages.size(), 1u);
  EXPECT_EQ(seen.messages[0].first, SSLCUDA_LOG_ERROR);
  EXPECT_EQ(seen.messages[0].second, "sslcuda_fill: destination must not be NULL");
  sslcuda_context_set_log(context, SSLCUDA_LOG_DEBUG, listen, &seen);
  seen.messages.clear();
  sslcuda_synchronize(context);
  ASSERT_EQ(seen.messages.size(), 1u);
  EXPECT_EQ(seen.messages[0].second, "sslcuda_synchronize");
  sslcuda_context_set_log(context, SSLCUDA_LOG_DEBUG, nullptr, nullptr);
  seen.messages.clear();
  sslcuda_synchronize(context);
  EXPECT_TRUE(seen.messages.empty());
}

TEST(Lifecycle, ASecondCallAtTheSameTimeIsRefused) {
  const Context context;
  Seen seen;
  sslcuda_context_set_log(context, SSLCUDA_LOG_DEBUG, listen, &seen);
  seen.context = context;
  EXPECT_EQ(sslcuda_synchronize(context), SSLCUDA_OK);
  EXPECT_EQ(seen.nested, SSLCUDA_BUSY);
  EXPECT_NE(last_message(nullptr).find("in use by another call"), std::string::npos);
}

TEST(Lifecycle, ContextsInThreads) {
  constexpr int kThreads = 16, kCount = 1000;
  std::vector<std::thread> threads;
  std::vector<float> results(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([t, &results] {
      const Context context(SSLCUDA_DEVICE_CPU, 1 + t % 2);
      const Floats x(kCount, static_cast<float>(t)), target(kCount, 0.0f);
      for (int i = 0; i < 20; ++i) {
        ASSERT_EQ(sslcuda_mse(context, SSLCUDA_F32, kCount, x.data(), target.data(), 0, nullptr,
                              &results[static_cast<size_t>(t)], nullptr),
                  SSLCUDA_OK);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int t = 0; t < kThreads; ++t) {
    EXPECT_EQ(results[static_cast<size_t>(t)], static_cast<float>(t * t));
  }
}

TEST(Memory, AllocFreeCopyFill) {
  const Context context;
  void* pointer = nullptr;
  EXPECT_EQ(sslcuda_alloc(context, 0, &pointer), SSLCUDA_OK);
  EXPECT_EQ(pointer, nullptr);
  EXPECT_EQ(sslcuda_alloc(context, 8, nullptr), SSLCUDA_NULL_POINTER);
  EXPECT_EQ(sslcuda_alloc(context, SIZE_MAX, &pointer), SSLCUDA_SIZE_OVERFLOW);
  EXPECT_EQ(sslcuda_alloc(context, size_t{1} << 62, &pointer), SSLCUDA_OUT_OF_MEMORY);
  ASSERT_EQ(sslcuda_alloc(context, 10, &pointer), SSLCUDA_OK);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(pointer) % 256, 0u);
  EXPECT_EQ(sslcuda_fill(context, pointer, 7, 10), SSLCUDA_OK);
  uint8_t host[10] = {};
  EXPECT_EQ(sslcuda_copy(context, host, pointer, 10, SSLCUDA_DEVICE_TO_HOST), SSLCUDA_OK);
  EXPECT_EQ(host[9], 7);
  EXPECT_EQ(sslcuda_copy(context, host, pointer, 10, 3), SSLCUDA_UNSUPPORTED);
  EXPECT_EQ(sslcuda_copy(context, nullptr, pointer, 10, SSLCUDA_DEVICE_TO_DEVICE),
            SSLCUDA_NULL_POINTER);
  EXPECT_EQ(
      sslcuda_copy(context, static_cast<char*>(pointer) + 4, pointer, 5, SSLCUDA_DEVICE_TO_DEVICE),
      SSLCUDA_ALIASED);
  EXPECT_EQ(sslcuda_copy(context, nullptr, nullptr, 0, SSLCUDA_HOST_TO_DEVICE), SSLCUDA_OK);
  EXPECT_EQ(sslcuda_free(context, host), SSLCUDA_INVALID_VALUE);
  EXPECT_EQ(sslcuda_free(context, pointer), SSLCUDA_OK);
  EXPECT_EQ(sslcuda_free(context, pointer), SSLCUDA_INVALID_VALUE);
  EXPECT_EQ(sslcuda_free(context, nullptr), SSLCUDA_OK);
}

TEST(Workspace, CallersOwn) {
  const Context context;
  alignas(256) static uint8_t buffer[512];
  EXPECT_EQ(sslcuda_context_set_workspace(context, buffer, sizeof buffer), SSLCUDA_OK);
  EXPECT_EQ(sslcuda_context_set_workspace(context, buffer + 1, 100), SSLCUDA_INVALID_VALUE);
  EXPECT_EQ(sslcuda_context_set_workspace(context, nullptr, 100), SSLCUDA_NULL_POINTER);
  EXPECT_EQ(sslcuda_context_set_workspace(context, nullptr, 0), SSLCUDA_OK);
}

TEST(Workspace, StatesAreKeptApart) {
  const Context context;
  float x = 0;
  size_t bytes = 0;
  sslcuda_graph* graph = nullptr;
  EXPECT_EQ(sslcuda_plan_end(context, &bytes), SSLCUDA_CAPTURE);
  EXPECT_EQ(sslcuda_graph_end(context, &graph), SSLCUDA_CAPTURE);
  const auto expect_refused = [&] {
    void* pointer = nullptr;
    EXPECT_EQ(sslcuda_plan_begin(context), SSLCUDA_CAPTURE);
    EXPECT_EQ(sslcuda_graph_begin(context), SSLCUDA_CAPTURE);
    EXPECT_EQ(sslcuda_alloc(context, 8, &pointer), SSLCUDA_CAPTURE);
    EXPECT_EQ(sslcuda_free(context, &x), SSLCUDA_CAPTURE);
    EXPECT_EQ(sslcuda_context_reserve(context, 8), SSLCUDA_CAPTURE);
    EXPECT_EQ(sslcuda_context_set_workspace(context, nullptr, 0), SSLCUDA_CAPTURE);
    EXPECT_EQ(sslcuda_context_set_stream(context, nullptr), SSLCUDA_CAPTURE);
    EXPECT_EQ(sslcuda_synchronize(context), SSLCUDA_CAPTURE);
    EXPECT_EQ(sslcuda_copy(context, &x, &bytes, 4, SSLCUDA_DEVICE_TO_HOST), SSLCUDA_CAPTURE);
    EXPECT_EQ(sslcuda_copy(context, &x, &bytes, 4, SSLCUDA_HOST_TO_DEVICE), SSLCUDA_CAPTURE);
  };
  ASSERT_EQ(sslcuda_plan_begin(context), SSLCUDA_OK);
  expect_refused();
  EXPECT_EQ(sslcuda_plan_end(context, nullptr), SSLCUDA_NULL_POINTER);
  ASSERT_EQ(sslcuda_plan_end(context, &bytes), SSLCUDA_OK);
  ASSERT_EQ(sslcuda_graph_begin(context), SSLCUDA_OK);
  expect_refused();
  EXPECT_EQ(sslcuda_graph_end(context, nullptr), SSLCUDA_NULL_POINTER);
  ASSERT_EQ(sslcuda_graph_end(context, &graph), SSLCUDA_OK);
}

TEST(Workspace, PlanningTouchesNothingAndNeedsNoMemory) {
  const Context context;
  float value = 3;
  size_t bytes = 1;
  ASSERT_EQ(sslcuda_plan_begin(context), SSLCUDA_OK);
  EXPECT_EQ(
      sslcuda_mse(context, SSLCUDA_F32, 1 << 20, nullptr, nullptr, 0, nullptr, &value, nullptr),
      SSLCUDA_OK);
  EXPECT_EQ(sslcuda_fill(context, &value, 0, 4), SSLCUDA_OK);
  EXPECT_EQ(sslcuda_mse(context, SSLCUDA_F32, 0, nullptr, nullptr, 0, nullptr, &value, nullptr),
            SSLCUDA_INVALID_SHAPE);
  ASSERT_EQ(sslcuda_plan_end(context, &bytes), SSLCUDA_OK);
  EXPECT_GT(bytes, 0u);
  EXPECT_EQ(value, 3);
}

TEST(Graph, ReplaysFollowInputsAndCounters) {
  const Context context;
  const Buffer<float> x(context, Floats{1, 2, 3}), weight(context, Floats{2}), y(context, 3);
  const Buffer<int64_t> counter(context, std::vector<int64_t>{0});
  ASSERT_EQ(sslcuda_graph_begin(context), SSLCUDA_OK);
  ASSERT_EQ(doubled(context, 3, x, weight, y), SSLCUDA_OK);
  ASSERT_EQ(sslcuda_copy(context, x, y, 3 * sizeof(float), SSLCUDA_DEVICE_TO_DEVICE), SSLCUDA_OK);
  ASSERT_EQ(sslcuda_counter_add(context, counter, 5), SSLCUDA_OK);
  EXPECT_EQ(doubled(context, -1, x, weight, y), SSLCUDA_INVALID_SHAPE);  // and is not recorded
  sslcuda_graph* graph = nullptr;
  ASSERT_EQ(sslcuda_graph_end(context, &graph), SSLCUDA_OK);
  EXPECT_TRUE(y.untouched());
  for (int i = 0; i < 3; ++i) ASSERT_EQ(sslcuda_graph_launch(context, graph), SSLCUDA_OK);
  EXPECT_EQ(y.download(), (Floats{8, 16, 24}));
  EXPECT_EQ(counter.download()[0], 15);
  EXPECT_EQ(sslcuda_graph_destroy(context, graph), SSLCUDA_OK);
  EXPECT_EQ(sslcuda_graph_destroy(context, graph), SSLCUDA_INVALID_VALUE);
  EXPECT_EQ(sslcuda_graph_launch(context, graph), SSLCUDA_INVALID_VALUE);
  EXPECT_EQ(sslcuda_graph_launch(context, nullptr), SSLCUDA_NULL_POINTER);
  EXPECT_EQ(sslcuda_graph_destroy(context, nullptr), SSLCUDA_OK);
}

TEST(Graph, BelongsToItsContext) {
  const Context context, other;
  sslcuda_graph* graph = nullptr;
  ASSERT_EQ(sslcuda_graph_begin(context), SSLCUDA_OK);
  ASSERT_EQ(sslcuda_graph_end(context, &graph), SSLCUDA_OK);
  EXPECT_EQ(sslcuda_graph_launch(other, graph), SSLCUDA_INVALID_VALUE);
}

// A graph keeps the workspace that it was captured with, even when a larger one takes its place.
TEST(Graph, SurvivesAReserve) {
  const Context context;
  constexpr int64_t kCount = 10000;
  Floats ones(kCount, 1.0f), zeros(kCount, 0.0f);
  float loss = 0;
  ASSERT_EQ(sslcuda_graph_begin(context), SSLCUDA_OK);
  ASSERT_EQ(sslcuda_mse(context, SSLCUDA_F32, kCount, ones.data(), zeros.data(), 0, nullptr, &loss,
                        nullptr),
            SSLCUDA_OK);
  sslcuda_graph* graph = nullptr;
  ASSERT_EQ(sslcuda_graph_end(context, &graph), SSLCUDA_OK);
  ASSERT_EQ(sslcuda_context_reserve(context, size_t{64} << 20), SSLCUDA_OK);
  ASSERT_EQ(sslcuda_graph_launch(context, graph), SSLCUDA_OK);
  EXPECT_EQ(loss, 1);
}

TEST(Graph, BadLabelsAndIndicesMakeTheirRowsNaN) {
  const Context context;
  const float logits[6] = {};
  int64_t labels[2] = {0, 0};
  float row_loss[2] = {}, grad[6] = {};
  const uint8_t images[2] = {10, 20};
  int64_t indices[2] = {0, 1};
  float pixels[2] = {};
  uint16_t rows[2] = {1, 2}, picked[2] = {};
  ASSERT_EQ(sslcuda_graph_begin(context), SSLCUDA_OK);
  ASSERT_EQ(sslcuda_cross_entropy(context, SSLCUDA_F32, 2, 3, logits, 3, labels, nullptr, -100, 0,
                                  nullptr, nullptr, row_loss, grad),
            SSLCUDA_OK);
  ASSERT_EQ(sslcuda_gather_images(context, SSLCUDA_F32, 2, 1, images, 2, indices, 2, nullptr, 0,
                                  1.0f / 255, pixels),
            SSLCUDA_OK);
  ASSERT_EQ(sslcuda_gather_rows(context, 2, 2, rows, 2, indices, 2, nullptr, picked), SSLCUDA_OK);
  sslcuda_graph* graph = nullptr;
  ASSERT_EQ(sslcuda_graph_end(context, &graph), SSLCUDA_OK);
  labels[1] = 3;
  indices[1] = 2;
  ASSERT_EQ(sslcuda_graph_launch(context, graph), SSLCUDA_OK);
  EXPECT_TRUE(std::isfinite(row_loss[0]));
  EXPECT_TRUE(std::isfinite(grad[2]));
  EXPECT_TRUE(std::isnan(row_loss[1]));
  EXPECT_TRUE(std::isnan(grad[3]) && std::isnan(grad[5]));
  EXPECT_FLOAT_EQ(pixels[0], 10);
  EXPECT_TRUE(std::isnan(pixels[1]));
  EXPECT_EQ(picked[0], 1);
  EXPECT_EQ(picked[1], 0xffff);
}

}  // namespace
}  // namespace sslcuda::test
