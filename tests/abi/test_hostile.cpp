// test_hostile.cpp - what fuzzing and failing allocations have brought to light, in plain words.
#include <gtest/gtest.h>

#include <set>

#include "tests/abi/entries.hpp"
#include "tests/ops/context.hpp"

namespace sslcuda::test {
namespace {

// On a GPU a misaligned access ends the whole process' use of it, so it is refused everywhere.
TEST(Hostile, PointersThatAreNotAligned) {
  const Context context;
  const std::set<std::string> bytes = {"images", "rows"};
  Entries entries;
  for (const Entry& entry : entries.all()) {
    for (const auto& [name, pointer] : entry.pointers) {
      if (bytes.contains(name) || (name == "y" && entry.name == "sslcuda_gather_rows")) continue;
      SCOPED_TRACE(entry.name + ": " + name);
      Entry spoilt = entry;
      spoilt.pointers[name].data = static_cast<uint8_t*>(pointer.data) + 1;
      EXPECT_STREQ(sslcuda_status_name(spoilt.call(context, spoilt)), "SSLCUDA_INVALID_VALUE");
      EXPECT_NE(last_message(context).find(" must be aligned to its elements of "),
                std::string::npos)
          << last_message(context);
    }
  }
}

// The host's side of a copy is checked as well, but for whose memory it is.
TEST(Hostile, CopiesFromAndToNothing) {
  const Context context;
  uint8_t memory[8] = {1, 2, 3};
  EXPECT_EQ(sslcuda_copy(context, memory, nullptr, 8, SSLCUDA_HOST_TO_DEVICE),
            SSLCUDA_NULL_POINTER);
  EXPECT_EQ(last_message(context), "sslcuda_copy: source must not be NULL");
  EXPECT_EQ(sslcuda_copy(context, nullptr, memory, 8, SSLCUDA_DEVICE_TO_HOST),
            SSLCUDA_NULL_POINTER);
  EXPECT_EQ(last_message(context), "sslcuda_copy: destination must not be NULL");
  for (const int32_t direction : {SSLCUDA_HOST_TO_DEVICE, SSLCUDA_DEVICE_TO_HOST}) {
    EXPECT_EQ(sslcuda_copy(context, memory + 1, memory, 7, direction), SSLCUDA_ALIASED);
  }
  EXPECT_EQ(memory[1], 2);
}

TEST(Hostile, OptionsThatNoMachineHas) {
  sslcuda_context* context = nullptr;
  sslcuda_context_options options = SSLCUDA_CONTEXT_OPTIONS_INIT;
  options.device = SSLCUDA_DEVICE_CPU;
  options.threads = 1025;
  EXPECT_EQ(sslcuda_context_create(&options, &context), SSLCUDA_INVALID_VALUE);
  EXPECT_NE(last_message(nullptr).find("options->threads must be <= 1024, got 1025"),
            std::string::npos);
  options.threads = 1024;
  ASSERT_EQ(sslcuda_context_create(&options, &context), SSLCUDA_OK);
  EXPECT_EQ(sslcuda_context_destroy(context), SSLCUDA_OK);
  options.threads = 1;
  for (const size_t bytes : {SIZE_MAX, SIZE_MAX - 100, size_t{PTRDIFF_MAX} + 1}) {
    options.workspace_bytes = bytes;
    EXPECT_EQ(sslcuda_context_create(&options, &context), SSLCUDA_SIZE_OVERFLOW) << bytes;
    EXPECT_EQ(context, nullptr);
  }
}

TEST(Hostile, CountersWrapAround) {
  const Context context;
  int64_t counter = INT64_MAX;
  EXPECT_EQ(sslcuda_counter_add(context, &counter, 1), SSLCUDA_OK);
  EXPECT_EQ(counter, INT64_MIN);
  EXPECT_EQ(sslcuda_counter_add(context, &counter, INT64_MIN), SSLCUDA_OK);
  EXPECT_EQ(counter, 0);
}

TEST(Hostile, MasksOfAsManyColumnsAsThereAreNumbers) {
  const Context context;
  sslcuda_contrastive_args args = SSLCUDA_CONTRASTIVE_INIT;
  const float a = 1;
  const uint32_t mask = 1;
  float loss = 0;
  args.n = args.d = args.lda = args.ldb = args.ld_mask = 1;
  args.m = INT64_MAX;
  args.a = args.b = &a;
  args.mask = &mask;
  args.loss = &loss;
  EXPECT_EQ(sslcuda_contrastive(context, SSLCUDA_F32, &args), SSLCUDA_INVALID_STRIDE);
  args.ld_mask = INT64_MAX;
  EXPECT_EQ(sslcuda_contrastive(context, SSLCUDA_F32, &args), SSLCUDA_SIZE_OVERFLOW);
}

}  // namespace
}  // namespace sslcuda::test
