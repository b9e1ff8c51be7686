// optimizer_state.hpp - what the optimisers' tests share: tensors on the device with their
// gradients and state, and the lists of them that the entries take.
#pragma once

#include "tests/ops/fixture.hpp"

namespace sslcuda::test {

using Counts = std::vector<int64_t>;

// One buffer of each kind per tensor; the state is zeros to begin with.
class OptimizerState {
 public:
  OptimizerState(const Context& context, Counts counts, float scale = 1)
      : context_(context), counts_(std::move(counts)) {
    for (size_t i = 0; i < counts_.size(); ++i) {
      param_.push_back(make(normal(counts_[i], 10 + i, scale)));
      moment_.push_back(make(Floats(counts_[i], 0)));
      variance_.push_back(make(Floats(counts_[i], 0)));
      grad_.push_back(make(Floats(counts_[i], 0)));
    }
  }

  const Context& context() const { return context_; }
  int64_t tensors() const { return static_cast<int64_t>(counts_.size()); }
  const int64_t* counts() const { return counts_.data(); }
  // In the order of the tensors; valid until the next call of the same list.
  void* const* params() const { return list(param_, &params_); }
  void* const* grads() const { return list(grad_, &grads_); }
  void* const* moments() const { return list(moment_, &moments_); }
  void* const* variances() const { return list(variance_, &variances_); }

  void set_gradients(uint64_t seed) const {
    for (size_t i = 0; i < counts_.size(); ++i) grad_[i]->upload(gradient(i, seed));
  }
  Floats gradient(size_t i, uint64_t seed) const {
    return normal(counts_[i], 1000 * seed + i, 0.1f);
  }
  void set(size_t i, const Floats& param, const Floats& grad) const {
    param_[i]->upload(param);
    grad_[i]->upload(grad);
  }

  Floats param(size_t i) const { return param_[i]->download(); }
  Floats moment(size_t i) const { return moment_[i]->download(); }
  Floats variance(size_t i) const { return variance_[i]->download(); }
  Floats all() const {
    Floats x;
    for (size_t i = 0; i < counts_.size(); ++i) {
      x = joined(joined(x, param(i)), joined(moment(i), variance(i)));
    }
    return x;
  }

 private:
  using List = std::vector<std::unique_ptr<Buffer<float>>>;

  std::unique_ptr<Buffer<float>> make(const Floats& values) const {
    return std::make_unique<Buffer<float>>(context_, values);
  }
  static void* const* list(const List& buffers, std::vector<void*>* pointers) {
    pointers->clear();
    for (const auto& buffer : buffers) pointers->push_back(buffer->data());
    return pointers->data();
  }

  const Context& context_;
  const Counts counts_;
  List param_, moment_, variance_, grad_;
  mutable std::vector<void*> params_, grads_, moments_, variances_;
};

}  // namespace sslcuda::test
