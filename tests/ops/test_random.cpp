// test_random.cpp - sslcuda_random_uniform and sslcuda_random_normal: known answers, the reference,
// and what the numbers are like.
#include "kernels/philox.hpp"
#include "tests/ops/fixture.hpp"
#include "tests/reference/philox.hpp"

namespace sslcuda::test {
namespace {

using reference::RandomSequence;

class Random : public OpTest {};

struct Call {
  uint64_t seed, sequence;
  float first, second;  // low and high, or mean and std
  const int64_t* sequence_device = nullptr;
};

Floats uniform(const Context& context, int64_t count, const Call& call) {
  const Buffer<float> y(context, count);
  context.run([&] {
    return sslcuda_random_uniform(context, SSLCUDA_F32, count, call.seed, call.sequence,
                                  call.sequence_device, call.first, call.second, y);
  });
  return y.download();
}

Floats normal(const Context& context, int64_t count, const Call& call) {
  const Buffer<float> y(context, count);
  context.run([&] {
    return sslcuda_random_normal(context, SSLCUDA_F32, count, call.seed, call.sequence,
                                 call.sequence_device, call.first, call.second, y);
  });
  return y.download();
}

// The vectors that Random123, the authors' library, publishes for philox4x32-10.
struct KnownAnswer {
  reference::PhiloxCounter counter;
  reference::PhiloxKey key;
  reference::PhiloxCounter answer;
};

constexpr uint32_t kOnes = 0xffffffff;
const KnownAnswer kKnownAnswers[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{kOnes, kOnes, kOnes, kOnes},
     {kOnes, kOnes},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};

TEST(Philox, KnownAnswers) {
  const auto wide_word = [](uint32_t low, uint32_t high) { return low | uint64_t{high} << 32; };
  for (const auto& [counter, key, answer] : kKnownAnswers) {
    EXPECT_EQ(reference::philox(counter, key), answer);
    const PhiloxBlock block = philox(wide_word(key[0], key[1]), wide_word(counter[2], counter[3]),
                                     wide_word(counter[0], counter[1]));
    for (int i = 0; i < 4; ++i) EXPECT_EQ(block.word[i], answer[i]) << i;
  }
}

// The first of them through the entry: the upper 24 bits of its words, and the next block.
TEST_P(Random, KnownAnswer) {
  const Floats y = uniform(context(), 4, {0, 0, 0, 16777216});
  EXPECT_EQ(y, (Floats{0x6627e8, 0xe169c5, 0xbc57ac, 0x9b00db}));
}

const Call kCalls[] = {{0, 0, 0, 1},
                       {42, 7, -3, 5.5f},
                       {~uint64_t{0}, ~uint64_t{0}, 0.1f, 0.3f},
                       {uint64_t{1} << 63, uint64_t{1} << 40, 5, 5}};
constexpr int64_t kCountsOfInterest[] = {1, 2, 3, 4, 5, 7, 255, 1023, 1024, 1025, 4099};

TEST_P(Random, UniformIsTheReference) {
  for (const Call& call : kCalls) {
    const RandomSequence random{call.seed, call.sequence};
    for (const int64_t count : kCountsOfInterest) {
      Floats expected;
      for (int64_t i = 0; i < count; ++i) {
        expected.push_back(random.uniform(0, i, call.first, call.second));
      }
      EXPECT_TRUE(same_bits(uniform(context(), count, call), expected)) << count;
    }
  }
}

// log, sqrt, sine and cosine are off by some u each, and so is what is made of them.
TEST_P(Random, NormalMatchesReference) {
  for (const Call& call : kCalls) {
    const RandomSequence random{call.seed, call.sequence};
    for (const int64_t count : kCountsOfInterest) {
      Vector expected, tolerance;
      for (int64_t i = 0; i < count; ++i) {
        const double moved = call.second * random.normal(0, i);
        expected.push_back(call.first + moved);
        tolerance.push_back(kU * (6 * std::fabs(moved) + std::fabs(expected.back())));
      }
      expect_within("y", normal(context(), count, call), expected, tolerance);
    }
  }
}

// Rare words: the longest radius, none at all, and angles at the edges of the quarters.
TEST(BoxMuller, Extremes) {
  const uint32_t angles[] = {0,          1,          0x1fffffff, 0x20000000, 0x3fffffff,
                             0x40000000, 0x5fffffff, 0x60000000, 0x80000000, 0xa0000000,
                             0xc0000000, 0xe0000000, 0xdfffffff, 0xffffffff};
  for (const uint32_t word : {0u, 1u, 255u, 0x7fffffffu, 0xb504f333u, 0xffffff00u, 0xffffffffu}) {
    const double u = (static_cast<float>(word) + 0.5f) / 4294967296;
    const double radius = std::sqrt(-2 * std::log(u));
    for (const uint32_t turn : angles) {
      const double angle = 2 * std::numbers::pi * (turn / 4294967296.0);
      const NormalPair pair = box_muller(word, turn);
      // Of pi itself in double remains 1e-16 where the sine or cosine should be 0.
      const auto allowed = [&](double value) { return 6 * kU * std::fabs(value) + 1e-14; };
      const double one = radius * std::cos(angle), other = radius * std::sin(angle);
      EXPECT_NEAR(pair.one, one, allowed(one)) << word << " " << turn;
      EXPECT_NEAR(pair.other, other, allowed(other)) << word << " " << turn;
    }
  }
}

// A graph's counter continues what the caller's number began, modulo 2^64.
TEST_P(Random, SequenceFromMemory) {
  for (const auto& [by_value, in_memory] :
       {std::pair{uint64_t{5}, int64_t{9}}, std::pair{~uint64_t{0}, int64_t{3}},
        std::pair{uint64_t{3}, int64_t{-5}}}) {
    const Buffer<int64_t> counter(context(), {in_memory});
    const uint64_t sum = by_value + static_cast<uint64_t>(in_memory);
    EXPECT_EQ(uniform(context(), 9, {1, by_value, 0, 1, counter}),
              uniform(context(), 9, {1, sum, 0, 1}));
    EXPECT_EQ(normal(context(), 9, {1, by_value, 0, 1, counter}),
              normal(context(), 9, {1, sum, 0, 1}));
  }
}

TEST_P(Random, SameBitsAsOnTheCpu) {
  const Context cpu(SSLCUDA_DEVICE_CPU);
  for (const Call& call : kCalls) {
    EXPECT_TRUE(same_bits(uniform(context(), 40001, call), uniform(cpu, 40001, call)));
    EXPECT_TRUE(same_bits(normal(context(), 40001, call), normal(cpu, 40001, call)));
  }
}

// ---- what the numbers are like; seeds are fixed, so these either hold or do not

constexpr int64_t kMany = 200000;

double correlation(const Floats& x, const Floats& y, size_t lag = 0) {
  double xy = 0, xx = 0, yy = 0;
  for (size_t i = 0; i + lag < x.size(); ++i) {
    xy += double{x[i]} * y[i + lag];
    xx += double{x[i]} * x[i];
    yy += double{y[i]} * y[i];
  }
  return xy / std::sqrt(xx * yy);
}

// The largest distance between the share of numbers below x and what it should be.
template <class Cdf>
double kolmogorov_distance(Floats x, const Cdf& cdf) {
  std::sort(x.begin(), x.end());
  const auto n = static_cast<double>(x.size());
  double largest = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double share = cdf(x[i]), before = static_cast<double>(i);
    largest = std::max({largest, share - before / n, (before + 1) / n - share});
  }
  return largest;
}

// Of 1000 samples one is further off.
const double kKolmogorov = 1.95 / std::sqrt(static_cast<double>(kMany));
const double kFourSigma = 4 / std::sqrt(static_cast<double>(kMany));

TEST_P(Random, UniformIsUniform) {
  const Floats y = uniform(context(), kMany, {11, 0, 0, 1});
  EXPECT_LT(kolmogorov_distance(y, [](double x) { return x; }), kKolmogorov);
  EXPECT_LT(*std::max_element(y.begin(), y.end()), 1);
  EXPECT_GE(*std::min_element(y.begin(), y.end()), 0);
}

TEST_P(Random, NormalIsNormal) {
  const Floats y = normal(context(), kMany, {11, 0, 0, 1});
  EXPECT_LT(kolmogorov_distance(y, [](double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }),
            kKolmogorov);
  double sum = 0, squares = 0;
  for (const float value : y) {
    sum += value;
    squares += double{value} * value;
  }
  EXPECT_NEAR(sum / kMany, 0, kFourSigma);
  EXPECT_NEAR(squares / kMany, 1, std::sqrt(2.0) * kFourSigma);
}

TEST_P(Random, NumbersAreIndependent) {
  const Floats y = normal(context(), kMany, {11, 0, 0, 1});
  for (const size_t lag : {1, 2, 3, 4, 8})
    EXPECT_NEAR(correlation(y, y, lag), 0, kFourSigma) << lag;
  EXPECT_NEAR(correlation(y, normal(context(), kMany, {11, 1, 0, 1})), 0, kFourSigma);
  EXPECT_NEAR(correlation(y, normal(context(), kMany, {12, 0, 0, 1})), 0, kFourSigma);
}

TEST_P(Random, Empty) {
  EXPECT_TRUE(uniform(context(), 0, {1, 2, 0, 1}).empty());
  EXPECT_TRUE(normal(context(), 0, {1, 2, 0, 1}).empty());
}

TEST_P(Random, IsRepeatable) {
  expect_repeatable([](const Context& c) {
    return joined(uniform(c, 30001, {1, 2, 0, 1}), normal(c, 30001, {1, 2, 0, 1}));
  });
}

INSTANTIATE_TEST_SUITE_P(, Random, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
