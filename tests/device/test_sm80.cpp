// test_sm80.cpp - the wrappers that every supported GPU has, against their definition in the PTX
// ISA.

#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

#include "tests/device/device_array.hpp"
#include "tests/device/fixture.hpp"
#include "tests/device/numbers.hpp"

namespace sslcuda::test {
namespace {

constexpr int kWarp = 32;

using Sm80 = DeviceTest<8>;

// "cp.async": cp-size bytes are written, the first src-size of them copied, the rest zero.
TEST_F(Sm80, CpAsync) {
  for (const int bytes : {4, 8, 16}) {
    for (const int tail : {0, 1, bytes / 2, bytes}) {
      SCOPED_TRACE("cp-size " + std::to_string(bytes) + ", src-size " + std::to_string(tail));
      std::vector<uint32_t> x(static_cast<size_t>(kWarp * bytes / 4));
      std::iota(x.begin(), x.end(), 0x01020304u);
      const DeviceArray<uint32_t> from(x), to(x.size());
      EXPECT_RUNS(copy_async(bytes, from.data(), tail, to.data()));
      auto* const last = reinterpret_cast<unsigned char*>(x.data() + x.size()) - bytes;
      std::fill(last + tail, last + bytes, static_cast<unsigned char>(0));
      EXPECT_EQ(to.values(), x);
    }
  }
}

class Matrices : public Sm80, public testing::WithParamInterface<std::tuple<int, bool>> {};

// "ldmatrix": thread i holds elements 2 (i % 4) and the next of row i / 4 of each matrix.
TEST_P(Matrices, Load) {
  const auto [count, transposed] = GetParam();
  std::vector<uint16_t> rows(kWarp * 8);
  std::iota(rows.begin(), rows.end(), static_cast<uint16_t>(1000));
  const DeviceArray<uint16_t> from(rows);
  const DeviceArray<uint32_t> registers(static_cast<size_t>(kWarp * count));
  EXPECT_RUNS(load_matrices(count, transposed, from.data(), registers.data()));
  const std::vector<uint32_t> held = registers.values();
  for (int lane = 0; lane < kWarp; ++lane) {
    for (int i = 0; i < count; ++i) {
      const auto element = [&](int column) {
        const int r = transposed ? column : lane / 4, c = transposed ? lane / 4 : column;
        return uint32_t{rows[static_cast<size_t>((i * 8 + r) * 8 + c)]};
      };
      EXPECT_EQ(held[static_cast<size_t>(lane * count + i)],
                element(2 * (lane % 4)) | element(2 * (lane % 4) + 1) << 16)
          << "lane " << lane << ", matrix " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Counts, Matrices,
                         testing::Combine(testing::Values(1, 2, 4), testing::Bool()));

class Mma : public Sm80, public testing::WithParamInterface<Number> {};

// "Matrix Fragments for mma.m16n8k16" and "... for mma.m16n8k8".
TEST_P(Mma, MatchesDefinition) {
  const Number number = GetParam();
  const int depth = mma_depth(number);
  const auto a = [](int row, int k) { return entry(row, k); };
  const auto b = [](int k, int column) { return entry(k + 3, column + 5); };
  std::vector<uint32_t> fragments_a, fragments_b;
  std::vector<float> d;
  for (int lane = 0; lane < kWarp; ++lane) {
    const int group = lane >> 2, in_group = lane % 4;
    for (int i = 0; i < 4; ++i) {
      const int row = i == 0 || i == 2 ? group : group + 8;
      if (number == Number::kTf32) {
        fragments_a.push_back(encode(number, a(row, i < 2 ? in_group : in_group + 4)));
      } else {
        const int k = in_group * 2 + (i >= 2 ? 8 : 0);
        fragments_a.push_back(encode(number, a(row, k)) | encode(number, a(row, k + 1)) << 16);
      }
    }
    for (int i = 0; i < 2; ++i) {
      if (number == Number::kTf32) {
        fragments_b.push_back(encode(number, b(i == 0 ? in_group : in_group + 4, group)));
      } else {
        const int k = in_group * 2 + (i == 1 ? 8 : 0);
        fragments_b.push_back(encode(number, b(k, group)) | encode(number, b(k + 1, group)) << 16);
      }
    }
    for (int i = 0; i < 4; ++i) d.push_back(static_cast<float>(lane * 4 + i));
  }
  std::vector<float> expected = d;
  for (int lane = 0; lane < kWarp; ++lane) {
    for (int i = 0; i < 4; ++i) {
      const int row = (lane >> 2) + (i < 2 ? 0 : 8), column = (lane % 4) * 2 + (i & 1);
      for (int k = 0; k < depth; ++k) {
        expected[static_cast<size_t>(lane * 4 + i)] += static_cast<float>(a(row, k) * b(k, column));
      }
    }
  }
  const DeviceArray<uint32_t> device_a(fragments_a), device_b(fragments_b);
  const DeviceArray<float> device_d(d);
  EXPECT_RUNS(multiply_fragments(number, device_a.data(), device_b.data(), device_d.data()));
  EXPECT_EQ(device_d.values(), expected);
}

INSTANTIATE_TEST_SUITE_P(Numbers, Mma, testing::Values(Number::kBf16, Number::kF16, Number::kTf32));

// Ties, carries into the exponent, denormals, overflow, infinity, NaN.
TEST_F(Sm80, Convert) {
  struct Case {
    float x;
    uint32_t bf16, f16, tf32;
  };
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<Case> cases = {
      {0.0f, 0x0000, 0x0000, 0x00000000},
      {1.0f, 0x3f80, 0x3c00, 0x3f800000},
      {1.0f + 0x1p-8f, 0x3f80, 0x3c04, 0x3f808000},       // tie of bf16, to the even below
      {1.0f + 3 * 0x1p-8f, 0x3f82, 0x3c0c, 0x3f818000},   // and above
      {1.0f + 0x1p-11f, 0x3f80, 0x3c00, 0x3f802000},      // tie of fp16 and TF32: away
      {1.0f + 3 * 0x1p-11f, 0x3f80, 0x3c02, 0x3f804000},  //
      {2.0f - 0x1p-23f, 0x4000, 0x4000, 0x40000000},      // carries
      {65504.0f, 0x4780, 0x7bff, 0x477fe000},             // the largest of fp16
      {65520.0f, 0x4780, 0x7c00, 0x47800000},             // rounds to infinity there
      {0x1p-24f, 0x3380, 0x0001, 0x33800000},             // a denormal of fp16
      {0x1p-26f, 0x3280, 0x0000, 0x32800000},             //
      {3.0e38f, 0x7f62, 0x7c00, 0x7f61c000},
      {infinity, 0x7f80, 0x7c00, 0x7f800000},
  };
  std::vector<float> x;
  for (const Case& one : cases) x.push_back(one.x);
  x.push_back(NAN);
  const DeviceArray<float> from(x);
  const DeviceArray<uint32_t> out(3 * x.size());
  EXPECT_RUNS(convert_numbers(from.data(), static_cast<int>(x.size()), out.data()));
  const std::vector<uint32_t> words = out.values();
  for (size_t i = 0; i < cases.size(); ++i) {
    SCOPED_TRACE(x[i]);
    EXPECT_EQ(words[3 * i], cases[i].bf16 | (cases[i].bf16 | 0x8000) << 16);
    EXPECT_EQ(words[3 * i + 1], cases[i].f16 | (cases[i].f16 | 0x8000) << 16);
    EXPECT_EQ(words[3 * i + 2] & 0xffffe000u, cases[i].tf32);
  }
  const auto nan = words.end() - 3;
  EXPECT_EQ(nan[0], 0x7fff7fffu);
  EXPECT_EQ(nan[1], 0x7fff7fffu);
  EXPECT_TRUE(std::isnan(std::bit_cast<float>(nan[2])));
}

TEST_F(Sm80, UnpacksEveryF16) {
  std::vector<uint16_t> x(1 << 16);
  std::iota(x.begin(), x.end(), uint16_t{0});
  const DeviceArray<uint16_t> from(x);
  const DeviceArray<float> out(x.size());
  EXPECT_RUNS(unpack_numbers(from.data(), static_cast<int>(x.size()), out.data()));
  const std::vector<float> values = out.values();
  for (size_t i = 0; i < x.size(); ++i) {
    const auto expected = static_cast<float>(std::bit_cast<_Float16>(x[i]));
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(values[i])) << i;
    } else {
      EXPECT_EQ(std::bit_cast<uint32_t>(values[i]), std::bit_cast<uint32_t>(expected)) << i;
    }
  }
}

// Within 2^-22, and 0 below the normal numbers.
TEST_F(Sm80, Exp2) {
  std::vector<float> x;
  for (float at = -125.0f; at < 128.0f; at += 0.0625f + 0x1p-9f) x.push_back(at);
  const size_t normal = x.size();
  for (const float at : {-126.5f, -140.0f, -1e30f, -INFINITY, INFINITY, 0.0f, NAN}) x.push_back(at);
  const DeviceArray<float> from(x);
  const DeviceArray<float> out(x.size());
  EXPECT_RUNS(exp2_numbers(from.data(), static_cast<int>(x.size()), out.data()));
  const std::vector<float> y = out.values();
  for (size_t i = 0; i < normal; ++i) {
    const double expected = std::exp2(double{x[i]});
    EXPECT_LE(std::fabs(y[i] - expected), 0x1p-22 * expected) << x[i];
  }
  for (size_t i = normal; i < normal + 4; ++i) EXPECT_EQ(y[i], 0.0f) << x[i];
  EXPECT_EQ(y[normal + 4], INFINITY);
  EXPECT_EQ(y[normal + 5], 1.0f);
  EXPECT_TRUE(std::isnan(y[normal + 6]));
}

TEST_F(Sm80, NamedBarriers) {
  constexpr int kRounds = 5;
  std::vector<float> x(kRounds * kWarp), expected(x.size());
  std::iota(x.begin(), x.end(), 1.0f);
  for (size_t i = 0; i < x.size(); ++i) expected[i] = x[i / kWarp * kWarp + kWarp - 1 - i % kWarp];
  const DeviceArray<float> from(x), out(x.size());
  EXPECT_RUNS(hand_over(from.data(), kRounds, out.data()));
  EXPECT_EQ(out.values(), expected);
}

// "redux.sync": all lanes of the mask get the result.
TEST_F(Sm80, Reductions) {
  std::vector<uint32_t> x(kWarp);
  for (uint32_t i = 0; i < kWarp; ++i) x[i] = i * 0x9e3779b9u;
  for (const uint32_t mask : {0xffffffffu, 0x0000ffffu, 0x80000001u, 0x00000100u}) {
    SCOPED_TRACE(mask);
    const DeviceArray<uint32_t> from(x), out(kWarp * 8);
    EXPECT_RUNS(reduce_lanes(mask, from.data(), out.data()));
    uint32_t sum = 0, low = ~0u, high = 0, all = ~0u, any = 0, odd = 0;
    int32_t signed_low = INT32_MAX, signed_high = INT32_MIN;
    for (uint32_t lane = 0; lane < kWarp; ++lane) {
      if ((mask >> lane & 1) == 0) continue;
      sum += x[lane];
      low = std::min(low, x[lane]);
      high = std::max(high, x[lane]);
      signed_low = std::min(signed_low, static_cast<int32_t>(x[lane]));
      signed_high = std::max(signed_high, static_cast<int32_t>(x[lane]));
      all &= x[lane];
      any |= x[lane];
      odd ^= x[lane];
    }
    const std::vector<uint32_t> expected = {
        sum, low, high, static_cast<uint32_t>(signed_low), static_cast<uint32_t>(signed_high),
        all, any, odd};
    const std::vector<uint32_t> values = out.values();
    for (uint32_t lane = 0; lane < kWarp; ++lane) {
      if ((mask >> lane & 1) == 0) continue;
      const auto begin = values.begin() + lane * 8;
      EXPECT_EQ(std::vector<uint32_t>(begin, begin + 8), expected) << "lane " << lane;
    }
  }
}

TEST_F(Sm80, VectorAccess) {
  std::vector<float> x(4 * 37);
  std::iota(x.begin(), x.end(), 0.5f);
  const DeviceArray<float> from(x), to(x.size());
  EXPECT_RUNS(copy_once(reinterpret_cast<const float4*>(from.data()), 37,
                        reinterpret_cast<float4*>(to.data())));
  EXPECT_EQ(to.values(), x);
}

TEST_F(Sm80, GridBarrier) {
  constexpr int kBlocks = 5;
  const DeviceArray<float> x({1.0f, 2.0f, 3.0f, 4.0f, 5.0f}), parts(kBlocks), out(kBlocks);
  EXPECT_RUNS(sum_over_grid(kBlocks, x.data(), parts.data(), out.data()));
  EXPECT_EQ(out.values(), std::vector<float>(kBlocks, 30.0f));
}

}  // namespace
}  // namespace sslcuda::test
