// lifecycle.cpp - version, devices, creation and destruction, messages, log, stream.
#include <cstdint>
#include <cstring>

#include "capi/call.hpp"

using namespace sslcuda;

namespace {

constexpr size_t kDefaultWorkspace = size_t{4} << 20;

// OpenMP ends the process when it cannot start as many as it is told to.
constexpr int32_t kMostThreads = 1024;

// Copies text with its NUL into a buffer of the caller, cut to fit.
void copy_out(const std::string& source, char* buffer, size_t capacity) {
  if (!buffer) fail(SSLCUDA_NULL_POINTER, "buffer must not be NULL");
  if (capacity == 0) fail(SSLCUDA_INVALID_VALUE, "capacity must be >= 1, got 0");
  const size_t length = std::min(source.size(), capacity - 1);
  std::memcpy(buffer, source.data(), length);
  buffer[length] = '\0';
}

sslcuda_context_options checked(const sslcuda_context_options* given) {
  if (!given) return SSLCUDA_CONTEXT_OPTIONS_INIT;
  if (given->size != sizeof(sslcuda_context_options)) {
    fail(SSLCUDA_VERSION_MISMATCH, "options->size must be ", sizeof(sslcuda_context_options),
         ", got ", given->size);
  }
  if (given->device < SSLCUDA_DEVICE_AUTO || given->device > SSLCUDA_DEVICE_CUDA) {
    fail(SSLCUDA_UNSUPPORTED, "options->device must be AUTO (0), CPU (1) or CUDA (2), got ",
         given->device);
  }
  const auto require_natural = [](const char* name, int32_t value) {
    if (value < 0) fail(SSLCUDA_INVALID_VALUE, "options->", name, " must be >= 0, got ", value);
  };
  require_natural("ordinal", given->ordinal);
  require_natural("threads", given->threads);
  if (given->threads > kMostThreads) {
    fail(SSLCUDA_INVALID_VALUE, "options->threads must be <= ", kMostThreads, ", got ",
         given->threads);
  }
  if (given->workspace_bytes > PTRDIFF_MAX) {
    fail(SSLCUDA_SIZE_OVERFLOW, "options->workspace_bytes must be below 2^63, got ",
         given->workspace_bytes);
  }
  return *given;
}

std::unique_ptr<Device> open_cpu(int threads) {
  int error = 0;
  auto device = make_cpu_device(threads, &error);
  if (!device) {
    const Explanation explanation = explain_cpu(error);
    fail(status_of(explanation.fault), "the CPU cannot be used: ", explanation.text);
  }
  return device;
}

#if SSLCUDA_WITH_CUDA
int usable_gpus() {
  int count = 0;
  const int error = cuda_device_count(&count);
  if (error != 0) fail(status_of(explain_cuda(error).fault), explain_cuda(error).text);
  return count;
}

std::unique_ptr<Device> open_cuda(int ordinal) {
  const int count = usable_gpus();
  if (count == 0) {
    fail(SSLCUDA_NO_DEVICE, "no CUDA device found: ", explain_no_gpu(),
         ", or use the CPU (SSLCUDA_DEVICE_CPU)");
  }
  if (ordinal >= count) {
    fail(SSLCUDA_NO_DEVICE, "options->ordinal must be below the number of GPUs = ", count, ", got ",
         ordinal);
  }
  int error = 0;
  auto device = make_cuda_device(ordinal, &error);
  if (!device) {
    const Explanation explanation = explain_cuda(error);
    const bool unknown = explanation.fault == Fault::kOther;
    fail(unknown ? SSLCUDA_NO_DEVICE : status_of(explanation.fault), "cuda:", ordinal,
         " cannot be used: ", explanation.text);
  }
  return device;
}
#else
int usable_gpus() { return 0; }

std::unique_ptr<Device> open_cuda(int) {
  fail(SSLCUDA_NO_DEVICE, "this build has no CUDA backend; use the CPU (SSLCUDA_DEVICE_CPU) or ",
       "build with -DSSLCUDA_CUDA=ON");
}
#endif

std::unique_ptr<Device> open_device(const sslcuda_context_options& options) {
  if (options.device == SSLCUDA_DEVICE_CUDA) return open_cuda(options.ordinal);
  if (options.device == SSLCUDA_DEVICE_AUTO) {
    try {
      if (usable_gpus() > 0) return open_cuda(options.ordinal);
    } catch (const Error&) {  // not usable, so AUTO takes the CPU
    }
  }
  return open_cpu(options.threads);
}

}  // namespace

int32_t sslcuda_version(void) {
  return SSLCUDA_VERSION_MAJOR * 10000 + SSLCUDA_VERSION_MINOR * 100 + SSLCUDA_VERSION_PATCH;
}

const char* sslcuda_build_info(void) { return SSLCUDA_BUILD_INFO; }

const char* sslcuda_status_name(sslcuda_status status) {
  static constexpr const char* kNames[] = {"SSLCUDA_OK",
                                           "SSLCUDA_NULL_POINTER",
                                           "SSLCUDA_INVALID_CONTEXT",
                                           "SSLCUDA_VERSION_MISMATCH",
                                           "SSLCUDA_UNSUPPORTED",
                                           "SSLCUDA_INVALID_SHAPE",
                                           "SSLCUDA_SIZE_OVERFLOW",
                                           "SSLCUDA_INVALID_STRIDE",
                                           "SSLCUDA_ALIASED",
                                           "SSLCUDA_INVALID_VALUE",
                                           "SSLCUDA_WRONG_DEVICE",
                                           "SSLCUDA_WORKSPACE",
                                           "SSLCUDA_NO_DEVICE",
                                           "SSLCUDA_OUT_OF_MEMORY",
                                           "SSLCUDA_CONTEXT_LOST",
                                           "SSLCUDA_BUSY",
                                           "SSLCUDA_CAPTURE",
                                           "SSLCUDA_DEVICE_ERROR",
                                           "SSLCUDA_INTERNAL"};
  constexpr auto kCount = static_cast<sslcuda_status>(std::size(kNames));
  return status >= 0 && status < kCount ? kNames[status] : "SSLCUDA_?";
}

sslcuda_status sslcuda_device_count(int32_t* count) {
  return call_without_context(__func__, [&] {
    if (!count) fail(SSLCUDA_NULL_POINTER, "count must not be NULL");
    *count = usable_gpus();
  });
}

sslcuda_status sslcuda_context_create(const sslcuda_context_options* options,
                                      sslcuda_context** ctx) {
  return call_without_context(__func__, [&] {
    if (!ctx) fail(SSLCUDA_NULL_POINTER, "ctx must not be NULL");
    *ctx = nullptr;
    const sslcuda_context_options o = checked(options);
    auto context = std::make_unique<sslcuda_context>(open_device(o), o.trust_pointers != 0);
    {
      const DeviceScope scope(*context);
      scope.check();
      context->reserve(o.workspace_bytes ? o.workspace_bytes : kDefaultWorkspace);
    }
    Registry::add(context.get());
    *ctx = context.release();
  });
}

sslcuda_status sslcuda_context_destroy(sslcuda_context* ctx) {
  if (!ctx) return SSLCUDA_OK;
  return call_without_context(__func__, [&] {
    Registry::acquire(ctx);
    Registry::remove(ctx);
    delete ctx;
  });
}

sslcuda_status sslcuda_last_message(const sslcuda_context* ctx, char* buffer, size_t capacity) {
  return call_without_context(__func__,
                              [&] { copy_out(Registry::message(ctx), buffer, capacity); });
}

sslcuda_status sslcuda_context_device(sslcuda_context* ctx, int32_t* device, int32_t* ordinal) {
  return call(ctx, __func__, [&](Context& context) {
    if (!device || !ordinal) fail(SSLCUDA_NULL_POINTER, "device and ordinal must not be NULL");
    *device = context.device().is_cuda() ? SSLCUDA_DEVICE_CUDA : SSLCUDA_DEVICE_CPU;
    *ordinal = context.device().ordinal();
  });
}

sslcuda_status sslcuda_context_describe(sslcuda_context* ctx, char* buffer, size_t capacity) {
  return call(ctx, __func__,
              [&](Context& context) { copy_out(context.device().describe(), buffer, capacity); });
}

sslcuda_status sslcuda_context_set_stream(sslcuda_context* ctx, sslcuda_stream stream) {
  return call(ctx, __func__, [&](Context& context) {
    context.require_run_mode();
    if (stream && !context.device().is_cuda()) {
      fail(SSLCUDA_UNSUPPORTED, "stream must be NULL on the CPU, got ",
           static_cast<const void*>(stream));
    }
    context.set_stream(stream);
  });
}

sslcuda_status sslcuda_context_get_stream(sslcuda_context* ctx, sslcuda_stream* stream) {
  return call(ctx, __func__, [&](Context& context) {
    if (!stream) fail(SSLCUDA_NULL_POINTER, "stream must not be NULL");
    *stream = static_cast<sslcuda_stream>(context.stream());
  });
}

sslcuda_status sslcuda_synchronize(sslcuda_context* ctx) {
  return call(ctx, __func__, [&](Context& context) {
    context.require_run_mode();
    context.synchronize();
  });
}

sslcuda_status sslcuda_context_set_log(sslcuda_context* ctx, int32_t level,
                                       sslcuda_log_callback callback, void* user) {
  return call(ctx, __func__, [&](Context& context) {
    if (level < SSLCUDA_LOG_OFF || level > SSLCUDA_LOG_DEBUG) {
      fail(SSLCUDA_INVALID_VALUE, "level must be in 0..3, got ", level);
    }
    context.set_log(level, callback, user);
  });
}
