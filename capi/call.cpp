#include "capi/call.hpp"

#include <cstring>
#include <new>
#include <unordered_map>

namespace sslcuda {
namespace {

// Never destroyed, so that calls from other libraries' exit handlers stay safe.
struct Contexts {
  std::mutex mutex;
  std::unordered_map<const void*, Context*> live;  // by handle
};

Contexts& contexts() {
  static auto* const instance = new Contexts;
  return *instance;
}

Context& find(const Contexts& all, const void* handle) {
  if (!handle) fail(SSLCUDA_NULL_POINTER, "ctx must not be NULL");
  const auto found = all.live.find(handle);
  if (found == all.live.end()) {
    fail(SSLCUDA_INVALID_CONTEXT, "ctx must be a live context, got ", handle,
         ", which was destroyed or never created");
  }
  return *found->second;
}

thread_local char thread_message[512];

}  // namespace

void Registry::add(sslcuda_context* context) {
  const std::lock_guard lock(contexts().mutex);
  contexts().live.emplace(context, context);
}

Context& Registry::acquire(const sslcuda_context* handle) {
  const std::lock_guard lock(contexts().mutex);
  Context& context = find(contexts(), handle);
  if (context.busy.exchange(true, std::memory_order_acquire)) {
    fail(SSLCUDA_BUSY, "ctx is in use by another call; use one context per thread, or a lock");
  }
  return context;
}

void Registry::remove(const sslcuda_context* handle) {
  const std::lock_guard lock(contexts().mutex);
  contexts().live.erase(handle);
}

std::string Registry::message(const sslcuda_context* handle) {
  if (!handle) return thread_message;
  const std::lock_guard lock(contexts().mutex);
  return find(contexts(), handle).last_message();
}

void remember_for_thread(const std::string& message) {
  const size_t length = std::min(message.size(), sizeof thread_message - 1);
  std::memcpy(thread_message, message.data(), length);
  thread_message[length] = '\0';
}

Error current_error() {
  try {
    throw;
  } catch (const Error& error) {
    return error;
  } catch (const std::bad_alloc&) {
    return {SSLCUDA_OUT_OF_MEMORY, "no host memory left"};
  } catch (const std::exception& exception) {
    return {SSLCUDA_INTERNAL, text("internal error: ", exception.what())};
  } catch (...) {
    return {SSLCUDA_INTERNAL, "internal error"};
  }
}

}  // namespace sslcuda
