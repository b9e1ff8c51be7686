// abi.hpp - ownership for the handles of sslcuda.h. Every op is called through Context::run, which
// turns a status into an exception.
#pragma once

#include <sslcuda.h>

#include <cstdint>
#include <functional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

namespace host {

class StatusError : public std::runtime_error {
 public:
  StatusError(sslcuda_status status, const std::string& message)
      : std::runtime_error(message), status_(status) {}
  sslcuda_status status() const { return status_; }

 private:
  sslcuda_status status_;
};

class Context {
 public:
  explicit Context(const sslcuda_context_options& options);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // context.run(sslcuda_mse, SSLCUDA_F32, count, ...)
  template <class... Params, class... Args>
  void run(sslcuda_status (*op)(sslcuda_context*, Params...), Args... args) {
    check(op(handle_, args...));
  }

  std::string describe();
  // Library messages of all levels to standard error.
  void log_to_stderr();
  // Reserves the workspace that the ops queued by `program` need; nothing of it runs.
  void reserve_for(const std::function<void()>& program);

 private:
  void check(sslcuda_status status) const;

  sslcuda_context* handle_ = nullptr;
};

// count elements in memory of the context's device. The context must outlive it.
template <class T>
class Buffer {
 public:
  Buffer(Context& context, int64_t count) : context_(&context), count_(count) {
    void* pointer = nullptr;
    context_->run(sslcuda_alloc, bytes(count), &pointer);
    data_ = static_cast<T*>(pointer);
  }
  Buffer(Context& context, std::span<const T> values)
      : Buffer(context, static_cast<int64_t>(values.size())) {
    upload(values);
  }
  Buffer(Buffer&& other) noexcept
      : context_(other.context_),
        count_(other.count_),
        data_(std::exchange(other.data_, nullptr)) {}
  Buffer& operator=(Buffer&&) = delete;
  ~Buffer() {
    try {
      context_->run(sslcuda_free, static_cast<void*>(data_));
    } catch (const StatusError&) {  // a lost device; the context frees what it can
    }
  }

  T* data() const { return data_; }
  int64_t size() const { return count_; }

  void upload(std::span<const T> values) {
    context_->run(sslcuda_copy, data_, values.data(), values.size_bytes(), SSLCUDA_HOST_TO_DEVICE);
  }
  // The first values.size() elements; waits for the work queued before.
  void download(std::span<T> values) const {
    context_->run(sslcuda_copy, values.data(), data_, values.size_bytes(), SSLCUDA_DEVICE_TO_HOST);
  }
  void zero() { context_->run(sslcuda_fill, data_, 0, bytes(count_)); }

 private:
  static size_t bytes(int64_t count) { return static_cast<size_t>(count) * sizeof(T); }

  Context* context_;
  int64_t count_;
  T* data_ = nullptr;
};

// A recorded program. The context and the buffers it names must outlive it.
class Graph {
 public:
  Graph(Context& context, const std::function<void()>& program);
  Graph(Graph&& other) noexcept
      : context_(other.context_), graph_(std::exchange(other.graph_, nullptr)) {}
  Graph& operator=(Graph&&) = delete;
  ~Graph();

  void launch() { context_->run(sslcuda_graph_launch, graph_); }

 private:
  Context* context_;
  sslcuda_graph* graph_ = nullptr;
};

}  // namespace host
