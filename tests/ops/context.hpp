// context.hpp - a context and guarded buffers on its device, for tests through the C ABI.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "sslcuda.h"

// Of AddressSanitizer, in builds that have it.
extern "C" {
[[gnu::weak]] void __asan_poison_memory_region(const volatile void* begin, size_t bytes);
[[gnu::weak]] void __asan_unpoison_memory_region(const volatile void* begin, size_t bytes);
}

namespace sslcuda::test {

inline std::string last_message(const sslcuda_context* context) {
  char text[1024] = "";
  sslcuda_last_message(context, text, sizeof text);
  return text;
}

inline int device_count() {
  int32_t count = 0;
  EXPECT_EQ(sslcuda_device_count(&count), SSLCUDA_OK);
  return count;
}

class Context {
 public:
  explicit Context(int32_t device = SSLCUDA_DEVICE_CPU, int32_t threads = 0) {
    sslcuda_context_options options = SSLCUDA_CONTEXT_OPTIONS_INIT;
    options.device = device;
    options.threads = threads;
    must(sslcuda_context_create(&options, &handle_));
  }
  ~Context() { EXPECT_EQ(sslcuda_context_destroy(handle_), SSLCUDA_OK); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  operator sslcuda_context*() const { return handle_; }

  // Ends the test unless the call succeeded.
  void must(sslcuda_status status) const {
    if (status == SSLCUDA_OK) return;
    throw std::runtime_error(std::string(sslcuda_status_name(status)) + ", " +
                             last_message(handle_));
  }

  // Bytes of workspace that the call needs.
  template <class Call>
  size_t plan(const Call& call) const {
    size_t bytes = 0;
    must(sslcuda_plan_begin(handle_));
    must(call());
    must(sslcuda_plan_end(handle_, &bytes));
    return bytes;
  }

  // Runs one op in a workspace of exactly the planned size that is full of NaN, with a guard behind
  // it.
  template <class Call>
  void run(const Call& call) const;

 private:
  sslcuda_context* handle_ = nullptr;
};

// Device memory between two guard zones. What was never written reads as kUnwritten bytes; whether
// the guards still do is checked at the end of the buffer's life. AddressSanitizer stops at the
// first access of a guard, reads included.
class Block {
 public:
  static constexpr uint8_t kUnwritten = 0xc5;

  // The payload starts `offset` bytes behind a multiple of 256.
  Block(const Context& context, size_t bytes, size_t offset = 0, uint8_t fill = kUnwritten)
      : context_(context), bytes_(bytes), front_(kGuard + offset) {
    void* pointer = nullptr;
    context.must(sslcuda_alloc(context, total(), &pointer));
    memory_ = static_cast<uint8_t*>(pointer);
    context.must(sslcuda_fill(context, memory_, kUnwritten, total()));
    context.must(sslcuda_fill(context, data(), fill, bytes));
    if (!__asan_poison_memory_region) return;
    __asan_poison_memory_region(memory_, front_);
    __asan_poison_memory_region(data() + bytes_, kGuard);
  }
  ~Block() {
    if (__asan_unpoison_memory_region) __asan_unpoison_memory_region(memory_, total());
    std::vector<uint8_t> all(total());
    EXPECT_EQ(sslcuda_copy(context_, all.data(), memory_, total(), SSLCUDA_DEVICE_TO_HOST),
              SSLCUDA_OK);
    const auto dirty = [](uint8_t byte) { return byte != kUnwritten; };
    EXPECT_TRUE(std::none_of(all.begin(), all.begin() + front_, dirty)) << "written in front of it";
    EXPECT_TRUE(std::none_of(all.begin() + front_ + bytes_, all.end(), dirty))
        << "written behind its " << bytes_ << " bytes";
    EXPECT_EQ(sslcuda_free(context_, memory_), SSLCUDA_OK);
  }
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  uint8_t* data() const { return memory_ + front_; }
  size_t bytes() const { return bytes_; }
  void read(void* host) const {
    context_.must(sslcuda_copy(context_, host, data(), bytes_, SSLCUDA_DEVICE_TO_HOST));
  }
  void write(const void* host) const {
    context_.must(sslcuda_copy(context_, data(), host, bytes_, SSLCUDA_HOST_TO_DEVICE));
  }

 private:
  static constexpr size_t kGuard = 1024;
  size_t total() const { return front_ + bytes_ + kGuard; }

  const Context& context_;
  const size_t bytes_, front_;
  uint8_t* memory_ = nullptr;
};

template <class Call>
void Context::run(const Call& call) const {
  const size_t bytes = plan(call);
  constexpr uint8_t kNaNByte = 0xff;
  const Block workspace(*this, bytes, 0, kNaNByte);
  must(sslcuda_context_set_workspace(handle_, workspace.data(), bytes));
  const sslcuda_status status = call();
  must(sslcuda_context_set_workspace(handle_, nullptr, 0));
  must(status);
}

// A call that was recorded; its workspace is the context's own.
class Graph {
 public:
  template <class Call>
  Graph(const Context& context, const Call& call) : context_(context) {
    context.must(sslcuda_context_reserve(context, context.plan(call)));
    context.must(sslcuda_graph_begin(context));
    context.must(call());
    context.must(sslcuda_graph_end(context, &graph_));
  }
  ~Graph() { EXPECT_EQ(sslcuda_graph_destroy(context_, graph_), SSLCUDA_OK); }
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  void launch() const { context_.must(sslcuda_graph_launch(context_, graph_)); }

 private:
  const Context& context_;
  sslcuda_graph* graph_ = nullptr;
};

// A tensor on the device. An odd number of elements starts off the 256-byte grid, so that ops
// cannot count on more than the alignment of an element.
template <class T>
class Buffer {
 public:
  Buffer(const Context& context, int64_t count)
      : block_(context, static_cast<size_t>(count) * sizeof(T), count % 2 * sizeof(T)) {}
  Buffer(const Context& context, const std::vector<T>& values)
      : Buffer(context, static_cast<int64_t>(values.size())) {
    upload(values);
  }
  Buffer(const Context& context, std::initializer_list<T> values)
      : Buffer(context, std::vector<T>(values)) {}

  T* data() const { return reinterpret_cast<T*>(block_.data()); }
  operator T*() const { return data(); }
  void upload(const std::vector<T>& values) const {
    ASSERT_EQ(values.size() * sizeof(T), block_.bytes());
    block_.write(values.data());
  }
  std::vector<T> download() const {
    std::vector<T> values(block_.bytes() / sizeof(T));
    block_.read(values.data());
    return values;
  }
  bool untouched() const {
    std::vector<uint8_t> bytes(block_.bytes());
    block_.read(bytes.data());
    return std::all_of(bytes.begin(), bytes.end(),
                       [](uint8_t byte) { return byte == Block::kUnwritten; });
  }

 private:
  Block block_;
};

// The buffer, or NULL where an optional argument is to be left out.
template <class T>
T* if_wanted(bool wanted, const Buffer<T>& buffer) {
  return wanted ? buffer.data() : nullptr;
}

template <class T>
bool same_bits(const std::vector<T>& x, const std::vector<T>& y) {
  return x.size() == y.size() &&
         (x.empty() || std::memcmp(x.data(), y.data(), x.size() * sizeof(T)) == 0);
}

}  // namespace sslcuda::test
