// job.hpp - a call of an op with all its data, to be run again and again on the same inputs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "tests/ops/fixture.hpp"

namespace sslcuda::test {

class Job {
 public:
  using Call = std::function<sslcuda_status(sslcuda_context*)>;

  explicit Job(const Context& context) : context_(context) {}
  ~Job() {
    for (const Piece& piece : pieces_) EXPECT_EQ(sslcuda_free(context_, piece.data), SSLCUDA_OK);
  }
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  // The buffers of the call. What is read and written starts every run with the given values.
  template <class T>
  T* input(const std::vector<T>& values) {
    return static_cast<T*>(add(values.data(), values.size() * sizeof(T)).data);
  }
  template <class T = float>
  T* output(int64_t count) {
    Piece& piece = add(nullptr, static_cast<size_t>(count) * sizeof(T));
    piece.is_result = true;
    return static_cast<T*>(piece.data);
  }
  float* in_out(const Floats& values) {
    float* const original = input(values);
    float* const data = output(static_cast<int64_t>(values.size()));
    pieces_.back().original = original;
    return data;
  }
  // Also reserves the workspace that the call needs.
  void set_call(Call call) {
    call_ = std::move(call);
    const size_t bytes = context_.plan([&] { return call_(context_); });
    context_.must(sslcuda_context_reserve(context_, bytes));
  }

  // Queues the call; nothing that cannot be captured.
  void queue() const {
    for (const Piece& piece : pieces_) {
      if (!piece.original) continue;
      context_.must(sslcuda_copy(context_, piece.data, piece.original, piece.bytes,
                                 SSLCUDA_DEVICE_TO_DEVICE));
    }
    context_.must(call_(context_));
  }

  // Spoils the results, so that old ones are not taken for new ones.
  void forget() const {
    for (const Piece& piece : pieces_) {
      if (!piece.is_result) continue;
      context_.must(sslcuda_fill(context_, piece.data, 0xa5, piece.bytes));
    }
  }

  // All results, one behind the other. Reusing the vector saves its allocation.
  void read(std::vector<uint8_t>* all) const {
    size_t bytes = 0;
    for (const Piece& piece : pieces_) bytes += piece.is_result ? piece.bytes : 0;
    all->resize(bytes);
    uint8_t* next = all->data();
    for (const Piece& piece : pieces_) {
      if (!piece.is_result) continue;
      context_.must(sslcuda_copy(context_, next, piece.data, piece.bytes, SSLCUDA_DEVICE_TO_HOST));
      next += piece.bytes;
    }
  }
  std::vector<uint8_t> results() const {
    std::vector<uint8_t> all;
    read(&all);
    return all;
  }

 private:
  struct Piece {
    void* data;
    size_t bytes;
    bool is_result = false;
    const void* original = nullptr;
  };

  Piece& add(const void* values, size_t bytes) {
    void* data = nullptr;
    context_.must(sslcuda_alloc(context_, bytes, &data));
    pieces_.push_back({data, bytes});
    if (values) {
      context_.must(sslcuda_copy(context_, data, values, bytes, SSLCUDA_HOST_TO_DEVICE));
    }
    return pieces_.back();
  }

  const Context& context_;
  std::vector<Piece> pieces_;
  Call call_;
};

// Every op, small and ragged, and large enough for every other choice of tile that it has.
struct JobKind {
  std::string name;
  bool small;
  std::function<void(Job&)> build;
};

std::vector<JobKind> job_kinds();

}  // namespace sslcuda::test
