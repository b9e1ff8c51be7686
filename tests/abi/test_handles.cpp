// test_handles.cpp - misuse of the entry points that are no ops, and of the arguments that the
// table in entries.hpp leaves out: device scalars, targets, Adam's lists.
#include <gtest/gtest.h>

#include <functional>

#include "tests/ops/context.hpp"

namespace sslcuda::test {
namespace {

struct EntryPoint {
  const char* name;
  std::function<sslcuda_status(sslcuda_context*)> call;  // valid but for the context
};

// What the calls get besides the context; none of it may be touched.
struct Untouched {
  size_t bytes = 77;
  void* pointer = &bytes;
  int32_t device = 77, ordinal = 77;
  sslcuda_stream stream = nullptr;
  sslcuda_graph* graph = nullptr;
  char text[8] = "before";
  int64_t counter = 77;

  std::vector<EntryPoint> entry_points() {
    return {
        {"sslcuda_context_device",
         [this](auto* c) { return sslcuda_context_device(c, &device, &ordinal); }},
        {"sslcuda_context_describe",
         [this](auto* c) { return sslcuda_context_describe(c, text, sizeof text); }},
        {"sslcuda_context_set_stream",
         [](auto* c) { return sslcuda_context_set_stream(c, nullptr); }},
        {"sslcuda_context_get_stream",
         [this](auto* c) { return sslcuda_context_get_stream(c, &stream); }},
        {"sslcuda_synchronize", [](auto* c) { return sslcuda_synchronize(c); }},
        {"sslcuda_context_set_log",
         [](auto* c) { return sslcuda_context_set_log(c, 0, nullptr, nullptr); }},
        {"sslcuda_plan_begin", [](auto* c) { return sslcuda_plan_begin(c); }},
        {"sslcuda_plan_end", [this](auto* c) { return sslcuda_plan_end(c, &bytes); }},
        {"sslcuda_context_reserve", [](auto* c) { return sslcuda_context_reserve(c, 1); }},
        {"sslcuda_context_set_workspace",
         [](auto* c) { return sslcuda_context_set_workspace(c, nullptr, 0); }},
        {"sslcuda_alloc", [this](auto* c) { return sslcuda_alloc(c, 8, &pointer); }},
        {"sslcuda_free", [](auto* c) { return sslcuda_free(c, nullptr); }},
        {"sslcuda_copy",
         [this](auto* c) { return sslcuda_copy(c, text, &bytes, 8, SSLCUDA_DEVICE_TO_HOST); }},
        {"sslcuda_fill", [this](auto* c) { return sslcuda_fill(c, text, 0, 8); }},
        {"sslcuda_counter_add", [this](auto* c) { return sslcuda_counter_add(c, &counter, 1); }},
        {"sslcuda_graph_begin", [](auto* c) { return sslcuda_graph_begin(c); }},
        {"sslcuda_graph_end", [this](auto* c) { return sslcuda_graph_end(c, &graph); }},
        {"sslcuda_graph_launch", [this](auto* c) { return sslcuda_graph_launch(c, graph); }},
        {"sslcuda_graph_destroy", [this](auto* c) { return sslcuda_graph_destroy(c, graph); }},
    };
  }
  void expect_so() const {
    EXPECT_TRUE(bytes == 77 && pointer == &bytes && device == 77 && ordinal == 77 && !graph &&
                counter == 77);
    EXPECT_STREQ(text, "before");
  }
};

TEST(Handles, ContextThatIsNone) {
  sslcuda_context* destroyed = nullptr;
  ASSERT_EQ(sslcuda_context_create(nullptr, &destroyed), SSLCUDA_OK);
  ASSERT_EQ(sslcuda_context_destroy(destroyed), SSLCUDA_OK);
  int64_t memory[64] = {};
  auto* const foreign = reinterpret_cast<sslcuda_context*>(memory);
  Untouched arguments;
  for (const EntryPoint& entry : arguments.entry_points()) {
    SCOPED_TRACE(entry.name);
    EXPECT_EQ(entry.call(nullptr), SSLCUDA_NULL_POINTER);
    EXPECT_EQ(last_message(nullptr), std::string(entry.name) + ": ctx must not be NULL");
    EXPECT_EQ(entry.call(destroyed), SSLCUDA_INVALID_CONTEXT);
    EXPECT_EQ(entry.call(foreign), SSLCUDA_INVALID_CONTEXT);
    EXPECT_EQ(last_message(nullptr).rfind(std::string(entry.name) + ": ctx must be a live", 0), 0u);
  }
  EXPECT_EQ(sslcuda_context_destroy(destroyed), SSLCUDA_INVALID_CONTEXT);
  EXPECT_EQ(sslcuda_context_destroy(foreign), SSLCUDA_INVALID_CONTEXT);
  char text[64];
  EXPECT_EQ(sslcuda_last_message(destroyed, text, sizeof text), SSLCUDA_INVALID_CONTEXT);
  arguments.expect_so();
}

TEST(Handles, GraphThatIsNone) {
  const Context context;
  int64_t memory[8] = {};
  auto* const foreign = reinterpret_cast<sslcuda_graph*>(memory);
  EXPECT_EQ(sslcuda_graph_launch(context, foreign), SSLCUDA_INVALID_VALUE);
  EXPECT_NE(last_message(context).find("graph must be a live graph"), std::string::npos);
  EXPECT_EQ(sslcuda_graph_destroy(context, foreign), SSLCUDA_INVALID_VALUE);
}

TEST(Handles, GraphsStayShutWhilePlanningOrCapturing) {
  const Context context;
  sslcuda_graph* graph = nullptr;
  context.must(sslcuda_graph_begin(context));
  context.must(sslcuda_graph_end(context, &graph));
  const auto expect_refused = [&] {
    EXPECT_EQ(sslcuda_graph_launch(context, graph), SSLCUDA_CAPTURE);
    EXPECT_EQ(sslcuda_graph_destroy(context, graph), SSLCUDA_CAPTURE);
  };
  context.plan([&] {
    expect_refused();
    return SSLCUDA_OK;
  });
  sslcuda_graph* other = nullptr;
  context.must(sslcuda_graph_begin(context));
  expect_refused();
  context.must(sslcuda_graph_end(context, &other));
  context.must(sslcuda_graph_launch(context, graph));
}

TEST(Handles, MemoryOfAnotherContextIsNotFreed) {
  const Context context, other;
  void* pointer = nullptr;
  context.must(sslcuda_alloc(context, 8, &pointer));
  EXPECT_EQ(sslcuda_free(other, pointer), SSLCUDA_INVALID_VALUE);
  EXPECT_EQ(sslcuda_free(context, static_cast<char*>(pointer) + 1), SSLCUDA_INVALID_VALUE);
  EXPECT_EQ(sslcuda_free(context, pointer), SSLCUDA_OK);
}

TEST(Handles, SizesThatCannotBe) {
  const Context context;
  char byte = 7;
  EXPECT_EQ(sslcuda_context_reserve(context, SIZE_MAX), SSLCUDA_SIZE_OVERFLOW);
  EXPECT_EQ(sslcuda_context_reserve(context, size_t{1} << 62), SSLCUDA_OUT_OF_MEMORY);
  EXPECT_EQ(sslcuda_fill(context, &byte, 0, SIZE_MAX), SSLCUDA_SIZE_OVERFLOW);
  EXPECT_EQ(sslcuda_copy(context, &byte, &byte, SIZE_MAX, SSLCUDA_DEVICE_TO_DEVICE),
            SSLCUDA_SIZE_OVERFLOW);
  for (const int32_t direction : {-1, 3}) {
    EXPECT_EQ(sslcuda_copy(context, &byte, &byte, 1, direction), SSLCUDA_UNSUPPORTED);
  }
  for (const int32_t value : {-1, 256}) {
    EXPECT_EQ(sslcuda_fill(context, &byte, value, 1), SSLCUDA_INVALID_VALUE);
    EXPECT_NE(last_message(context).find("value must be in 0..255, got " + std::to_string(value)),
              std::string::npos);
  }
  EXPECT_EQ(byte, 7);
}

TEST(Handles, MessagesAreCutToFit) {
  const Context context;
  EXPECT_EQ(sslcuda_counter_add(context, nullptr, 1), SSLCUDA_NULL_POINTER);
  const std::string whole = last_message(context);
  for (const size_t capacity : {size_t{1}, size_t{5}, whole.size(), whole.size() + 1}) {
    std::string buffer(whole.size() + 8, '#');
    EXPECT_EQ(sslcuda_last_message(context, buffer.data(), capacity), SSLCUDA_OK);
    EXPECT_EQ(std::string(buffer.c_str()), whole.substr(0, capacity - 1));
    EXPECT_EQ(buffer.substr(capacity), std::string(buffer.size() - capacity, '#'));
  }
}

// The callback runs inside a call, so the context is busy; its message can be read all the same.
void meddle(int32_t level, const char*, void* user) {
  auto* const context = static_cast<sslcuda_context*>(user);
  if (level != SSLCUDA_LOG_INFO) return;
  EXPECT_EQ(sslcuda_context_destroy(context), SSLCUDA_BUSY);
  EXPECT_NE(last_message(nullptr).find("ctx is in use"), std::string::npos);
  EXPECT_NE(last_message(context).find("counter"), std::string::npos);
}

TEST(Handles, ABusyContextIsNotDestroyed) {
  const Context context;
  EXPECT_EQ(sslcuda_counter_add(context, nullptr, 1), SSLCUDA_NULL_POINTER);
  context.must(sslcuda_context_set_log(context, SSLCUDA_LOG_INFO, meddle, context));
  context.must(sslcuda_context_reserve(context, 16 << 20));
  context.must(sslcuda_synchronize(context));
}

TEST(Handles, ScalarsInDeviceMemoryAreInputs) {
  const Context context;
  float a[4] = {1, 2, 3, 4}, b[4] = {4, 3, 2, 1}, s[4] = {};
  EXPECT_EQ(
      sslcuda_similarity_forward(context, SSLCUDA_F32, 2, 2, 2, a, 2, b, 2, 0, 0, s + 3, s, 2),
      SSLCUDA_ALIASED);
  EXPECT_NE(last_message(context).find("tau_device"), std::string::npos) << last_message(context);
  EXPECT_EQ(sslcuda_infonce(context, SSLCUDA_F32, 2, 2, a, 2, b, 2, 0, s, nullptr, s, nullptr,
                            nullptr, nullptr, nullptr),
            SSLCUDA_ALIASED);
  EXPECT_EQ(sslcuda_infonce(context, SSLCUDA_F32, 2, 2, a, 2, b, 2, 0, a, nullptr, s, nullptr,
                            nullptr, nullptr, nullptr),
            SSLCUDA_OK);  // a bad tau by value does not matter then
}

TEST(Handles, HostMemoryIsRefusedOnCuda) {
  if (device_count() == 0) GTEST_SKIP() << "no CUDA device";
  const Context context(SSLCUDA_DEVICE_CUDA);
  const Buffer<float> x(context, {1, 2});
  const float host[2] = {};
  float loss = 7;
  EXPECT_EQ(sslcuda_mse(context, SSLCUDA_F32, 2, x, host, 0, nullptr, nullptr, x),
            SSLCUDA_WRONG_DEVICE);
  EXPECT_NE(last_message(context).find("target must point to memory of cuda"), std::string::npos);
  EXPECT_EQ(sslcuda_mse(context, SSLCUDA_F32, 2, x, x, 0, nullptr, &loss, nullptr),
            SSLCUDA_WRONG_DEVICE);
  EXPECT_EQ(loss, 7);
}

TEST(Handles, InfoNceOfOneTensor) {
  const Context context;
  float a[8] = {1, 2, 3, 4, 5, 6, 7, 8}, grad[8] = {};
  const auto call = [&](const float* b, int64_t ldb, float* grad_b) {
    return sslcuda_infonce(context, SSLCUDA_F32, 2, 2, a, 2, b, ldb, 1, nullptr, nullptr, nullptr,
                           nullptr, grad, grad_b, nullptr);
  };
  EXPECT_EQ(call(a, 3, nullptr), SSLCUDA_INVALID_STRIDE);
  EXPECT_EQ(call(a + 4, 2, grad), SSLCUDA_ALIASED);  // only where b is a
  EXPECT_EQ(call(a, 2, grad + 1), SSLCUDA_ALIASED);
  EXPECT_EQ(grad[0], 0);
  EXPECT_EQ(call(a, 2, grad), SSLCUDA_OK);
}

TEST(Handles, TargetsAreAnInput) {
  const Context context;
  float logits[4] = {1, 2, 3, 4}, targets[4] = {0, 1, 1, 0};
  EXPECT_EQ(sslcuda_cross_entropy(context, SSLCUDA_F32, 2, 2, logits, 2, nullptr, targets, -100, 0,
                                  nullptr, nullptr, nullptr, targets),
            SSLCUDA_ALIASED);
  EXPECT_EQ(sslcuda_cross_entropy(context, SSLCUDA_F32, 2, 2, logits, 2, nullptr, targets, -100, 0,
                                  nullptr, nullptr, nullptr, logits),
            SSLCUDA_OK);
}

TEST(Handles, AdamLists) {
  const Context context;
  float memory[4][4] = {};
  const int64_t counts[] = {4};
  void* const params[] = {memory[0]};
  const void* const grads[] = {memory[1]};
  void* const moments[] = {memory[2]};
  void* const variances[] = {memory[3]};
  const auto call = [&](int64_t tensors, const int64_t* c, void* const* p, const void* const* g,
                        void* const* m, void* const* v) {
    return sslcuda_adam_step(context, SSLCUDA_F32, tensors, c, p, g, m, v, 1e-3, nullptr, 0.9,
                             0.999, 1e-8, 1, nullptr);
  };
  EXPECT_EQ(call(-1, counts, params, grads, moments, variances), SSLCUDA_INVALID_SHAPE);
  for (const int64_t tensors : {int64_t{1} << 62, INT64_MAX}) {
    EXPECT_EQ(call(tensors, counts, params, grads, moments, variances), SSLCUDA_SIZE_OVERFLOW);
  }
  const auto expect_null = [&](sslcuda_status status, const char* name) {
    EXPECT_EQ(status, SSLCUDA_NULL_POINTER);
    EXPECT_NE(last_message(context).find(name), std::string::npos) << last_message(context);
  };
  expect_null(call(1, nullptr, params, grads, moments, variances), "counts");
  expect_null(call(1, counts, nullptr, grads, moments, variances), "params");
  expect_null(call(1, counts, params, nullptr, moments, variances), "grads");
  expect_null(call(1, counts, params, grads, nullptr, variances), "moments");
  expect_null(call(1, counts, params, grads, moments, nullptr), "variances");
  EXPECT_EQ(call(0, nullptr, nullptr, nullptr, nullptr, nullptr), SSLCUDA_OK);
  const float* const lr = memory[0];
  EXPECT_EQ(sslcuda_adam_step(context, SSLCUDA_F32, 1, counts, params, grads, moments, variances, 0,
                              lr, 0.9, 0.999, 1e-8, 1, nullptr),
            SSLCUDA_ALIASED);
}

}  // namespace
}  // namespace sslcuda::test
