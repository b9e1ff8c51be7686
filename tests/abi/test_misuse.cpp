// test_misuse.cpp - whatever can be wrong with a call of an op: the status, a message that names
// the argument and its value, and outputs that stay as they were. The rules come before any
// backend, so the CPU stands for both.
#include <gtest/gtest.h>

#include <cstring>

#include "tests/abi/entries.hpp"
#include "tests/ops/context.hpp"

namespace sslcuda::test {
namespace {

constexpr uint8_t kPattern = 0xc5;

class Misuse : public testing::Test {
 protected:
  // Calls a spoilt entry and expects the status, with `mentioned` in the message.
  void refused(const Entry& entry, sslcuda_status expected, const std::string& mentioned,
               const std::string& what) {
    SCOPED_TRACE(entry.name + ": " + what);
    for (const auto& [name, pointer] : entry.pointers) {
      if (pointer.data && pointer.is_output()) std::memset(pointer.data, kPattern, pointer.bytes);
    }
    EXPECT_STREQ(sslcuda_status_name(entry.call(context_, entry)), sslcuda_status_name(expected));
    const std::string message = last_message(context_);
    EXPECT_EQ(message.rfind(entry.name + ": ", 0), 0u) << message;
    EXPECT_NE(message.find(mentioned), std::string::npos) << message << " lacks " << mentioned;
    for (const auto& [name, pointer] : entry.pointers) {
      if (!pointer.data || !pointer.is_output()) continue;
      const auto* const bytes = static_cast<const uint8_t*>(pointer.data);
      EXPECT_TRUE(
          std::all_of(bytes, bytes + pointer.bytes, [](uint8_t b) { return b == kPattern; }))
          << name << " was written";
    }
  }

  Entries entries_;
  Context context_{SSLCUDA_DEVICE_CPU};
};

TEST_F(Misuse, EveryEntryIsValidToBeginWith) {
  for (const Entry& entry : entries_.all()) {
    EXPECT_EQ(entry.call(context_, entry), SSLCUDA_OK) << last_message(context_);
  }
}

TEST_F(Misuse, Context) {
  sslcuda_context* destroyed = nullptr;
  ASSERT_EQ(sslcuda_context_create(nullptr, &destroyed), SSLCUDA_OK);
  ASSERT_EQ(sslcuda_context_destroy(destroyed), SSLCUDA_OK);
  int64_t foreign[64] = {};
  for (const Entry& entry : entries_.all()) {
    SCOPED_TRACE(entry.name);
    EXPECT_EQ(entry.call(nullptr, entry), SSLCUDA_NULL_POINTER);
    EXPECT_EQ(last_message(nullptr), entry.name + ": ctx must not be NULL");
    EXPECT_EQ(entry.call(destroyed, entry), SSLCUDA_INVALID_CONTEXT);
    EXPECT_EQ(entry.call(reinterpret_cast<sslcuda_context*>(foreign), entry),
              SSLCUDA_INVALID_CONTEXT);
    EXPECT_NE(last_message(nullptr).find("ctx must be a live context"), std::string::npos);
  }
}

TEST_F(Misuse, Choices) {
  for (const Entry& entry : entries_.all()) {
    for (const auto& [name, value] : entry.choices) {
      for (const int64_t bad : {-1, 99}) {
        Entry spoilt = entry;
        spoilt.choices[name] = bad;
        refused(spoilt, SSLCUDA_UNSUPPORTED, name + " must be", name);
        refused(spoilt, SSLCUDA_UNSUPPORTED, "got " + std::to_string(bad), name);
      }
    }
  }
}

TEST_F(Misuse, SigmoidIsForLinearLayersOnly) {
  for (const Entry& entry : entries_.all()) {
    const bool is_linear = entry.name.find("linear") != std::string::npos;
    if (is_linear || !entry.choices.contains("activation")) continue;
    Entry spoilt = entry;
    spoilt.choices["activation"] = SSLCUDA_ACTIVATION_SIGMOID;
    refused(spoilt, SSLCUDA_UNSUPPORTED, "activation", "sigmoid");
  }
}

TEST_F(Misuse, ExtentsBelowTheLeast) {
  for (const Entry& entry : entries_.all()) {
    for (const auto& [name, value] : entry.extents) {
      if (entry.strides.contains(name)) continue;
      const auto least = entry.least.find(name);
      Entry spoilt = entry;
      spoilt.extents[name] = least == entry.least.end() ? -1 : least->second - 1;
      refused(spoilt, SSLCUDA_INVALID_SHAPE, name + " must be >= ", name);
      spoilt.extents[name] = INT64_MIN;
      refused(spoilt, SSLCUDA_INVALID_SHAPE, "got " + std::to_string(INT64_MIN), name);
    }
  }
}

TEST_F(Misuse, ExtentsThatOverflow) {
  for (const Entry& entry : entries_.all()) {
    for (const auto& [name, value] : entry.extents) {
      if (name.rfind("kernel", 0) == 0 || name.rfind("stride", 0) == 0) continue;
      for (const int64_t huge : {int64_t{1} << 62, INT64_MAX}) {
        Entry spoilt = entry;
        spoilt.extents[name] = huge;
        for (const auto& [stride, width] : entry.strides) {
          if (width == name) spoilt.extents[stride] = huge;
        }
        // A dilation so large leaves the kernel larger than the image where it does not overflow.
        const bool dilation = name.rfind("dilation", 0) == 0 && huge == int64_t{1} << 62;
        refused(spoilt, SSLCUDA_SIZE_OVERFLOW, dilation ? "" : "below 2^63", name);
      }
    }
  }
}

TEST_F(Misuse, Strides) {
  for (const Entry& entry : entries_.all()) {
    for (const auto& [name, width] : entry.strides) {
      Entry spoilt = entry;
      spoilt.extents[name] = entry.extents.at(width) - 1;
      refused(spoilt, SSLCUDA_INVALID_STRIDE, name + " must be >= " + width, name);
      spoilt.extents[name] = -8;
      refused(spoilt, SSLCUDA_INVALID_STRIDE, "got -8", name);
    }
  }
}

TEST_F(Misuse, Scalars) {
  for (const Entry& entry : entries_.all()) {
    for (const auto& [name, values] : entry.bad_scalars) {
      for (const double bad : values) {
        Entry spoilt = entry;
        spoilt.scalars[name] = bad;
        refused(spoilt, SSLCUDA_INVALID_VALUE, name + " must be", std::to_string(bad));
      }
    }
  }
}

TEST_F(Misuse, NullPointers) {
  for (const Entry& entry : entries_.all()) {
    for (const auto& [name, pointer] : entry.pointers) {
      if (!pointer.is_required()) continue;
      Entry spoilt = entry;
      spoilt.pointers[name].data = nullptr;
      refused(spoilt, SSLCUDA_NULL_POINTER, name, name);
    }
  }
}

TEST_F(Misuse, OptionalPointersMayBeLeftOut) {
  for (const Entry& entry : entries_.all()) {
    Entry bare = entry;
    for (auto& [name, pointer] : bare.pointers) {
      if (!pointer.is_required()) pointer.data = nullptr;
    }
    EXPECT_EQ(bare.call(context_, bare), SSLCUDA_OK) << last_message(context_);
  }
}

TEST_F(Misuse, OverlappingOutputs) {
  for (const Entry& entry : entries_.all()) {
    for (const auto& [output, at] : entry.pointers) {
      if (!at.is_output()) continue;
      for (const auto& [other, from] : entry.pointers) {
        if (other == output) continue;
        const auto shares = [&](const auto& pair) {
          return pair == std::pair(other, output) || pair == std::pair(output, other);
        };
        const bool may_share = std::any_of(entry.may_share.begin(), entry.may_share.end(), shares);
        Entry spoilt = entry;
        spoilt.pointers[output].data = from.data;
        if (!may_share) refused(spoilt, SSLCUDA_ALIASED, "overlap", output + " on " + other);
        // Its first half hangs over the end of the other.
        if (from.bytes < 8) continue;
        spoilt.pointers[output].data = static_cast<uint8_t*>(from.data) + from.bytes - 4;
        refused(spoilt, SSLCUDA_ALIASED, "overlap", output + " behind the start of " + other);
      }
    }
  }
}

TEST_F(Misuse, FormsInPlaceAreAllowed) {
  for (const Entry& entry : entries_.all()) {
    for (const auto& [input, output] : entry.may_share) {
      Entry in_place = entry;
      in_place.pointers[output].data = entry.pointers.at(input).data;
      EXPECT_EQ(in_place.call(context_, in_place), SSLCUDA_OK) << last_message(context_);
    }
  }
}

TEST_F(Misuse, WorkspaceTooSmall) {
  int tried = 0;
  for (const Entry& entry : entries_.all()) {
    const size_t needed = context_.plan([&] { return entry.call(context_, entry); });
    if (needed < 2) continue;
    ++tried;
    const Block workspace(context_, needed);
    ASSERT_EQ(sslcuda_context_set_workspace(context_, workspace.data(), needed - 1), SSLCUDA_OK);
    refused(entry, SSLCUDA_WORKSPACE, std::to_string(needed) + " bytes", "workspace");
    ASSERT_EQ(sslcuda_context_set_workspace(context_, nullptr, 0), SSLCUDA_OK);
  }
  EXPECT_GT(tried, 3);
}

TEST_F(Misuse, ConvolutionShape) {
  const float x[16] = {}, weight[9] = {};
  float y[4] = {};
  const auto call = [&](sslcuda_conv2d_shape shape) {
    return sslcuda_conv2d_forward(context_, SSLCUDA_F32, &shape, x, weight, nullptr, 0, y);
  };
  sslcuda_conv2d_shape good{};
  good.size = sizeof good;
  good.n = good.c = good.out = 1;
  good.h = good.w = 4;
  good.kernel_h = good.kernel_w = 3;
  EXPECT_EQ(call(good), SSLCUDA_OK) << last_message(context_);
  auto shape = good;
  shape.size = 8;
  EXPECT_EQ(call(shape), SSLCUDA_VERSION_MISMATCH);
  shape = good;
  shape.groups = 2;
  EXPECT_EQ(call(shape), SSLCUDA_UNSUPPORTED);
  shape = good;
  shape.kernel_w = 5;
  EXPECT_EQ(call(shape), SSLCUDA_INVALID_SHAPE);
  EXPECT_NE(last_message(context_).find("kernel must fit the padded w = 4, got 5"),
            std::string::npos)
      << last_message(context_);
  EXPECT_EQ(sslcuda_conv2d_forward(context_, SSLCUDA_F32, nullptr, x, weight, nullptr, 0, y),
            SSLCUDA_NULL_POINTER);
}

TEST_F(Misuse, LabelsAndIndices) {
  const float logits[6] = {};
  const float targets[6] = {};
  float loss = 7;
  const auto call = [&](std::vector<int64_t> labels, const float* probabilities) {
    return sslcuda_cross_entropy(context_, SSLCUDA_F32, 2, 3, logits, 3,
                                 labels.empty() ? nullptr : labels.data(), probabilities, -100, 0,
                                 nullptr, &loss, nullptr, nullptr);
  };
  EXPECT_EQ(call({0, 3}, nullptr), SSLCUDA_INVALID_VALUE);
  EXPECT_NE(last_message(context_).find("labels[1] must be in 0..2"), std::string::npos);
  EXPECT_EQ(call({-1, 0}, nullptr), SSLCUDA_INVALID_VALUE);
  EXPECT_EQ(call({}, nullptr), SSLCUDA_NULL_POINTER);
  EXPECT_EQ(call({0, 1}, targets), SSLCUDA_INVALID_VALUE);
  EXPECT_EQ(loss, 7);

  const uint8_t images[2] = {1, 2};
  float y[2] = {7, 7};
  int64_t cursor = 0;
  const auto gather = [&](std::vector<int64_t> indices) {
    return sslcuda_gather_images(context_, SSLCUDA_F32, 2, 1, images, 2, indices.data(),
                                 static_cast<int64_t>(indices.size()), &cursor, 0, 1, y);
  };
  EXPECT_EQ(gather({0, 2}), SSLCUDA_INVALID_VALUE);
  EXPECT_NE(last_message(context_).find("indices[1] must be in 0..1, got 2"), std::string::npos);
  cursor = -1;
  EXPECT_EQ(gather({0, 1}), SSLCUDA_INVALID_VALUE);
  EXPECT_EQ(y[0], 7);
}

TEST_F(Misuse, TensorsOfOneAdamStepMustBeApart) {
  float memory[8][8] = {};
  int64_t counts[] = {4, 4};
  void* params[] = {memory[0], memory[4]};
  const void* grads[] = {memory[1], memory[1]};  // shared gradients are fine
  void* moments[] = {memory[2], memory[5]};
  void* variances[] = {memory[3], memory[6]};
  const auto call = [&] {
    return sslcuda_adam_step(context_, SSLCUDA_F32, 2, counts, params, grads, moments, variances,
                             1e-3, nullptr, 0.9, 0.999, 1e-8, 1, nullptr);
  };
  EXPECT_EQ(call(), SSLCUDA_OK) << last_message(context_);
  params[1] = memory[0];
  EXPECT_EQ(call(), SSLCUDA_ALIASED);
  params[1] = memory[1] + 1;  // begins within a gradient
  EXPECT_EQ(call(), SSLCUDA_ALIASED);
}

// Interleaved rows of one matrix are apart, although the ranges from first to last byte overlap.
TEST_F(Misuse, InterleavedRowsDoNotOverlap) {
  constexpr int64_t kRows = 3, kWidth = 2, kLd = 8;
  float memory[(kRows + 1) * kLd] = {};
  const auto call = [&](int64_t a, int64_t b, int64_t grad_a) {
    return sslcuda_infonce(context_, SSLCUDA_F32, kRows, kWidth, memory + a, kLd, memory + b, kLd,
                           1, nullptr, nullptr, nullptr, nullptr, memory + grad_a, nullptr,
                           nullptr);
  };
  EXPECT_EQ(call(0, 2, 4), SSLCUDA_OK) << last_message(context_);
  EXPECT_EQ(call(6, 2, 4), SSLCUDA_OK) << last_message(context_);
  EXPECT_EQ(call(0, 2, 1), SSLCUDA_ALIASED);
  EXPECT_EQ(call(0, 2, 7), SSLCUDA_ALIASED);  // wraps into the next row of a
  EXPECT_EQ(call(7, 3, 0), SSLCUDA_ALIASED);  // a wraps into the next row of grad_a
}

}  // namespace
}  // namespace sslcuda::test
