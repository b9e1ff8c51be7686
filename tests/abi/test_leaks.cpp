// test_leaks.cpp - contexts that come and go leave nothing behind: not a byte, thread or file.
#include <gtest/gtest.h>

#include "tests/abi/entries.hpp"
#include "tests/abi/resources.hpp"
#include "tests/ops/context.hpp"

namespace sslcuda::test {
namespace {

// What a context may own when it is destroyed: memory, graphs, a capture that never ended, a
// failure's message. Which of them is up to `turn`.
void use(sslcuda_context* context, const std::vector<Entry>& entries, size_t turn) {
  const Entry& entry = entries[turn % entries.size()];
  void* pointer = nullptr;
  sslcuda_graph* graph = nullptr;
  if (turn % 2 == 0) {
    ASSERT_EQ(sslcuda_alloc(context, 1000, &pointer), SSLCUDA_OK);
  }
  if (turn % 3 == 0) {
    ASSERT_EQ(entry.call(context, entry), SSLCUDA_OK);
  }
  if (turn % 4 == 0) {
    ASSERT_EQ(sslcuda_graph_begin(context), SSLCUDA_OK);
    ASSERT_EQ(entry.call(context, entry), SSLCUDA_OK);
    ASSERT_EQ(sslcuda_graph_end(context, &graph), SSLCUDA_OK);
    ASSERT_EQ(sslcuda_context_reserve(context, 1 << 16), SSLCUDA_OK);
  }
  if (turn % 5 == 0) {
    ASSERT_EQ(sslcuda_fill(context, nullptr, 0, 8), SSLCUDA_NULL_POINTER);
  }
  if (turn % 7 == 0) {
    ASSERT_EQ(sslcuda_graph_begin(context), SSLCUDA_OK);
    ASSERT_EQ(entry.call(context, entry), SSLCUDA_OK);
  }
}

TEST(Leaks, TenThousandContextsLeaveNothing) {
  constexpr size_t kTimes = 10000, kWarmUp = 500;
  Entries entries;
  sslcuda_context_options options = SSLCUDA_CONTEXT_OPTIONS_INIT;
  options.device = SSLCUDA_DEVICE_CPU;
  options.workspace_bytes = 8192;
  Resources before{};
  for (size_t turn = 0; turn < kTimes; ++turn) {
    if (turn == kWarmUp) before = Resources::now();
    sslcuda_context* context = nullptr;
    ASSERT_EQ(sslcuda_context_create(&options, &context), SSLCUDA_OK);
    ASSERT_NO_FATAL_FAILURE(use(context, entries.all(), turn)) << "turn " << turn;
    ASSERT_EQ(sslcuda_context_destroy(context), SSLCUDA_OK);
  }
  EXPECT_EQ(Resources::now(), before);
}

// The same with the library's defaults: all threads, 4 MiB of workspace.
TEST(Leaks, AThousandDefaultContextsLeaveNothing) {
  Resources before{};
  for (int turn = 0; turn < 1000; ++turn) {
    if (turn == 10) before = Resources::now();
    sslcuda_context* context = nullptr;
    ASSERT_EQ(sslcuda_context_create(nullptr, &context), SSLCUDA_OK);
    ASSERT_EQ(sslcuda_context_destroy(context), SSLCUDA_OK);
  }
  EXPECT_EQ(Resources::now(), before);
}

}  // namespace
}  // namespace sslcuda::test
