// call.hpp - the frame around every entry point: finds the context, keeps a second caller out,
// makes the device current, and turns whatever goes wrong into a status and a message.
#pragma once

#include "capi/context.hpp"

namespace sslcuda {

// The contexts that exist. A handle is looked up before it is touched, so a destroyed or foreign
// one is refused instead of read.
class Registry {
 public:
  static void add(sslcuda_context* context);
  // The live context behind the handle, marked busy. Throws NULL_POINTER, INVALID_CONTEXT, BUSY.
  static Context& acquire(const sslcuda_context* handle);
  static void release(Context& context) { context.busy.store(false, std::memory_order_release); }
  // Takes an acquired context out; no later call can find it.
  static void remove(const sslcuda_context* handle);
  // The message of a live context, even a busy one; of this thread's failures for NULL.
  static std::string message(const sslcuda_context* handle);
};

// Remembers a failure that had no usable context for sslcuda_last_message(NULL, ...).
void remember_for_thread(const std::string& message);

// The exception in flight as an Error. To be called from a catch block.
Error current_error();

// Runs `body`, which throws Error, for an entry point without a context.
template <class Body>
sslcuda_status call_without_context(const char* function, Body&& body) noexcept {
  try {
    try {
      body();
      return SSLCUDA_OK;
    } catch (...) {
      const Error error = current_error();
      remember_for_thread(text(function, ": ", error.message));
      return error.status;
    }
  } catch (...) {  // no memory for the message
    return SSLCUDA_OUT_OF_MEMORY;
  }
}

// Makes the context's device current while it lives.
class DeviceScope {
 public:
  explicit DeviceScope(Context& context) : context_(context), error_(context.device().enter()) {}
  ~DeviceScope() { context_.device().leave(); }
  DeviceScope(const DeviceScope&) = delete;
  DeviceScope& operator=(const DeviceScope&) = delete;
  void check() const { context_.check(error_); }

 private:
  Context& context_;
  int error_;
};

// Runs `body(Context&)`, which throws Error, for an entry point.
template <class Body>
sslcuda_status call(sslcuda_context* handle, const char* function, Body&& body) noexcept {
  Context* context = nullptr;
  const sslcuda_status found =
      call_without_context(function, [&] { context = &Registry::acquire(handle); });
  if (found != SSLCUDA_OK) return found;
  sslcuda_status status = SSLCUDA_OK;
  try {
    try {
      context->require_alive();
      const DeviceScope scope(*context);
      scope.check();
      body(*context);
      context->log(SSLCUDA_LOG_DEBUG, function);
    } catch (...) {
      const Error error = current_error();
      status = error.status;
      const std::string message = text(function, ": ", error.message);
      context->remember(message);
      context->log(SSLCUDA_LOG_ERROR, message);
    }
  } catch (...) {
    status = SSLCUDA_OUT_OF_MEMORY;
  }
  Registry::release(*context);
  return status;
}

}  // namespace sslcuda
