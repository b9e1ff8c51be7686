// test_out_of_memory.cpp - every allocation of every call fails once, by itself and with all that
// follow: the call says OUT_OF_MEMORY, its outputs stay as they were, not a byte is lost, and the
// same call succeeds right after.
#include <gtest/gtest.h>

#include <functional>

#include "tests/abi/alloc_faults.hpp"
#include "tests/abi/entries.hpp"
#include "tests/abi/resources.hpp"
#include "tests/ops/context.hpp"

namespace sslcuda::test {
namespace {

using Call = std::function<sslcuda_status()>;
using Bytes = std::vector<uint8_t>;

sslcuda_status create(sslcuda_context** context) {
  sslcuda_context_options options = SSLCUDA_CONTEXT_OPTIONS_INIT;
  options.device = SSLCUDA_DEVICE_CPU;
  options.threads = 1;  // OpenMP's runtime ends the process when a thread cannot be started
  return sslcuda_context_create(&options, context);
}

class OutOfMemory : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(create(&context_), SSLCUDA_OK);
    // A message as long as any, so that the context has the room for later ones.
    ASSERT_NE(sslcuda_alloc(context_, SIZE_MAX, nullptr), SSLCUDA_OK);
    EXPECT_NE(sslcuda_free(context_, this), SSLCUDA_OK);
  }
  void TearDown() override { EXPECT_EQ(sslcuda_context_destroy(context_), SSLCUDA_OK); }

  // The call with its nth allocation failing; returns whether there was one. Twice, as the first
  // exception of a kind leaves caches behind; a leak comes again.
  bool fail_nth(const Call& call, int nth, bool all_after, const Call& undo) {
    SCOPED_TRACE("allocation " + std::to_string(nth) + (all_after ? " and all after it" : ""));
    size_t before = 0, after = 0;
    for (int time = 0; time < 2; ++time) {
      before = Resources::heap();
      arm(nth, all_after);
      const sslcuda_status status = call();
      const int count = disarm();
      after = Resources::heap();
      if (count < nth) {
        EXPECT_EQ(status == SSLCUDA_OK ? undo() : status, SSLCUDA_OK);
        return false;
      }
      EXPECT_STREQ(sslcuda_status_name(status), "SSLCUDA_OUT_OF_MEMORY");
      when_refused_();
    }
    EXPECT_EQ(after, before) << "bytes of the heap";
    return true;
  }

  // All of them; `undo` takes back what a successful call has done. Returns how many there were.
  int fail_every(const Call& call, const Call& undo) {
    EXPECT_EQ(call(), SSLCUDA_OK);
    EXPECT_EQ(undo(), SSLCUDA_OK);
    int count = 0;
    for (const bool all_after : {false, true}) {
      for (int nth = 1; fail_nth(call, nth, all_after, undo); ++nth) {
        ++count;
        EXPECT_EQ(call(), SSLCUDA_OK) << "after allocation " << nth;
        EXPECT_EQ(undo(), SSLCUDA_OK);
        if (HasFailure()) return count;
      }
    }
    return count;
  }
  static sslcuda_status nothing() { return SSLCUDA_OK; }

  sslcuda_context* context_ = nullptr;
  std::function<void()> when_refused_ = [] {};
};

TEST_F(OutOfMemory, Contexts) {
  sslcuda_context* other = nullptr;
  const int count = fail_every(
      [&] {
        const sslcuda_status status = create(&other);
        EXPECT_EQ(other == nullptr, status != SSLCUDA_OK);
        return status;
      },
      [&] { return sslcuda_context_destroy(other); });
  EXPECT_GE(count, 8);
}

TEST_F(OutOfMemory, Memory) {
  void* pointer = nullptr;
  EXPECT_GE(fail_every([&] { return sslcuda_alloc(context_, 1000, &pointer); },
                       [&] { return sslcuda_free(context_, pointer); }),
            4);
}

TEST_F(OutOfMemory, Questions) {
  char text[64];
  fail_every([&] { return sslcuda_context_describe(context_, text, sizeof text); }, nothing);
  fail_every([&] { return sslcuda_last_message(context_, text, sizeof text); }, nothing);
  fail_every([&] { return sslcuda_synchronize(context_); }, nothing);
}

// It grows, so each try takes more. With a graph the old one is kept as well.
TEST_F(OutOfMemory, Workspace) {
  size_t bytes = size_t{4} << 20;
  const auto grow = [&] { return sslcuda_context_reserve(context_, bytes += 4096); };
  for (const bool with_graph : {false, true}) {
    sslcuda_graph* graph = nullptr;
    if (with_graph) {
      ASSERT_EQ(sslcuda_graph_begin(context_), SSLCUDA_OK);
      ASSERT_EQ(sslcuda_graph_end(context_, &graph), SSLCUDA_OK);
    }
    int nth = 1;
    while (fail_nth(grow, nth, false, nothing)) {
      EXPECT_EQ(grow(), SSLCUDA_OK);
      ++nth;
    }
    EXPECT_EQ(nth, with_graph ? 3 : 2);
  }
}

// A capture survives: begin and end can be tried again, and what could not be recorded is not.
TEST_F(OutOfMemory, Graphs) {
  float x[4] = {1, 2, 3, 4};
  sslcuda_graph* graph = nullptr;
  const Call end = [&] { return sslcuda_graph_end(context_, &graph); };
  const Call destroy = [&] { return sslcuda_graph_destroy(context_, graph); };
  EXPECT_GE(fail_every([&] { return sslcuda_graph_begin(context_); },
                       [&] {
                         const sslcuda_status status = end();
                         return status ? status : destroy();
                       }),
            2);
  ASSERT_EQ(sslcuda_graph_begin(context_), SSLCUDA_OK);
  int recorded = 0;
  fail_every([&] { return sslcuda_fill(context_, x, 0, sizeof x); },
             [&] {
               ++recorded;
               return SSLCUDA_OK;
             });
  EXPECT_GT(recorded, 0);
  for (int nth = 1;; ++nth) {
    arm(nth);
    const sslcuda_status status = end();
    if (disarm() < nth) {
      EXPECT_EQ(status, SSLCUDA_OK);
      break;
    }
    EXPECT_EQ(status, SSLCUDA_OUT_OF_MEMORY);
  }
  EXPECT_EQ(x[0], 1);
  EXPECT_EQ(sslcuda_graph_launch(context_, graph), SSLCUDA_OK);
  EXPECT_EQ(x[0], 0);
  EXPECT_EQ(destroy(), SSLCUDA_OK);
}

TEST_F(OutOfMemory, EveryOp) {
  Entries entries;
  int failed = 0;
  for (const Entry& entry : entries.all()) {
    SCOPED_TRACE(entry.name);
    const auto outputs = [&] {
      Bytes all;
      for (const auto& [name, pointer] : entry.pointers) {
        const auto* const bytes = static_cast<const uint8_t*>(pointer.data);
        if (pointer.is_output()) all.insert(all.end(), bytes, bytes + pointer.bytes);
      }
      return all;
    };
    Bytes before = outputs();
    when_refused_ = [&] { EXPECT_EQ(outputs(), before) << "written by a call that was refused"; };
    failed += fail_every(
        [&] {
          try {
            return entry.call(context_, entry);
          } catch (const std::bad_alloc&) {  // of the table's own: the library throws nothing
            return sslcuda_status{SSLCUDA_OUT_OF_MEMORY};
          }
        },

        [&] {
          before = outputs();
          return SSLCUDA_OK;
        });
    if (HasFailure()) return;
  }
  EXPECT_GT(failed, 100);
}

}  // namespace
}  // namespace sslcuda::test
