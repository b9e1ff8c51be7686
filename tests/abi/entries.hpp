// entries.hpp - every op of the header as a valid call whose arguments can be spoilt by name. A new
// op is one more entry here; test_misuse.cpp then tries on it whatever can be done wrong.
#pragma once

#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sslcuda.h"

namespace sslcuda::test {

enum class Role { kInput, kOptionalInput, kOutput, kOptionalOutput };

struct Pointer {
  Role role;
  void* data;
  size_t bytes;
  bool is_output() const { return role == Role::kOutput || role == Role::kOptionalOutput; }
  bool is_required() const { return role == Role::kInput || role == Role::kOutput; }
};

struct Entry {
  using Call = sslcuda_status (*)(sslcuda_context*, const Entry&);

  std::string name;
  Call call;
  std::map<std::string, int64_t> extents = {};      // must not be negative, nor overflow
  std::map<std::string, int64_t> fixed = {};        // other whole numbers, which are left alone
  std::map<std::string, std::string> strides = {};  // leading dimension -> the width it covers
  std::map<std::string, int64_t> choices = {};      // enums and flags: -1 and 99 are none
  std::map<std::string, double> scalars = {};       // with values; see bad_scalars
  std::map<std::string, std::vector<double>> bad_scalars = {};
  std::map<std::string, int64_t> least = {};  // extents for which less is INVALID_SHAPE
  std::vector<std::pair<std::string, std::string>> may_share = {};
  std::map<std::string, Pointer> pointers = {};

  int64_t n(const char* key, int64_t otherwise) const {
    for (const auto* numbers : {&choices, &extents, &fixed}) {
      if (const auto number = numbers->find(key); number != numbers->end()) return number->second;
    }
    return otherwise;
  }
  int64_t n(const char* key) const { return n(key, 0); }
  int32_t i(const char* key) const { return static_cast<int32_t>(n(key)); }
  double f(const char* key) const { return scalars.at(key); }
  float f(const char* key, float otherwise) const {
    const auto scalar = scalars.find(key);
    return scalar == scalars.end() ? otherwise : static_cast<float>(scalar->second);
  }
  template <class T = void>
  T* p(const char* key) const {
    return static_cast<T*>(pointers.at(key).data);
  }
  // NULL where the entry has no such pointer.
  template <class T = void>
  T* optional(const char* key) const {
    return pointers.contains(key) ? p<T>(key) : nullptr;
  }
};

// Owns the memory that the entries point into: every pointer has its own block of kBytes, of which
// it declares the first `bytes`. Contents are small and valid for every op.
class Entries {
 public:
  Entries();
  std::vector<Entry>& all() { return entries_; }

 private:
  static constexpr size_t kBytes = 4096;
  struct Argument {
    const char* name;
    Role role;
    size_t bytes;
  };
  static constexpr Role kIn = Role::kInput, kOptIn = Role::kOptionalInput, kOut = Role::kOutput,
                        kOptOut = Role::kOptionalOutput;
  static constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  static constexpr double kInf = std::numeric_limits<double>::infinity();
  static size_t floats(size_t count) { return count * sizeof(float); }
  static size_t longs(size_t count) { return count * sizeof(int64_t); }

  void add(Entry entry, const std::vector<Argument>& pointers);
  void add_layers();
  void add_norms();
  void add_pools_and_samples();
  void add_losses();
  void add_contrastive();
  void add_data();
  void add_optimizers();
  void add_random();

  std::vector<std::unique_ptr<int64_t[]>> memory_;
  std::vector<Entry> entries_;
};

}  // namespace sslcuda::test
