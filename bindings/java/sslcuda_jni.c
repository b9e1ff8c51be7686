/* sslcuda_jni.c - the native methods of sslcuda.Native. C99. */
#include <jni.h>
#include <sslcuda.h>
#include <stdio.h>

#define NATIVE(type, name) JNIEXPORT type JNICALL Java_sslcuda_Native_##name

static sslcuda_context* context_of(jlong handle) { return (sslcuda_context*)(intptr_t)handle; }
static void* pointer_of(jlong address) { return (void*)(intptr_t)address; }

/* Throws SslcudaException for a failed call. What had no usable context left its message in the
 * thread. */
static void check(JNIEnv* env, const sslcuda_context* ctx, sslcuda_status status) {
  if (status == SSLCUDA_OK) return;
  const int in_thread = status == SSLCUDA_BUSY || status == SSLCUDA_INVALID_CONTEXT;
  char message[1024] = "", text[1152];
  sslcuda_last_message(in_thread ? NULL : ctx, message, sizeof message);
  snprintf(text, sizeof text, "%s: %s", sslcuda_status_name(status), message);
  jclass type = (*env)->FindClass(env, "sslcuda/SslcudaException");
  if (!type) return; /* an exception is under way */
  jmethodID make = (*env)->GetMethodID(env, type, "<init>", "(ILjava/lang/String;)V");
  jstring words = (*env)->NewStringUTF(env, text);
  if (!make || !words) return;
  jthrowable exception = (*env)->NewObject(env, type, make, (jint)status, words);
  if (exception) (*env)->Throw(env, exception);
}

NATIVE(jlong, create)(JNIEnv* env, jclass type, jint device, jint ordinal) {
  (void)type;
  sslcuda_context_options options = SSLCUDA_CONTEXT_OPTIONS_INIT;
  sslcuda_context* ctx = NULL;
  options.device = device;
  options.ordinal = ordinal;
  check(env, NULL, sslcuda_context_create(&options, &ctx));
  return (jlong)(intptr_t)ctx;
}

NATIVE(void, destroy)(JNIEnv* env, jclass type, jlong handle) {
  (void)type;
  check(env, NULL, sslcuda_context_destroy(context_of(handle)));
}

NATIVE(jstring, describe)(JNIEnv* env, jclass type, jlong handle) {
  (void)type;
  char text[256] = "";
  check(env, context_of(handle), sslcuda_context_describe(context_of(handle), text, sizeof text));
  return (*env)->ExceptionCheck(env) ? NULL : (*env)->NewStringUTF(env, text);
}

NATIVE(void, synchronize)(JNIEnv* env, jclass type, jlong handle) {
  (void)type;
  check(env, context_of(handle), sslcuda_synchronize(context_of(handle)));
}

NATIVE(jlong, alloc)(JNIEnv* env, jclass type, jlong handle, jlong bytes) {
  (void)type;
  void* memory = NULL;
  check(env, context_of(handle), sslcuda_alloc(context_of(handle), (size_t)bytes, &memory));
  return (jlong)(intptr_t)memory;
}

NATIVE(void, free)(JNIEnv* env, jclass type, jlong handle, jlong memory) {
  (void)type;
  check(env, context_of(handle), sslcuda_free(context_of(handle), pointer_of(memory)));
}

/* Copies between an array of Java and device memory. The elements are had as a copy, not pinned:
 * a copy from a GPU may wait, and must not hold up the garbage collector. */
#define COPIES(Name, Element, array, bytes_each)                                                 \
  NATIVE(void, write##Name)(JNIEnv * env, jclass type, jlong handle, jlong memory, array from) { \
    (void)type;                                                                                  \
    const size_t bytes = bytes_each * (size_t)(*env)->GetArrayLength(env, from);                 \
    void* values = (*env)->Get##Element##ArrayElements(env, from, NULL);                         \
    if (!values) return;                                                                         \
    const sslcuda_status status = sslcuda_copy(context_of(handle), pointer_of(memory), values,   \
                                               bytes, SSLCUDA_HOST_TO_DEVICE);                   \
    (*env)->Release##Element##ArrayElements(env, from, values, JNI_ABORT);                       \
    check(env, context_of(handle), status);                                                      \
  }                                                                                              \
  NATIVE(void, read##Name)(JNIEnv * env, jclass type, jlong handle, jlong memory, array to) {    \
    (void)type;                                                                                  \
    const size_t bytes = bytes_each * (size_t)(*env)->GetArrayLength(env, to);                   \
    void* values = (*env)->Get##Element##ArrayElements(env, to, NULL);                           \
    if (!values) return;                                                                         \
    const sslcuda_status status = sslcuda_copy(context_of(handle), values, pointer_of(memory),   \
                                               bytes, SSLCUDA_DEVICE_TO_HOST);                   \
    (*env)->Release##Element##ArrayElements(env, to, values, 0);                                 \
    check(env, context_of(handle), status);                                                      \
  }

COPIES(Floats, Float, jfloatArray, 4)
COPIES(Longs, Long, jlongArray, 8)

NATIVE(void, contrastive)
(JNIEnv* env, jclass type, jlong handle, jint kind, jboolean normalize, jlong n, jlong m, jlong d,
 jlong a, jlong b, jfloat tau, jfloat bias, jlong labels, jlong loss, jlong row_loss, jlong grad_a,
 jlong grad_b, jlong grad_tau) {
  (void)type;
  sslcuda_contrastive_args args = SSLCUDA_CONTRASTIVE_INIT;
  args.kind = kind;
  args.normalize = normalize;
  args.n = n;
  args.m = m;
  args.d = args.lda = args.ldb = d;
  args.a = pointer_of(a);
  args.b = pointer_of(b);
  args.tau = tau;
  args.bias = bias;
  args.labels = pointer_of(labels);
  args.loss = pointer_of(loss);
  args.row_loss = pointer_of(row_loss);
  args.grad_a = pointer_of(grad_a);
  args.grad_b = pointer_of(grad_b);
  args.grad_temperature = pointer_of(grad_tau);
  check(env, context_of(handle), sslcuda_contrastive(context_of(handle), SSLCUDA_F32, &args));
}

NATIVE(void, l2NormalizeForward)
(JNIEnv* env, jclass type, jlong handle, jlong n, jlong d, jlong x, jlong y, jlong norms) {
  (void)type;
  check(env, context_of(handle),
        sslcuda_l2_normalize_forward(context_of(handle), SSLCUDA_F32, n, d, pointer_of(x),
                                     pointer_of(y), pointer_of(norms)));
}

NATIVE(void, l2NormalizeBackward)
(JNIEnv* env, jclass type, jlong handle, jlong n, jlong d, jlong y, jlong norms, jlong grad_y,
 jlong grad_x) {
  (void)type;
  check(env, context_of(handle),
        sslcuda_l2_normalize_backward(context_of(handle), SSLCUDA_F32, n, d, pointer_of(y),
                                      pointer_of(norms), pointer_of(grad_y), pointer_of(grad_x)));
}
