// large.hpp - tensors too large to hold, or to compute a reference for, on the host: they repeat a
// pattern, and results are looked at in places. What can go wrong at these sizes is an index that
// wraps, so the pattern's length divides no power of two, and the places are those where indices
// wrap, the ends, and some at random.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include "tests/ops/fixture.hpp"

namespace sslcuda::test {

// The largest tensor of each test has more elements than this: 2^31 and some on a GPU. The CPU has
// 64-bit indices everywhere, so small tensors show there that the test itself is right.
inline int64_t large_elements(bool on_cpu) {
  if (const char* given = std::getenv("SSLCUDA_LARGE_ELEMENTS")) return std::atoll(given);
  constexpr int64_t kSmall = int64_t{1} << 18, kLarge = (int64_t{1} << 31) + (int64_t{1} << 20);
  return on_cpu ? kSmall : kLarge;
}

template <class T>
class Pattern {
 public:
  static constexpr int64_t kPeriod = 100'003;  // a prime

  explicit Pattern(std::vector<T> values) : values_(std::move(values)) {}
  T operator[](int64_t i) const { return values_[static_cast<size_t>(i % kPeriod)]; }
  const std::vector<T>& values() const { return values_; }

 private:
  std::vector<T> values_;
};

inline Pattern<float> normal_pattern(uint64_t seed) {
  return Pattern<float>(normal(Pattern<float>::kPeriod, seed));
}

inline Pattern<uint8_t> byte_pattern(uint64_t seed) {
  std::mt19937_64 generator(seed);
  std::vector<uint8_t> bytes(Pattern<uint8_t>::kPeriod);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(generator());
  return Pattern<uint8_t>(bytes);
}

// Device memory of that many elements, which starts out as 0xff bytes: NaN.
template <class T>
class Large {
 public:
  Large(const Context& context, int64_t count) : context_(context), count_(count) {
    void* pointer = nullptr;
    context.must(sslcuda_alloc(context, static_cast<size_t>(count) * sizeof(T), &pointer));
    data_ = static_cast<T*>(pointer);
    fill(0xff);
  }
  Large(const Context& context, int64_t count, const Pattern<T>& pattern) : Large(context, count) {
    fill(pattern);
  }
  ~Large() { EXPECT_EQ(sslcuda_free(context_, data_), SSLCUDA_OK); }
  Large(const Large&) = delete;
  Large& operator=(const Large&) = delete;

  operator T*() const { return data_; }
  int64_t count() const { return count_; }

  void fill(int32_t byte) const {
    context_.must(sslcuda_fill(context_, data_, byte, static_cast<size_t>(count_) * sizeof(T)));
  }
  // Doubles what is there until all is.
  void fill(const Pattern<T>& pattern) const {
    int64_t filled = std::min(count_, Pattern<T>::kPeriod);
    copy(data_, pattern.values().data(), filled, SSLCUDA_HOST_TO_DEVICE);
    while (filled < count_) {
      const int64_t part = std::min(filled, count_ - filled);
      copy(data_ + filled, data_, part, SSLCUDA_DEVICE_TO_DEVICE);
      filled += part;
    }
  }

  std::vector<T> read(int64_t first, int64_t count) const {
    std::vector<T> values(static_cast<size_t>(count));
    copy(values.data(), data_ + first, count, SSLCUDA_DEVICE_TO_HOST);
    return values;
  }
  T at(int64_t i) const { return read(i, 1)[0]; }
  void write(int64_t first, const std::vector<T>& values) const {
    copy(data_ + first, values.data(), static_cast<int64_t>(values.size()), SSLCUDA_HOST_TO_DEVICE);
  }
  void set(int64_t i, T value) const { write(i, {value}); }

 private:
  void copy(T* destination, const T* source, int64_t count, int32_t direction) const {
    context_.must(sslcuda_copy(context_, destination, source,
                               static_cast<size_t>(count) * sizeof(T), direction));
  }

  const Context& context_;
  const int64_t count_;
  T* data_ = nullptr;
};

constexpr const char* kShort = "device memory is short";

class LargeTest : public OpTest {
 protected:
  int64_t elements() const { return large_elements(on_cpu()); }
  // Rows of a matrix of that width with more than elements() elements.
  int64_t rows_of(int64_t width) const { return elements() / width + 1; }
  // Side of such a square matrix.
  int64_t side() const { return static_cast<int64_t>(std::sqrt(elements())) + 2; }

  // Is there memory for that many floats, with some to spare? Asks for one piece, so it may refuse
  // a little early.
  bool fits(int64_t floats) const {
    const size_t bytes = static_cast<size_t>(floats + floats / 16) * sizeof(float);
    void* pointer = nullptr;
    if (sslcuda_alloc(context(), bytes, &pointer) != SSLCUDA_OK) return false;
    return sslcuda_free(context(), pointer) == SSLCUDA_OK;
  }

  template <class Call>
  void run(const Call& call) const {
    context().must(sslcuda_context_reserve(context(), context().plan(call)));
    context().must(call());
  }
};

// Indices below count to look at.
inline std::set<int64_t> places(int64_t count, int random = 50) {
  std::set<int64_t> chosen = {0, count - 1};
  for (int64_t power = 1024; power < count; power *= 2) {
    chosen.insert({power - 1, power, std::midpoint(power, count)});
  }
  std::mt19937_64 generator(1);
  std::uniform_int_distribution<int64_t> any(0, count - 1);
  for (int i = 0; i < random; ++i) chosen.insert(any(generator));
  return chosen;
}

// Rows of a matrix of that width that hold these places.
inline std::set<int64_t> rows_at(const std::set<int64_t>& places, int64_t width) {
  std::set<int64_t> rows;
  for (const int64_t i : places) rows.insert(i / width);
  return rows;
}

inline void expect_at(const char* name, const Large<float>& tensor, int64_t i, double expected,
                      double tolerance) {
  const std::string place = std::string(name) + "[" + std::to_string(i) + "]";
  expect_near(place.c_str(), tensor.at(i), expected, tolerance);
}

// A sum of products in double, and what float32 may be off by.
struct Sum {
  double value = 0, absolute = 0;
  int64_t terms = 0;

  void add(double product) {
    value += product;
    absolute += std::fabs(product);
    ++terms;
  }
  double tolerance() const {
    return (4 * std::sqrt(static_cast<double>(terms)) + 2) * kU * absolute;
  }
};

inline void expect_sum(const char* name, const Large<float>& tensor, int64_t i, const Sum& sum) {
  expect_at(name, tensor, i, sum.value, sum.tolerance());
}

}  // namespace sslcuda::test
