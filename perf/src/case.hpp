// case.hpp - what an op contributes to the suite: its tensors, our call, the calls of its peers,
// the check against float64, its FLOPs and bytes. Everything else is the harness's.
#pragma once

#include <cstddef>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "perf/src/check.hpp"
#include "perf/src/library.hpp"
#include "perf/src/number.hpp"

namespace sslcuda::perf {

// A tensor of a case; where it lies is the business of a Set.
template <class T>
struct Tensor {
  size_t index;
};

// The same of numbers in the problem's storage type.
struct Array {
  size_t index;
  const DType* type;
};

// Device memory of one copy of a case's tensors, and of what a side asked for; 256-byte aligned.
class Set {
 public:
  Set(std::vector<unsigned char*> tensors, unsigned char* own, unsigned char* scratch)
      : tensors_(std::move(tensors)), own_(own), scratch_(scratch) {}

  template <class T>
  T* operator[](Tensor<T> tensor) const {
    return reinterpret_cast<T*>(tensors_[tensor.index]);
  }
  void* operator[](Array array) const { return tensors_[array.index]; }
  unsigned char* own() const { return own_; }          // another one in every set
  unsigned char* scratch() const { return scratch_; }  // the same in all sets

 private:
  std::vector<unsigned char*> tensors_;
  unsigned char *own_, *scratch_;
};

// Somebody who computes the case. All calls queue on the stream of the library's context.
struct Side {
  std::string name, version;
  std::string absent;                       // why it cannot take part; the rest is then empty
  size_t own_bytes = 0;                     // for what prepare() makes of a set
  size_t scratch_bytes = 0;                 // for what a call needs while it runs
  std::function<void(const Set&)> prepare;  // [opt] not timed: own formats, choice of algorithm
  std::function<void(const Set&)> call;
  std::function<void(const Set&)> finish;  // [opt] not timed: brings results to the case's tensors
  std::string computes = "all";            // what a peer leaves out makes it "part"
};

inline Side absent_side(const std::string& name, const std::string& why) {
  Side side;
  side.name = name;
  side.absent = why;
  return side;
}

enum class Role { kInput, kOutput, kState };

// Host copies of a case's tensors, for its check.
class Values {
 public:
  using Bytes = std::vector<std::byte>;
  Values(const std::vector<Bytes>& before, std::vector<Bytes> after)
      : before_(before), after_(std::move(after)) {}

  // What the call was given; of an output, nothing.
  template <class T>
  std::span<const T> before(Tensor<T> tensor) const {
    return view<T>(before_[tensor.index]);
  }
  Numbers before(Array array) const { return {*array.type, before_[array.index]}; }
  // What it left in an output or a state.
  template <class T>
  std::span<const T> operator[](Tensor<T> tensor) const {
    return view<T>(after_[tensor.index]);
  }
  Numbers operator[](Array array) const { return {*array.type, after_[array.index]}; }

 private:
  template <class T>
  static std::span<const T> view(const Bytes& bytes) {
    return {reinterpret_cast<const T*>(bytes.data()), bytes.size() / sizeof(T)};
  }

  const std::vector<Bytes>& before_;
  std::vector<Bytes> after_;
};

class Case {
 public:
  struct Spec {
    Role role;
    size_t bytes;
  };

  template <class T>
  Tensor<T> input(const std::vector<T>& values) {
    return add(Role::kInput, values);
  }
  Array input(const DType& type, const std::vector<float>& values) {
    return {add(Role::kInput, stored(type, values)).index, &type};
  }
  // Read and written, such as a parameter.
  template <class T>
  Tensor<T> state(const std::vector<T>& values) {
    return add(Role::kState, values);
  }
  template <class T = float>
  Tensor<T> output(int64_t count) {
    const size_t size = static_cast<size_t>(count) * sizeof(T);
    specs_.push_back({Role::kOutput, size});
    initial_.emplace_back();
    bytes += static_cast<double>(size);
    return {specs_.size() - 1};
  }
  Array output(const DType& type, int64_t count) {
    return {output<std::byte>(count * static_cast<int64_t>(type.size)).index, &type};
  }

  // A peer that cannot be made is absent, with what it says as the reason.
  void add_peer(const std::string& name, const std::function<Side()>& make) {
    try {
      peers.push_back(make());
    } catch (const std::exception& error) {
      peers.push_back(absent_side(name, error.what()));
    }
  }

  std::function<sslcuda_status(sslcuda_context*, const Set&)> prepare;  // [opt] not timed
  std::function<sslcuda_status(sslcuda_context*, const Set&)> ours;
  std::vector<Side> peers;
  std::function<void(const Values&, Checker&)> check;
  double flops = 0;
  double bytes = 0;  // each input read once, each output written once, each state both

  const std::vector<Spec>& specs() const { return specs_; }
  const std::vector<Values::Bytes>& initial() const { return initial_; }

 private:
  template <class T>
  Tensor<T> add(Role role, const std::vector<T>& values) {
    const size_t size = values.size() * sizeof(T);
    specs_.push_back({role, size});
    initial_.emplace_back(size);
    std::memcpy(initial_.back().data(), values.data(), size);
    bytes += static_cast<double>(size) * (role == Role::kState ? 2 : 1);
    return {specs_.size() - 1};
  }

  std::vector<Spec> specs_;
  std::vector<Values::Bytes> initial_;
};

}  // namespace sslcuda::perf
