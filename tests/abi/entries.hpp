// entries.hpp - every op of the header as a valid call whose arguments can be spoilt by name. A new
// op is one more entry here; test_misuse.cpp then tries on it whatever can be done wrong.
#pragma once

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
  std::map<std::string, std::string> strides = {};  // leading dimension -> the width it covers
  std::map<std::string, int64_t> choices = {};      // enums and flags: -1 and 99 are none
  std::map<std::string, double> scalars = {};       // with values; see bad_scalars
  std::map<std::string, std::vector<double>> bad_scalars = {};
  std::map<std::string, int64_t> least = {};  // extents for which less is INVALID_SHAPE
  std::vector<std::pair<std::string, std::string>> may_share = {};
  std::map<std::string, Pointer> pointers = {};

  int64_t n(const char* key) const {
    const auto choice = choices.find(key);
    return choice != choices.end() ? choice->second : extents.at(key);
  }
  int32_t i(const char* key) const { return static_cast<int32_t>(n(key)); }
  double f(const char* key) const { return scalars.at(key); }
  template <class T = void>
  T* p(const char* key) const {
    return static_cast<T*>(pointers.at(key).data);
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
  void add(Entry entry, std::initializer_list<Argument> pointers);
  void add_layers();
  void add_losses();
  void add_data();

  std::vector<std::unique_ptr<int64_t[]>> memory_;
  std::vector<Entry> entries_;
};

}  // namespace sslcuda::test
