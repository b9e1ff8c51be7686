// memory.cpp - workspace, planning, memory, copies, counters.
#include <cstdint>

#include "capi/call.hpp"
#include "capi/checks.hpp"
#include "kernels/math.hpp"

using namespace sslcuda;

namespace {

Extent byte_extent(size_t bytes) {
  if (bytes > PTRDIFF_MAX) {
    fail(SSLCUDA_SIZE_OVERFLOW, "bytes must be below 2^63, got ", bytes);
  }
  return Rules::u8({static_cast<int64_t>(bytes)});
}

void require(const char* name, const void* pointer) {
  if (!pointer) fail(SSLCUDA_NULL_POINTER, name, " must not be NULL");
}

}  // namespace

sslcuda_status sslcuda_plan_begin(sslcuda_context* ctx) {
  return call(ctx, __func__, [&](Context& context) { context.plan_begin(); });
}

sslcuda_status sslcuda_plan_end(sslcuda_context* ctx, size_t* bytes) {
  return call(ctx, __func__, [&](Context& context) {
    require("bytes", bytes);
    *bytes = context.plan_end();
  });
}

sslcuda_status sslcuda_context_reserve(sslcuda_context* ctx, size_t bytes) {
  return call(ctx, __func__, [&](Context& context) {
    byte_extent(bytes);
    context.reserve(bytes);
  });
}

sslcuda_status sslcuda_context_set_workspace(sslcuda_context* ctx, void* buffer, size_t bytes) {
  return call(ctx, __func__, [&](Context& context) {
    Rules(context).input("buffer", buffer, byte_extent(bytes)).finish();
    if (reinterpret_cast<uintptr_t>(buffer) % kWorkspaceAlignment != 0) {
      fail(SSLCUDA_INVALID_VALUE, "buffer must be aligned to ", kWorkspaceAlignment, " bytes, got ",
           buffer);
    }
    context.set_workspace(buffer, bytes);
  });
}

sslcuda_status sslcuda_alloc(sslcuda_context* ctx, size_t bytes, void** pointer) {
  return call(ctx, __func__, [&](Context& context) {
    require("pointer", pointer);
    byte_extent(bytes);
    *pointer = context.alloc(bytes);
  });
}

sslcuda_status sslcuda_free(sslcuda_context* ctx, void* pointer) {
  return call(ctx, __func__, [&](Context& context) { context.free(pointer); });
}

sslcuda_status sslcuda_copy(sslcuda_context* ctx, void* destination, const void* source,
                            size_t bytes, int32_t direction) {
  return call(ctx, __func__, [&](Context& context) {
    if (direction < SSLCUDA_HOST_TO_DEVICE || direction > SSLCUDA_DEVICE_TO_DEVICE) {
      fail(SSLCUDA_UNSUPPORTED, "direction must be HOST_TO_DEVICE (0), DEVICE_TO_HOST (1) or ",
           "DEVICE_TO_DEVICE (2), got ", direction);
    }
    const Extent extent = byte_extent(bytes);
    Rules rules(context);
    if (direction == SSLCUDA_HOST_TO_DEVICE) {
      rules.host_input("source", source, extent);
    } else {
      rules.input("source", source, extent);
    }
    if (direction == SSLCUDA_DEVICE_TO_HOST) {
      rules.host_output("destination", destination, extent);
    } else {
      rules.output("destination", destination, extent);
    }
    rules.finish();
    if (direction != SSLCUDA_DEVICE_TO_DEVICE) context.require_run_mode();
    if (bytes == 0) return;
    context.copy(destination, source, bytes, static_cast<CopyDirection>(direction));
  });
}

sslcuda_status sslcuda_fill(sslcuda_context* ctx, void* destination, int32_t value, size_t bytes) {
  return call(ctx, __func__, [&](Context& context) {
    Rules(context)
        .value("value", value, value >= 0 && value <= 255, "must be in 0..255")
        .output("destination", destination, byte_extent(bytes))
        .finish();
    if (bytes > 0) context.fill(destination, value, bytes);
  });
}

sslcuda_status sslcuda_counter_add(sslcuda_context* ctx, int64_t* counter, int64_t delta) {
  return call(ctx, __func__, [&](Context& context) {
    Rules(context).output("counter", counter, Rules::i64({1})).finish();
    context.run(context.ops().counter_add, {counter, delta});
  });
}
