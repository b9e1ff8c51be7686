// test_sm90.cpp - the wrappers that need Hopper, but for wgmma, against their definition in the PTX
// ISA.

#include <array>
#include <cmath>
#include <cstring>
#include <numeric>
#include <tuple>

#include "tests/device/device_array.hpp"
#include "tests/device/fixture.hpp"
#include "tests/device/numbers.hpp"

namespace sslcuda::test {
namespace {

using cuda::make_tensor_map;
using cuda::TensorBox;
using cuda::TensorType;

constexpr int kWarp = 32;

using Sm90 = DeviceTest<9>;

std::vector<float> counting(size_t count, float first = 1.0f) {
  std::vector<float> x(count);
  std::iota(x.begin(), x.end(), first);
  return x;
}

class StoredMatrices : public Sm90, public testing::WithParamInterface<std::tuple<int, bool>> {};

// "stmatrix": what ldmatrix reads, the other way.
TEST_P(StoredMatrices, MatchDefinition) {
  const auto [count, transposed] = GetParam();
  std::vector<uint32_t> held(static_cast<size_t>(kWarp * count));
  for (size_t i = 0; i < held.size(); ++i) held[i] = static_cast<uint32_t>(i << 16 | (i + 5000));
  const DeviceArray<uint32_t> registers(held);
  const DeviceArray<uint16_t> rows(kWarp * 8);
  EXPECT_RUNS(store_matrices(count, transposed, registers.data(), rows.data()));
  std::vector<uint16_t> expected(kWarp * 8, 0);
  for (int lane = 0; lane < kWarp; ++lane) {
    for (int i = 0; i < count; ++i) {
      for (int half = 0; half < 2; ++half) {
        const int along = 2 * (lane % 4) + half, across = lane / 4;
        const int row = transposed ? along : across, column = transposed ? across : along;
        expected[static_cast<size_t>((i * 8 + row) * 8 + column)] =
            static_cast<uint16_t>(held[static_cast<size_t>(lane * count + i)] >> 16 * half);
      }
    }
  }
  EXPECT_EQ(rows.values(), expected);
}

INSTANTIATE_TEST_SUITE_P(Counts, StoredMatrices,
                         testing::Combine(testing::Values(1, 2, 4), testing::Bool()));

TEST_F(Sm90, Elect) {
  const DeviceArray<uint32_t> elected(4 * kWarp);
  EXPECT_RUNS(elect_lanes(elected.data()));
  const std::vector<uint32_t> all = elected.values();
  for (size_t warp = 0; warp < 4; ++warp) {
    const auto begin = all.begin() + static_cast<ptrdiff_t>(warp * kWarp);
    EXPECT_EQ(std::accumulate(begin, begin + kWarp, 0u), 1u) << "warp " << warp;
  }
}

TEST_F(Sm90, Mbarriers) {
  constexpr int kRounds = 7;
  const std::vector<float> x = counting(kRounds);
  const DeviceArray<float> from(x), out(kRounds);
  EXPECT_RUNS(pass_through_mbarriers(from.data(), kRounds, out.data()));
  EXPECT_EQ(out.values(), x);
}

// The phase before the first counts as over, as one of parity 1. Two arrivals end a phase.
TEST_F(Sm90, MbarrierPhases) {
  const DeviceArray<uint32_t> said(6);
  EXPECT_RUNS(watch_mbarrier(said.data()));
  EXPECT_EQ(said.values(), (std::vector<uint32_t>{0, 1, 0, 1, 1, 0}));
}

TEST_F(Sm90, RegisterCounts) {
  const DeviceArray<float> out(384);
  EXPECT_RUNS(change_registers(out.data()));
  EXPECT_EQ(out.values(), counting(384, 0.0f));
}

TEST_F(Sm90, BulkCopies) {
  for (const int count : {4, 100, 1024}) {
    for (const bool adds : {false, true}) {
      const std::vector<float> x = counting(static_cast<size_t>(count));
      const DeviceArray<float> from(x), to(x);
      EXPECT_RUNS(copy_bulk(from.data(), count, adds, to.data()));
      std::vector<float> expected = x;
      for (float& value : expected) value *= adds ? 3.0f : 2.0f;
      EXPECT_EQ(to.values(), expected);
    }
  }
}

TEST_F(Sm90, BulkCopiesInACluster) {
  const std::vector<float> x = counting(kWarp);
  const DeviceArray<float> from(x), to(3 * kWarp);
  EXPECT_RUNS(exchange_bulk(from.data(), to.data()));
  std::vector<float> expected = x;
  expected.insert(expected.end(), x.begin(), x.end());
  const std::vector<float> sent = counting(kWarp, 100.0f);
  expected.insert(expected.end(), sent.begin(), sent.end());
  EXPECT_EQ(to.values(), expected);
}

// A tensor of `kRank` dimensions, whose lines are `pitch` bytes apart, and a box of it that sticks
// out at both ends.
template <int kRank>
struct BoxCase {
  std::array<int, kRank> extent, box;
  int32_t at[kRank];
  int swizzle_bytes;
};

template <int kRank>
class BoxOfFloats {
 public:
  explicit BoxOfFloats(const BoxCase<kRank>& how) : how_(how) {
    int64_t stride = align(how.extent[0] * int64_t{sizeof(float)});
    stride_[0] = sizeof(float);
    for (size_t i = 1; i < kRank; ++i) {
      stride_[i] = stride;
      stride = stride * how.extent[i] + 16;  // with a gap
    }
    bytes_ = stride;
  }

  size_t floats() const { return static_cast<size_t>(bytes_) / sizeof(float); }
  int box_bytes() const { return elements() * static_cast<int>(sizeof(float)); }

  TensorMap map(const void* base) const {
    TensorBox box = {TensorType::kF32, kRank, base, {}, {}, {}, how_.swizzle_bytes};
    for (size_t i = 0; i < kRank; ++i) {
      box.extent[i] = how_.extent[i];
      box.stride[i] = stride_[i];
      box.box[i] = how_.box[i];
    }
    TensorMap map;
    EXPECT_EQ(make_tensor_map(box, &map), cudaSuccess);
    return map;
  }

  // Calls use(index in shared memory, index in the tensor or -1) for each element of the box.
  // Pieces of 16 bytes lie where the PTX ISA's "Swizzling Modes" puts them: the number of a piece,
  // and that of its line of 128 bytes, modulo the swizzle, exclusive or.
  template <class Use>
  void each_element(const Use& use) const {
    for (int number = 0; number < elements(); ++number) {
      int rest = number;
      int64_t address = 0;
      bool inside = true;
      for (size_t i = 0; i < kRank; ++i) {
        const int at = how_.at[i] + rest % how_.box[i];
        rest /= how_.box[i];
        inside = inside && at >= 0 && at < how_.extent[i];
        address += at * stride_[i];
      }
      const int piece = number / 4, pieces = how_.swizzle_bytes / 16;
      const int moved = pieces == 0 ? piece : piece ^ (piece / 8 % pieces);
      use(static_cast<size_t>(moved * 4 + number % 4),
          inside ? address / int64_t{sizeof(float)} : int64_t{-1});
    }
  }

 private:
  static int64_t align(int64_t bytes) { return (bytes + 15) / 16 * 16; }

  int elements() const {
    return std::accumulate(how_.box.begin(), how_.box.end(), 1, std::multiplies<>());
  }

  const BoxCase<kRank> how_;
  std::array<int64_t, kRank> stride_;
  int64_t bytes_ = 0;
};

template <int kRank>
void check_box(const BoxCase<kRank>& how) {
  const BoxOfFloats<kRank> box(how);
  const std::vector<float> x = counting(box.floats());
  const DeviceArray<float> tensor(x);
  const size_t count = static_cast<size_t>(box.box_bytes()) / sizeof(float);
  const TensorMap map = box.map(tensor.data());

  const DeviceArray<float> loaded(count);
  EXPECT_RUNS(load_box(map, how.at, box.box_bytes(), loaded.data()));
  std::vector<float> expected(count, NAN);
  box.each_element([&](size_t in_box, int64_t in_tensor) {
    expected[in_box] = in_tensor < 0 ? 0.0f : x[static_cast<size_t>(in_tensor)];
  });
  EXPECT_EQ(loaded.values(), expected);

  std::vector<float> changed = x;
  const DeviceArray<float> in(counting(count, 1000.0f));
  for (const bool adds : {false, true}) {
    EXPECT_RUNS(store_box(map, how.at, box.box_bytes(), adds, in.data()));
    box.each_element([&](size_t in_box, int64_t in_tensor) {
      if (in_tensor < 0) return;
      float& value = changed[static_cast<size_t>(in_tensor)];
      value = (adds ? value : 0.0f) + 1000.0f + static_cast<float>(in_box);
    });
    EXPECT_EQ(tensor.values(), changed) << (adds ? "added" : "stored");
  }
}

TEST_F(Sm90, TensorCopies) {
  check_box<1>({{50}, {32}, {30}, 0});
  check_box<1>({{50}, {32}, {-4}, 128});
  check_box<2>({{37, 20}, {32, 16}, {8, 10}, 128});
  check_box<2>({{37, 20}, {16, 9}, {-3, -2}, 64});
  check_box<2>({{37, 20}, {8, 24}, {0, 3}, 32});
  check_box<2>({{37, 20}, {12, 7}, {20, 0}, 0});
  check_box<3>({{12, 5, 6}, {8, 3, 4}, {2, 3, -1}, 32});
  check_box<4>({{9, 4, 3, 5}, {8, 2, 3, 2}, {3, -1, 1, 4}, 0});
  check_box<5>({{6, 3, 3, 4, 2}, {4, 2, 2, 3, 2}, {4, 2, -1, 0, 1}, 0});
}

// The sums of 16-bit numbers are rounded to their own type.
TEST_F(Sm90, TensorCopiesOfSixteenBits) {
  for (const Number number : {Number::kBf16, Number::kF16}) {
    std::vector<uint16_t> x(64 * 8);
    std::vector<uint32_t> in(x.size() / 2), expected(x.size() / 2);
    const auto pair = [&](size_t i, int scale) {
      const int first = static_cast<int>(i % 40);
      return encode(number, scale * first) | encode(number, scale * (first + 1)) << 16;
    };
    for (size_t i = 0; i < in.size(); ++i) {
      in[i] = pair(i, 1);
      expected[i] = pair(i, 3);
      const uint32_t doubled = pair(i, 2);
      std::memcpy(&x[2 * i], &doubled, sizeof doubled);
    }
    const DeviceArray<uint16_t> tensor(x);
    const TensorBox box = {number == Number::kBf16 ? TensorType::kBf16 : TensorType::kF16,
                           2,
                           tensor.data(),
                           {64, 8},
                           {0, 128},
                           {64, 8},
                           0};
    TensorMap map;
    ASSERT_EQ(make_tensor_map(box, &map), cudaSuccess);
    const DeviceArray<uint32_t> words(in);
    EXPECT_RUNS(store_box(map, {0, 0}, 1024, true, reinterpret_cast<const float*>(words.data())));
    const std::vector<uint16_t> sums = tensor.values();
    EXPECT_EQ(std::memcmp(sums.data(), expected.data(), 1024), 0);
  }
}

TEST_F(Sm90, TensorCopiesInACluster) {
  constexpr int kRows = 8, kColumns = 32, kBytes = kRows * kColumns * sizeof(float);
  const std::vector<float> x = counting(2 * kRows * kColumns);
  const DeviceArray<float> tensor(x), out(2 * x.size());
  const TensorBox box = {
      TensorType::kF32,  2, tensor.data(), {kColumns, 2 * kRows}, {0, kColumns * sizeof(float)},
      {kColumns, kRows}, 0};
  TensorMap map;
  ASSERT_EQ(make_tensor_map(box, &map), cudaSuccess);
  EXPECT_RUNS(load_box_for_both(map, kBytes, kRows, out.data()));
  std::vector<float> expected = x;
  expected.insert(expected.end(), x.begin(), x.end());
  EXPECT_EQ(out.values(), expected);
}

TEST_F(Sm90, TensorMapsThatAreRefused) {
  const DeviceArray<float> memory(1024);
  const TensorBox good = {TensorType::kF32, 2, memory.data(), {32, 8}, {0, 128}, {32, 8}, 128};
  TensorMap map;
  EXPECT_EQ(make_tensor_map(good, &map), cudaSuccess);
  const auto refuses = [&](const auto& change) {
    TensorBox box = good;
    change(box);
    EXPECT_EQ(make_tensor_map(box, &map), cudaErrorInvalidValue);
  };
  refuses([](TensorBox& box) { box.rank = 0; });
  refuses([](TensorBox& box) { box.rank = 6; });
  refuses([](TensorBox& box) { box.base = static_cast<const float*>(box.base) + 1; });
  refuses([](TensorBox& box) { box.extent[1] = 0; });
  refuses([](TensorBox& box) { box.stride[1] = 132; });
  refuses([](TensorBox& box) { box.box[1] = 257; });
  refuses([](TensorBox& box) { box.box[0] = 3; });
  refuses([](TensorBox& box) { box.swizzle_bytes = 64; });  // a line is 128 bytes
  refuses([](TensorBox& box) { box.box[0] = 16; });         // and is not padded
}

TEST_F(Sm90, Clusters) {
  const DeviceArray<float> x({1.0f, 2.0f, 3.0f, 4.0f}), out(12);
  EXPECT_RUNS(sum_over_cluster(x.data(), out.data()));
  EXPECT_EQ(out.values(), (std::vector<float>{10, 10, 10, 10, 10, 10, 10, 10, 3, 0, 1, 2}));
}

TEST_F(Sm90, DependentLaunches) {
  const DeviceArray<float> x(counting(100));
  EXPECT_RUNS(add_in_two_launches(x.data(), 100));
  EXPECT_EQ(x.values(), counting(100, 3.0f));
}

}  // namespace
}  // namespace sslcuda::test
