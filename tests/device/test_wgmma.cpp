// test_wgmma.cpp - the products of a warpgroup against their definition in the PTX ISA: every type,
// width, swizzle and direction, A in shared memory and in registers.

#include <string>
#include <tuple>

#include "tests/device/device_array.hpp"
#include "tests/device/fixture.hpp"
#include "tests/device/numbers.hpp"
#include "tests/device/wgmma_layout.hpp"

namespace sslcuda::test {
namespace {

constexpr int kRows = 64, kThreads = 128;

int a_at(int row, int k) { return entry(row, k); }
int b_at(int k, int column) { return entry(k + 3, column + 5); }

// "Register Fragments for wgmma.mma_async.m64nNk16": matrix A, and k8.
std::vector<uint32_t> fragments_of_a(Number number) {
  std::vector<uint32_t> fragments;
  for (int thread = 0; thread < kThreads; ++thread) {
    const int first_row = thread / 32 * 16 + thread % 32 / 4;
    for (int i = 0; i < 4; ++i) {
      const int row = first_row + (i == 1 || i == 3 ? 8 : 0);
      if (number == Number::kTf32) {
        fragments.push_back(encode(number, a_at(row, thread % 4 + (i >= 2 ? 4 : 0))));
      } else {
        const int k = thread % 4 * 2 + (i >= 2 ? 8 : 0);
        fragments.push_back(encode(number, a_at(row, k)) | encode(number, a_at(row, k + 1)) << 16);
      }
    }
  }
  return fragments;
}

// D by thread: two columns of a row, two of the row 8 below, then 8 columns further.
std::vector<float> expected_sums(Number number, int n) {
  std::vector<float> sums;
  for (int thread = 0; thread < kThreads; ++thread) {
    for (int i = 0; i < n / 2; ++i) {
      const int row = thread / 32 * 16 + thread % 32 / 4 + (i % 4 >= 2 ? 8 : 0);
      const int column = i / 4 * 8 + thread % 4 * 2 + i % 2;
      int sum = 0;
      for (int k = 0; k < mma_depth(number); ++k) sum += a_at(row, k) * b_at(k, column);
      sums.push_back(static_cast<float>(2 * sum));  // the product is added twice
    }
  }
  return sums;
}

std::vector<float> multiply(Number number, int n, const OperandLayout* a, const OperandLayout& b) {
  const auto image_of = [](const OperandLayout& layout, const uint32_t* words) -> OperandImage {
    return {words, layout.leading(), layout.stride(), layout.swizzle(), layout.mn_major()};
  };
  const DeviceArray<uint32_t> words_b(b.image([](int column, int k) { return b_at(k, column); }));
  const DeviceArray<float> d(static_cast<size_t>(kThreads * n / 2));
  const OperandImage image_b = image_of(b, words_b.data());
  if (a) {
    const DeviceArray<uint32_t> words_a(a->image(a_at));
    const OperandImage image_a = image_of(*a, words_a.data());
    EXPECT_RUNS(multiply_warpgroup(number, n, image_a, nullptr, image_b, d.data()));
  } else {
    const DeviceArray<uint32_t> fragments(fragments_of_a(number));
    EXPECT_RUNS(multiply_warpgroup(number, n, {}, fragments.data(), image_b, d.data()));
  }
  return d.values();
}

class Wgmma : public DeviceTest<9>, public testing::WithParamInterface<std::tuple<Number, int>> {
 protected:
  Number number() const { return std::get<0>(GetParam()); }
  int n() const { return std::get<1>(GetParam()); }

  // Calls use(layout) for all ways in which an operand may lie.
  template <class Use>
  void each_layout(int size, const Use& use) const {
    for (const bool mn_major : {false, true}) {
      if (mn_major && number() == Number::kTf32) continue;
      for (const Swizzle swizzle : {Swizzle::kNone, Swizzle::k32, Swizzle::k64, Swizzle::k128}) {
        const int atom = swizzle == Swizzle::k128 ? 64 : swizzle == Swizzle::k64 ? 32 : 16;
        if (mn_major && swizzle != Swizzle::kNone && size % atom != 0) continue;
        SCOPED_TRACE(std::string(mn_major ? "contiguous in mn" : "contiguous in k") + ", swizzle " +
                     std::to_string(static_cast<int>(swizzle)));
        use(OperandLayout(number(), size, mma_depth(number()), mn_major, swizzle));
      }
    }
  }
};

TEST_P(Wgmma, LayoutsOfB) {
  const OperandLayout a(number(), kRows, mma_depth(number()), false, Swizzle::k128);
  each_layout(n(), [&](const OperandLayout& b) {
    EXPECT_EQ(multiply(number(), n(), &a, b), expected_sums(number(), n()));
  });
}

TEST_P(Wgmma, LayoutsOfA) {
  const OperandLayout b(number(), n(), mma_depth(number()), false, Swizzle::k32);
  each_layout(kRows, [&](const OperandLayout& a) {
    EXPECT_EQ(multiply(number(), n(), &a, b), expected_sums(number(), n()));
  });
}

TEST_P(Wgmma, FragmentsOfA) {
  each_layout(n(), [&](const OperandLayout& b) {
    EXPECT_EQ(multiply(number(), n(), nullptr, b), expected_sums(number(), n()));
  });
}

INSTANTIATE_TEST_SUITE_P(All, Wgmma,
                         testing::Combine(testing::Values(Number::kBf16, Number::kF16,
                                                          Number::kTf32),
                                          testing::Values(8, 16, 32, 64, 96, 128, 192, 256)));

}  // namespace
}  // namespace sslcuda::test
