// test_dtypes.cpp - which ops take which storage types, and that a type decides how many bytes a
// tensor has.
#include <gtest/gtest.h>

#include <set>

#include "tests/abi/entries.hpp"
#include "tests/ops/context.hpp"

namespace sslcuda::test {
namespace {

bool takes_every_dtype(const std::string& name) {
  static const std::set<std::string> kNames = {
      "sslcuda_matmul",      "sslcuda_linear_forward",     "sslcuda_linear_backward",
      "sslcuda_infonce",     "sslcuda_similarity_forward", "sslcuda_similarity_backward",
      "sslcuda_contrastive", "sslcuda_linear_mse"};
  return kNames.contains(name);
}

TEST(DTypes, OfEveryEntry) {
  Entries entries;
  const Context context;
  for (const Entry& entry : entries.all()) {
    if (!entry.choices.contains("dtype")) continue;
    for (const int32_t dtype : {SSLCUDA_F32, SSLCUDA_BF16, SSLCUDA_F16, SSLCUDA_TF32}) {
      Entry call = entry;
      call.choices["dtype"] = dtype;
      const bool taken = dtype == SSLCUDA_F32 || takes_every_dtype(entry.name);
      EXPECT_EQ(call.call(context, call), taken ? SSLCUDA_OK : SSLCUDA_UNSUPPORTED)
          << entry.name << " " << dtype << ": " << last_message(context);
    }
  }
}

// Tensors that touch in 16 bits overlap in 32.
TEST(DTypes, DecideTheSizeOfTensors) {
  const Context context;
  for (const int32_t dtype : {SSLCUDA_F32, SSLCUDA_BF16, SSLCUDA_F16, SSLCUDA_TF32}) {
    const bool narrow = dtype == SSLCUDA_BF16 || dtype == SSLCUDA_F16;
    float memory[32] = {};
    auto* const bytes = reinterpret_cast<uint8_t*>(memory);
    const sslcuda_status expected = narrow ? SSLCUDA_OK : SSLCUDA_ALIASED;
    EXPECT_EQ(
        sslcuda_matmul(context, dtype, 2, 2, 3, bytes, 3, 0, bytes + 32, 2, 0, 1, 0, bytes + 12, 2),
        expected)
        << last_message(context);
    EXPECT_EQ(
        sslcuda_linear_forward(context, dtype, 2, 3, 2, bytes, bytes + 32, nullptr, 0, bytes + 12),
        expected)
        << last_message(context);
    EXPECT_EQ(sslcuda_infonce(context, dtype, 2, 3, bytes, 3, bytes + 32, 3, 1, nullptr, nullptr,
                              nullptr, nullptr, bytes + 12, nullptr, nullptr),
              expected)
        << last_message(context);
    EXPECT_EQ(sslcuda_similarity_forward(context, dtype, 2, 2, 3, bytes, 3, bytes + 32, 3, 0, 1,
                                         nullptr, bytes + 12, 2),
              expected)
        << last_message(context);
    // Row statistics are float32 in every type.
    EXPECT_EQ(
        sslcuda_infonce(context, dtype, 2, 3, bytes, 3, bytes + 32, 3, 1, nullptr, nullptr, nullptr,
                        reinterpret_cast<float*>(bytes + 28), nullptr, nullptr, nullptr),
        SSLCUDA_ALIASED);
  }
}

}  // namespace
}  // namespace sslcuda::test
