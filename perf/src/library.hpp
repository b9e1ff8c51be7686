// library.hpp - libsslcuda as the suite uses it: a context, and statuses as exceptions.
#pragma once

#include <cstddef>
#include <functional>
#include <stdexcept>
#include <string>

#include "sslcuda.h"

namespace sslcuda::perf {

class StatusError : public std::runtime_error {
 public:
  StatusError(sslcuda_status status, const std::string& message)
      : std::runtime_error(message), status_(status) {}
  sslcuda_status status() const { return status_; }

 private:
  sslcuda_status status_;
};

class Library {
 public:
  // SSLCUDA_DEVICE_*; 0 threads: as many as there are.
  Library(int32_t device, int32_t threads);
  ~Library() { sslcuda_context_destroy(context_); }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  operator sslcuda_context*() const { return context_; }
  bool on_cpu() const;
  sslcuda_stream stream() const;
  std::string description() const;
  void must(sslcuda_status status) const;
  void synchronize() const { must(sslcuda_synchronize(context_)); }

  // Reserves the workspace that the call needs.
  void reserve_for(const std::function<sslcuda_status()>& call) const;

 private:
  sslcuda_context* context_ = nullptr;
};

// Memory of the library's device. Grows, and is then empty.
class Arena {
 public:
  explicit Arena(const Library& library) : library_(library) {}
  ~Arena() { sslcuda_free(library_, data_); }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  unsigned char* reserve(size_t bytes);

 private:
  const Library& library_;
  void* data_ = nullptr;
  size_t bytes_ = 0;
};

}  // namespace sslcuda::perf
