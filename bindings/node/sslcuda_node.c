/* sslcuda_node.c - the native half of sslcuda.js, on Node-API alone. Contexts and device memory are
 * addresses in BigInts, 0 is NULL; sslcuda.js keeps them private. C99. */
#include <node_api.h>
#include <sslcuda.h>
#include <stdbool.h>

enum { kMaxArguments = 16 };

/* The arguments of a call, read one after the other. `failed` once an exception is under way. */
typedef struct {
  napi_env env;
  napi_value values[kMaxArguments];
  size_t count, next;
  bool failed;
} Call;

static Call begin(napi_env env, napi_callback_info info) {
  Call call = {.env = env, .count = kMaxArguments};
  if (napi_get_cb_info(env, info, &call.count, call.values, NULL, NULL) != napi_ok) {
    call.failed = true;
  }
  return call;
}

static napi_value take(Call* call) { return call->values[call->next++]; }

static void require(Call* call, napi_status status, const char* type) {
  if (status == napi_ok || call->failed) return;
  call->failed = true;
  napi_throw_type_error(call->env, NULL, type);
}

static void* take_pointer(Call* call) {
  uint64_t address = 0;
  bool lossless;
  require(call, napi_get_value_bigint_uint64(call->env, take(call), &address, &lossless),
          "expected a BigInt");
  return (void*)(uintptr_t)address;
}

static int64_t take_int64(Call* call) {
  int64_t value = 0;
  require(call, napi_get_value_int64(call->env, take(call), &value), "expected a number");
  return value;
}

static int32_t take_int32(Call* call) { return (int32_t)take_int64(call); }

static float take_float(Call* call) {
  double value = 0;
  require(call, napi_get_value_double(call->env, take(call), &value), "expected a number");
  return (float)value;
}

/* The memory of a typed array. */
static void* take_array(Call* call, size_t* bytes) {
  napi_typedarray_type type = napi_uint8_array;
  void* data = NULL;
  size_t length = 0;
  require(call, napi_get_typedarray_info(call->env, take(call), &type, &length, &data, NULL, NULL),
          "expected a typed array");
  *bytes = length * (type == napi_float32_array ? 4 : type == napi_bigint64_array ? 8 : 1);
  return data;
}

static napi_value address_of(napi_env env, void* pointer) {
  napi_value value = NULL;
  napi_create_bigint_uint64(env, (uintptr_t)pointer, &value);
  return value;
}

/* Throws an Error with the status' name as `code`. What had no usable context left its message in
 * the thread. */
static napi_value check(napi_env env, const sslcuda_context* ctx, sslcuda_status status) {
  if (status == SSLCUDA_OK) return NULL;
  const bool in_thread = status == SSLCUDA_BUSY || status == SSLCUDA_INVALID_CONTEXT;
  char message[1024] = "";
  sslcuda_last_message(in_thread ? NULL : ctx, message, sizeof message);
  napi_throw_error(env, sslcuda_status_name(status), message);
  return NULL;
}

static napi_value create(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  sslcuda_context_options options = SSLCUDA_CONTEXT_OPTIONS_INIT;
  sslcuda_context* ctx = NULL;
  options.device = take_int32(&call);
  options.ordinal = take_int32(&call);
  if (call.failed) return NULL;
  const sslcuda_status status = sslcuda_context_create(&options, &ctx);
  return status == SSLCUDA_OK ? address_of(env, ctx) : check(env, NULL, status);
}

static napi_value destroy(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  sslcuda_context* ctx = take_pointer(&call);
  return call.failed ? NULL : check(env, NULL, sslcuda_context_destroy(ctx));
}

static napi_value describe(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  sslcuda_context* ctx = take_pointer(&call);
  char text[256] = "";
  napi_value result = NULL;
  if (call.failed) return NULL;
  const sslcuda_status status = sslcuda_context_describe(ctx, text, sizeof text);
  if (status != SSLCUDA_OK) return check(env, ctx, status);
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &result);
  return result;
}

static napi_value alloc(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  sslcuda_context* ctx = take_pointer(&call);
  const int64_t bytes = take_int64(&call);
  void* memory = NULL;
  if (call.failed) return NULL;
  const sslcuda_status status = sslcuda_alloc(ctx, (size_t)bytes, &memory);
  return status == SSLCUDA_OK ? address_of(env, memory) : check(env, ctx, status);
}

static napi_value free_memory(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  sslcuda_context* ctx = take_pointer(&call);
  void* memory = take_pointer(&call);
  return call.failed ? NULL : check(env, ctx, sslcuda_free(ctx, memory));
}

static napi_value write_memory(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  size_t bytes = 0;
  sslcuda_context* ctx = take_pointer(&call);
  void* memory = take_pointer(&call);
  const void* array = take_array(&call, &bytes);
  if (call.failed || bytes == 0) return NULL;
  return check(env, ctx, sslcuda_copy(ctx, memory, array, bytes, SSLCUDA_HOST_TO_DEVICE));
}

static napi_value read_memory(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  size_t bytes = 0;
  sslcuda_context* ctx = take_pointer(&call);
  const void* memory = take_pointer(&call);
  void* array = take_array(&call, &bytes);
  if (call.failed || bytes == 0) return NULL;
  return check(env, ctx, sslcuda_copy(ctx, array, memory, bytes, SSLCUDA_DEVICE_TO_HOST));
}

static napi_value contrastive(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  sslcuda_contrastive_args args = SSLCUDA_CONTRASTIVE_INIT;
  sslcuda_context* ctx = take_pointer(&call);
  args.kind = take_int32(&call);
  args.normalize = take_int32(&call);
  args.n = take_int64(&call);
  args.m = take_int64(&call);
  args.d = args.lda = args.ldb = take_int64(&call);
  args.tau = take_float(&call);
  args.bias = take_float(&call);
  args.a = take_pointer(&call);
  args.b = take_pointer(&call);
  args.labels = take_pointer(&call);
  args.loss = take_pointer(&call);
  args.row_loss = take_pointer(&call);
  args.grad_a = take_pointer(&call);
  args.grad_b = take_pointer(&call);
  args.grad_temperature = take_pointer(&call);
  return call.failed ? NULL : check(env, ctx, sslcuda_contrastive(ctx, SSLCUDA_F32, &args));
}

static napi_value l2_normalize(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  sslcuda_context* ctx = take_pointer(&call);
  const int64_t n = take_int64(&call), d = take_int64(&call);
  const void* x = take_pointer(&call);
  void* y = take_pointer(&call);
  float* norms = take_pointer(&call);
  if (call.failed) return NULL;
  return check(env, ctx, sslcuda_l2_normalize_forward(ctx, SSLCUDA_F32, n, d, x, y, norms));
}

static napi_value l2_normalize_backward(napi_env env, napi_callback_info info) {
  Call call = begin(env, info);
  sslcuda_context* ctx = take_pointer(&call);
  const int64_t n = take_int64(&call), d = take_int64(&call);
  const void* y = take_pointer(&call);
  const float* norms = take_pointer(&call);
  const void* grad_y = take_pointer(&call);
  void* grad_x = take_pointer(&call);
  if (call.failed) return NULL;
  return check(env, ctx,
               sslcuda_l2_normalize_backward(ctx, SSLCUDA_F32, n, d, y, norms, grad_y, grad_x));
}

NAPI_MODULE_INIT() {
  static const struct {
    const char* name;
    napi_callback function;
  } kFunctions[] = {{"create", create},
                    {"destroy", destroy},
                    {"describe", describe},
                    {"alloc", alloc},
                    {"free", free_memory},
                    {"write", write_memory},
                    {"read", read_memory},
                    {"contrastive", contrastive},
                    {"l2Normalize", l2_normalize},
                    {"l2NormalizeBackward", l2_normalize_backward}};
  for (size_t i = 0; i < sizeof kFunctions / sizeof kFunctions[0]; ++i) {
    napi_value function;
    const char* name = kFunctions[i].name;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, kFunctions[i].function, NULL,
                             &function) != napi_ok ||
        napi_set_named_property(env, exports, name, function) != napi_ok) {
      return NULL;
    }
  }
  return exports;
}
