#include "perf/src/library.hpp"

namespace sslcuda::perf {
namespace {

std::string last_message(const sslcuda_context* context) {
  char text[1024] = "";
  sslcuda_last_message(context, text, sizeof text);
  return text;
}

}  // namespace

Library::Library(int32_t device, int32_t threads) {
  sslcuda_context_options options = SSLCUDA_CONTEXT_OPTIONS_INIT;
  options.device = device;
  options.threads = threads;
  must(sslcuda_context_create(&options, &context_));
}

void Library::must(sslcuda_status status) const {
  if (status == SSLCUDA_OK) return;
  throw StatusError(status,
                    std::string(sslcuda_status_name(status)) + ", " + last_message(context_));
}

bool Library::on_cpu() const {
  int32_t device = 0, ordinal = 0;
  must(sslcuda_context_device(context_, &device, &ordinal));
  return device == SSLCUDA_DEVICE_CPU;
}

sslcuda_stream Library::stream() const {
  sslcuda_stream stream = nullptr;
  must(sslcuda_context_get_stream(context_, &stream));
  return stream;
}

std::string Library::description() const {
  char text[256] = "";
  must(sslcuda_context_describe(context_, text, sizeof text));
  return text;
}

void Library::reserve_for(const std::function<sslcuda_status()>& call) const {
  size_t bytes = 0;
  must(sslcuda_plan_begin(context_));
  const sslcuda_status status = call();
  const std::string message = status == SSLCUDA_OK ? "" : last_message(context_);
  must(sslcuda_plan_end(context_, &bytes));
  if (status != SSLCUDA_OK) {
    throw StatusError(status, std::string(sslcuda_status_name(status)) + ", " + message);
  }
  must(sslcuda_context_reserve(context_, bytes));
}

unsigned char* Arena::reserve(size_t bytes) {
  if (bytes > bytes_) {
    library_.must(sslcuda_free(library_, data_));
    data_ = nullptr;
    bytes_ = 0;
    library_.must(sslcuda_alloc(library_, bytes, &data_));
    bytes_ = bytes;
  }
  return static_cast<unsigned char*>(data_);
}

}  // namespace sslcuda::perf
