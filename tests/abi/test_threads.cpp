// test_threads.cpp - contexts in many threads at once, each with every op of entries.hpp: the bits
// are those of one thread, and ThreadSanitizer, in the build that has it, sees no race.
#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <thread>

#include "tests/abi/entries.hpp"
#include "tests/ops/context.hpp"

namespace sslcuda::test {
namespace {

constexpr int kThreads = 16;

using Bytes = std::vector<uint8_t>;

// Runs every op directly and in a graph; returns all outputs, or nothing if a call failed.
Bytes run_all(int threads) {
  Entries entries;
  sslcuda_context_options options = SSLCUDA_CONTEXT_OPTIONS_INIT;
  options.device = SSLCUDA_DEVICE_CPU;
  options.threads = threads;
  sslcuda_context* context = nullptr;
  if (sslcuda_context_create(&options, &context)) return {};
  Bytes all;
  bool fine = true;
  for (const Entry& entry : entries.all()) {
    sslcuda_graph* graph = nullptr;
    fine = fine && entry.call(context, entry) == SSLCUDA_OK && !sslcuda_graph_begin(context) &&
           !entry.call(context, entry) && !sslcuda_graph_end(context, &graph) &&
           !sslcuda_graph_launch(context, graph) && !sslcuda_graph_destroy(context, graph);
    for (const auto& [name, pointer] : entry.pointers) {
      const auto* const bytes = static_cast<const uint8_t*>(pointer.data);
      if (pointer.is_output()) all.insert(all.end(), bytes, bytes + pointer.bytes);
    }
  }
  fine = fine && sslcuda_context_destroy(context) == SSLCUDA_OK;
  return fine ? all : Bytes{};
}

// Enough work that the context's own threads take part.
float large_product(int threads) {
  constexpr int64_t kSide = 96;
  const Context context(SSLCUDA_DEVICE_CPU, threads);
  std::vector<float> x(kSide * kSide), y(kSide * kSide);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i % 7) - 3;
  float sum = 0;
  for (int i = 0; i < 3; ++i) {
    context.must(sslcuda_linear_forward(context, SSLCUDA_F32, kSide, kSide, kSide, x.data(),
                                        x.data(), nullptr, SSLCUDA_ACTIVATION_RELU, y.data()));
    context.must(sslcuda_l2_normalize_forward(context, SSLCUDA_F32, kSide, kSide, y.data(),
                                              y.data(), nullptr));
  }
  for (const float value : y) sum += value;
  return sum;
}

template <class Body>
void in_threads(const Body& body) {
  std::atomic<int> waiting{kThreads};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      --waiting;
      while (waiting > 0) std::this_thread::yield();  // so that all begin at once
      body(t);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Threads, EveryOpInAContextOfItsOwn) {
  const Bytes expected = run_all(1);
  ASSERT_FALSE(expected.empty());
  std::vector<Bytes> results(kThreads);
  in_threads([&](int t) { results[static_cast<size_t>(t)] = run_all(1 + t % 2); });
  for (const Bytes& result : results) EXPECT_EQ(result, expected);
}

TEST(Threads, ContextsWithThreadsOfTheirOwn) {
  const float expected = large_product(1);
  std::vector<float> results(kThreads);
  in_threads([&](int t) { results[static_cast<size_t>(t)] = large_product(1 + t % 3); });
  for (const float result : results) EXPECT_EQ(result, expected);
}

// One context: a call is served or told that another one is being served, and the message can be
// read at any time.
TEST(Threads, OneContextServesOneCallAtATime) {
  const Context context(SSLCUDA_DEVICE_CPU, 1);
  std::atomic<int> served{0}, refused{0}, other{0};
  in_threads([&](int) {
    for (int i = 0; i < 200; ++i) {
      float value = 1, loss = 0;
      const sslcuda_status status =
          sslcuda_mse(context, SSLCUDA_F32, 1, &value, &value, 0, nullptr, &loss, nullptr);
      ++(status == SSLCUDA_OK ? served : status == SSLCUDA_BUSY ? refused : other);
      char text[64];
      if (sslcuda_last_message(context, text, sizeof text)) ++other;
    }
  });
  EXPECT_EQ(other, 0);
  EXPECT_GT(served, 0);
  EXPECT_EQ(served + refused, kThreads * 200);
}

}  // namespace
}  // namespace sslcuda::test
