// sslcuda.hpp - sslcuda.h for C++17: contexts, device memory and graphs that free themselves, and
// failures as exceptions. Header-only; links nothing but libsslcuda.
//
//   sslcuda::Context ctx;                           // a GPU if there is one, else the CPU
//   auto x = ctx.upload(host_x);                    // Buffer<float> from a vector, an array ...
//   auto loss = ctx.allocate<float>(1);
//   ctx.call(sslcuda_mse, SSLCUDA_F32, x.count(), x.data(), target.data(), 0, nullptr, loss.data(),
//            nullptr);                              // any function of sslcuda.h, without ctx
//   std::vector<float> result = loss.to_vector();
//
// Every function of the header goes through call(), so nothing here grows with the header. What a
// Context owns lives until the last Context, Buffer and Graph of it is gone. As in C, a context
// serves one call at a time, destructors included, and memory that a graph uses must outlive it.
#ifndef SSLCUDA_HPP
#define SSLCUDA_HPP

#include <sslcuda.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace sslcuda {

// A failed call. what() is "SSLCUDA_INVALID_SHAPE: " and the library's message.
class Error : public std::runtime_error {
 public:
  Error(sslcuda_status status, const std::string& message)
      : std::runtime_error(std::string(sslcuda_status_name(status)) + ": " + message),
        status_(status) {}
  sslcuda_status status() const noexcept { return status_; }

 private:
  sslcuda_status status_;
};

// Elements that someone else owns: of a vector, an array, or anything with data() and size().
template <class T>
class View {
 public:
  View(T* data, std::size_t size) noexcept : data_(data), size_(size) {}
  template <class Container, class = std::enable_if_t<std::is_convertible_v<
                                 decltype(std::data(std::declval<Container&>())), T*>>>
  View(Container&& container) noexcept : data_(std::data(container)), size_(std::size(container)) {}

  T* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  T* begin() const noexcept { return data_; }
  T* end() const noexcept { return data_ + size_; }

 private:
  T* data_;
  std::size_t size_;
};

namespace detail {

using SharedContext = std::shared_ptr<sslcuda_context>;

// A parameter that takes part in no deduction, so that 3 goes where an int64_t is wanted.
template <class T>
struct Same {
  using type = T;
};
template <class T>
using SameT = typename Same<T>::type;

// Throws the failure of a call on ctx. What had no usable context left its message in the thread.
inline void check(const sslcuda_context* ctx, sslcuda_status status) {
  if (status == SSLCUDA_OK) return;
  const bool in_thread = status == SSLCUDA_BUSY || status == SSLCUDA_INVALID_CONTEXT;
  char message[1024] = "";
  sslcuda_last_message(in_thread ? nullptr : ctx, message, sizeof message);
  throw Error(status, message);
}

template <class T>
std::size_t bytes(std::size_t count) {
  if (count > PTRDIFF_MAX / sizeof(T)) {
    throw Error(SSLCUDA_SIZE_OVERFLOW, std::to_string(count) + " elements do not fit in memory");
  }
  return count * sizeof(T);
}

}  // namespace detail

// Memory of a context's device: count() elements, freed with the object.
template <class T>
class Buffer {
  static_assert(std::is_trivially_copyable_v<T> && !std::is_const_v<T>);

 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept
      : ctx_(std::move(other.ctx_)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    Buffer(std::move(other)).swap(*this);
    return *this;
  }
  ~Buffer() {
    if (data_) sslcuda_free(ctx_.get(), data_);
  }
  void swap(Buffer& other) noexcept {
    std::swap(ctx_, other.ctx_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
  }

  // Addresses of the device: not for reading here, but on the CPU.
  T* data() noexcept { return data_; }
  const T* data() const noexcept { return data_; }
  std::size_t size() const noexcept { return size_; }
  // The size as the functions of sslcuda.h take extents.
  std::int64_t count() const noexcept { return static_cast<std::int64_t>(size_); }

  // Copies exactly size() elements in or out, after the work that was queued before.
  void write(View<const T> source) {
    copy(data_, source.data(), source.size(), SSLCUDA_HOST_TO_DEVICE);
  }
  void read(View<T> destination) const {
    copy(destination.data(), data_, destination.size(), SSLCUDA_DEVICE_TO_HOST);
  }
  std::vector<T> to_vector() const {
    std::vector<T> elements(size_);
    read(elements);
    return elements;
  }

 private:
  friend class Context;
  Buffer(detail::SharedContext ctx, std::size_t size) : ctx_(std::move(ctx)), size_(size) {
    void* memory = nullptr;
    detail::check(ctx_.get(), sslcuda_alloc(ctx_.get(), detail::bytes<T>(size), &memory));
    data_ = static_cast<T*>(memory);
  }
  void copy(void* to, const void* from, std::size_t size, std::int32_t direction) const {
    if (size != size_) {
      throw Error(SSLCUDA_INVALID_SHAPE, "the buffer has " + std::to_string(size_) +
                                             " elements, got " + std::to_string(size));
    }
    if (size == 0) return;
    detail::check(ctx_.get(),
                  sslcuda_copy(ctx_.get(), to, from, detail::bytes<T>(size), direction));
  }

  detail::SharedContext ctx_;
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

// Calls recorded by Context::capture.
class Graph {
 public:
  // Queues all of them again, on the same addresses.
  void launch() { detail::check(ctx_.get(), sslcuda_graph_launch(ctx_.get(), graph_.get())); }

 private:
  friend class Context;
  Graph(detail::SharedContext ctx, sslcuda_graph* graph)
      : ctx_(std::move(ctx)), graph_(graph, [owner = ctx_](sslcuda_graph* owned) {
          sslcuda_graph_destroy(owner.get(), owned);
        }) {}

  detail::SharedContext ctx_;
  std::shared_ptr<sslcuda_graph> graph_;
};

// A context; copies are the same one.
class Context {
 public:
  explicit Context(const sslcuda_context_options& options = SSLCUDA_CONTEXT_OPTIONS_INIT) {
    sslcuda_context* ctx = nullptr;
    detail::check(nullptr, sslcuda_context_create(&options, &ctx));
    ctx_.reset(ctx, sslcuda_context_destroy);
  }
  // On the CPU; threads 0: as many as the process may use.
  static Context cpu(std::int32_t threads = 0) {
    sslcuda_context_options options = SSLCUDA_CONTEXT_OPTIONS_INIT;
    options.device = SSLCUDA_DEVICE_CPU;
    options.threads = threads;
    return Context(options);
  }
  static Context cuda(std::int32_t ordinal = 0) {
    sslcuda_context_options options = SSLCUDA_CONTEXT_OPTIONS_INIT;
    options.device = SSLCUDA_DEVICE_CUDA;
    options.ordinal = ordinal;
    return Context(options);
  }

  sslcuda_context* get() const noexcept { return ctx_.get(); }

  // Calls a function of sslcuda.h with this context and `arguments`; throws Error if it fails.
  template <class... Parameters>
  void call(sslcuda_status (*function)(sslcuda_context*, Parameters...),
            detail::SameT<Parameters>... arguments) const {
    detail::check(get(), function(get(), arguments...));
  }

  // Contents undefined.
  template <class T>
  Buffer<T> allocate(std::size_t size) const {
    return Buffer<T>(ctx_, size);
  }
  template <class T>
  Buffer<T> zeros(std::size_t size) const {
    Buffer<T> buffer(ctx_, size);
    if (size > 0) call(sslcuda_fill, buffer.data(), 0, detail::bytes<T>(size));
    return buffer;
  }
  // A copy of a vector, an array or a View.
  template <class Container>
  auto upload(const Container& source) const {
    using T = std::remove_cv_t<std::remove_pointer_t<decltype(std::data(source))>>;
    Buffer<T> buffer(ctx_, std::size(source));
    buffer.write(source);
    return buffer;
  }

  // Records what body() calls on this context instead of running it.
  template <class Body>
  Graph capture(Body&& body) const {
    sslcuda_graph* graph = nullptr;
    call(sslcuda_graph_begin);
    try {
      body();
    } catch (...) {  // what was recorded so far is of no use
      if (sslcuda_graph_end(get(), &graph) == SSLCUDA_OK) sslcuda_graph_destroy(get(), graph);
      throw;
    }
    call(sslcuda_graph_end, &graph);
    return Graph(ctx_, graph);
  }

  // Bytes of workspace that what body() calls would take; nothing is run.
  template <class Body>
  std::size_t plan(Body&& body) const {
    std::size_t bytes = 0;
    call(sslcuda_plan_begin);
    try {
      body();
    } catch (...) {
      sslcuda_plan_end(get(), &bytes);
      throw;
    }
    call(sslcuda_plan_end, &bytes);
    return bytes;
  }
  void reserve(std::size_t bytes) const { call(sslcuda_context_reserve, bytes); }
  void synchronize() const { call(sslcuda_synchronize); }

  // "cuda:0 NVIDIA H100 80GB HBM3 (sm_90)" or "cpu (2 threads)".
  std::string describe() const {
    char text[256];
    call(sslcuda_context_describe, text, sizeof text);
    return text;
  }

 private:
  detail::SharedContext ctx_;
};

}  // namespace sslcuda

#endif  // SSLCUDA_HPP
