/*
 * sslcuda.h - kernels for self-supervised learning behind one C header.
 *
 * The whole public surface. Needs a C89 compiler with <stdint.h>, or any C++; no CUDA headers.
 *
 *   sslcuda_context* ctx;
 *   sslcuda_context_create(NULL, &ctx);              // a GPU if there is one, else the CPU
 *   sslcuda_alloc(ctx, bytes, &buffer);              // memory of the context's device
 *   sslcuda_infonce(ctx, SSLCUDA_F32, ...);          // queued on the context's stream
 *   sslcuda_copy(ctx, host, buffer, bytes, SSLCUDA_DEVICE_TO_HOST);
 *   sslcuda_context_destroy(ctx);
 *
 * Rules that hold for every call
 *  - Every function that returns sslcuda_status returns SSLCUDA_OK (0) or the number of a broken
 *    rule; sslcuda_last_message() then names the argument, its value and the rule. Nothing prints,
 *    aborts, exits or throws. A rejected call launches nothing and leaves its outputs untouched.
 *  - Tensors are dense and row-major. Data pointers point into memory of the context's device:
 *    device memory on CUDA, ordinary memory on the CPU, aligned to their element. `[opt]` marks a
 *    pointer that may be NULL.
 *  - Outputs are overwritten, never accumulated into, and must not overlap an input or another
 *    output unless the entry says so.
 *  - A gradient has the shape and the leading dimension of the tensor it belongs to.
 *  - A loss takes `grad_loss` [opt], one float in device memory: the upstream gradient that every
 *    gradient is multiplied with; NULL means 1.
 *  - Ops are queued on the context's stream and never allocate, synchronise or read back, so each
 *    of them can be captured in a graph. Scratch comes from the context's workspace.
 *  - An extent of zero is fine where the result is defined (nothing is done), and refused with
 *    SSLCUDA_INVALID_SHAPE where a mean would be undefined.
 *  - The same build, device model, shapes and alignment of pointers give the same bits, on the CPU
 *    whatever the number of threads. NaN and infinity in the data propagate as in the formula;
 *    denormal numbers may count as zero on the CPU.
 *  - A context serves one call at a time (a second one gets SSLCUDA_BUSY); different contexts may
 *    be used from different threads at once.
 *
 * Symbols (n, d, tau ...) are those of docs/notation.md.
 */
#ifndef SSLCUDA_H
#define SSLCUDA_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#define SSLCUDA_API
#else
#define SSLCUDA_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------- version and status --------- */

#define SSLCUDA_VERSION_MAJOR 1 /* of this header: grows with a break of the ABI */
#define SSLCUDA_VERSION_MINOR 0 /* with new entries */
#define SSLCUDA_VERSION_PATCH 0 /* with repairs */

/* Version of the loaded library: major * 10000 + minor * 100 + patch. */
SSLCUDA_API int32_t sslcuda_version(void);

/* One line: version, compiler, backends, CUDA toolkit and architectures. Static storage. */
SSLCUDA_API const char* sslcuda_build_info(void);

/* Codes are append-only: a number never changes its meaning. */
typedef int32_t sslcuda_status;
enum {
  SSLCUDA_OK = 0,
  SSLCUDA_NULL_POINTER = 1,     /* a required pointer is NULL */
  SSLCUDA_INVALID_CONTEXT = 2,  /* destroyed, or never a context */
  SSLCUDA_VERSION_MISMATCH = 3, /* a struct whose size this version does not know */
  SSLCUDA_UNSUPPORTED = 4,      /* dtype, option or device that this build does not serve */
  SSLCUDA_INVALID_SHAPE = 5,    /* an extent out of range */
  SSLCUDA_SIZE_OVERFLOW = 6,    /* a product of extents or bytes does not fit */
  SSLCUDA_INVALID_STRIDE = 7,   /* a leading dimension is smaller than the row */
  SSLCUDA_ALIASED = 8,          /* an output overlaps another argument */
  SSLCUDA_INVALID_VALUE = 9,    /* a scalar out of range, a pointer not aligned to its element */
  SSLCUDA_WRONG_DEVICE = 10,    /* memory of another device, or host memory on CUDA */
  SSLCUDA_WORKSPACE = 11,       /* reserved workspace too small; the message has the bytes needed */
  SSLCUDA_NO_DEVICE = 12,       /* no GPU, or no driver for it */
  SSLCUDA_OUT_OF_MEMORY = 13,   /* nothing was leaked */
  SSLCUDA_CONTEXT_LOST = 14,    /* fatal CUDA error: the process must be restarted to use the GPU */
  SSLCUDA_BUSY = 15,            /* the context is in use by another call */
  SSLCUDA_CAPTURE = 16,         /* not allowed now: capture or planning is, or is not, under way */
  SSLCUDA_DEVICE_ERROR = 17,    /* any other error of the device; pending ones are not cleared */
  SSLCUDA_INTERNAL = 18         /* a defect of this library */
};

/* Name of the status, "SSLCUDA_OK" and so on; "SSLCUDA_?" for a number that is none. Static
 * storage. */
SSLCUDA_API const char* sslcuda_status_name(sslcuda_status status);

/* ---------------------------------------------------------------- context -------------------- */

typedef struct sslcuda_context sslcuda_context; /* a device, its stream and what lives there */
typedef struct sslcuda_graph sslcuda_graph;     /* recorded calls, of one context */

/* The type behind cudaStream_t, so that one passes without a cast and without CUDA headers. */
typedef struct CUstream_st* sslcuda_stream;

enum { SSLCUDA_DEVICE_AUTO = 0, SSLCUDA_DEVICE_CPU = 1, SSLCUDA_DEVICE_CUDA = 2 };

/* Every zero field means the default. */
typedef struct sslcuda_context_options {
  size_t size;            /* sizeof(sslcuda_context_options) */
  int32_t device;         /* SSLCUDA_DEVICE_*; AUTO takes the first usable GPU, else the CPU */
  int32_t ordinal;        /* which GPU */
  int32_t threads;        /* CPU threads, at most 1024; 0: as many as the process may use */
  int32_t trust_pointers; /* nonzero: do not ask CUDA whose memory a pointer is */
  size_t workspace_bytes; /* reserved at creation; 0: 4 MiB */
} sslcuda_context_options;

/* All defaults. */
#define SSLCUDA_CONTEXT_OPTIONS_INIT \
  { sizeof(sslcuda_context_options), 0, 0, 0, 0, 0 }

/* Sets *count to the number of usable CUDA devices; 0 without a GPU or driver, or in a build
 * without CUDA. */
SSLCUDA_API sslcuda_status sslcuda_device_count(int32_t* count);

/* Makes a context; `options` NULL means all defaults. On failure *ctx is set to NULL, and
 * sslcuda_last_message(NULL, ...) has the message. */
SSLCUDA_API sslcuda_status sslcuda_context_create(const sslcuda_context_options* options,
                                                  sslcuda_context** ctx);

/* Waits for the context's work and frees all that it owns, allocations and graphs included.
 * NULL is fine. Safe on a lost context. */
SSLCUDA_API sslcuda_status sslcuda_context_destroy(sslcuda_context* ctx);

/* Copies the message of the context's last failed call into buffer, cut to capacity bytes including
 * the final NUL. With ctx NULL: that of this thread's last failure without a usable context. */
SSLCUDA_API sslcuda_status sslcuda_last_message(const sslcuda_context* ctx, char* buffer,
                                                size_t capacity);

/* Sets *device to SSLCUDA_DEVICE_CPU or SSLCUDA_DEVICE_CUDA, never AUTO, and *ordinal to that of
 * the GPU (0 on the CPU). */
SSLCUDA_API sslcuda_status sslcuda_context_device(sslcuda_context* ctx, int32_t* device,
                                                  int32_t* ordinal);

/* One line for people: "cuda:0 NVIDIA H100 80GB HBM3 (sm_90)" or "cpu (2 threads)", in buffer, cut
 * to capacity bytes including the final NUL. */
SSLCUDA_API sslcuda_status sslcuda_context_describe(sslcuda_context* ctx, char* buffer,
                                                    size_t capacity);

/* The stream that ops are queued on. NULL is the context's own, as at first; the default stream of
 * CUDA is cudaStreamLegacy. A stream must outlive its use. On the CPU only NULL is accepted. */
SSLCUDA_API sslcuda_status sslcuda_context_set_stream(sslcuda_context* ctx, sslcuda_stream stream);
SSLCUDA_API sslcuda_status sslcuda_context_get_stream(sslcuda_context* ctx, sslcuda_stream* stream);

/* Waits until all that was queued is done; errors of queued work surface here. */
SSLCUDA_API sslcuda_status sslcuda_synchronize(sslcuda_context* ctx);

enum { SSLCUDA_LOG_OFF = 0, SSLCUDA_LOG_ERROR = 1, SSLCUDA_LOG_INFO = 2, SSLCUDA_LOG_DEBUG = 3 };

/* Receives a message with its level, and the `user` that was given to sslcuda_context_set_log(). */
typedef void (*sslcuda_log_callback)(int32_t level, const char* message, void* user);

/* Sends messages up to `level` to the callback, which also gets `user`, on the calling thread;
 * silent by default. The callback must not call into the same context. NULL switches it off. */
SSLCUDA_API sslcuda_status sslcuda_context_set_log(sslcuda_context* ctx, int32_t level,
                                                   sslcuda_log_callback callback, void* user);

/* ---------------------------------------------------------------- workspace ------------------ */

/* Planning: between begin and end, ops check their arguments (of pointers only whether they are
 * NULL, where that changes the work) and launch nothing; the context records the largest workspace
 * that any of them needs. So one dry run of a program tells how much to reserve:
 *
 *   sslcuda_plan_begin(ctx);  step(...);  sslcuda_plan_end(ctx, &bytes);
 *   sslcuda_context_reserve(ctx, bytes);
 */
SSLCUDA_API sslcuda_status sslcuda_plan_begin(sslcuda_context* ctx);
SSLCUDA_API sslcuda_status sslcuda_plan_end(sslcuda_context* ctx, size_t* bytes);

/* Grows the workspace that the context owns to at least `bytes`. It never shrinks, and graphs
 * captured before stay valid. */
SSLCUDA_API sslcuda_status sslcuda_context_reserve(sslcuda_context* ctx, size_t bytes);

/* Uses the caller's buffer of `bytes` bytes as workspace, 256-byte aligned on the context's device.
 * It must outlive its use, including replays of graphs captured with it. NULL selects the context's
 * own workspace again. */
SSLCUDA_API sslcuda_status sslcuda_context_set_workspace(sslcuda_context* ctx, void* buffer,
                                                         size_t bytes);

/* ---------------------------------------------------------------- memory --------------------- */

/* Sets *pointer to memory of the context's device, 256-byte aligned, contents undefined. 0 bytes
 * give NULL. */
SSLCUDA_API sslcuda_status sslcuda_alloc(sslcuda_context* ctx, size_t bytes, void** pointer);

/* Frees the pointer that sslcuda_alloc of the same context returned, after the queued work. NULL is
 * fine. */
SSLCUDA_API sslcuda_status sslcuda_free(sslcuda_context* ctx, void* pointer);

enum { SSLCUDA_HOST_TO_DEVICE = 0, SSLCUDA_DEVICE_TO_HOST = 1, SSLCUDA_DEVICE_TO_DEVICE = 2 };

/* Copies bytes in stream order; source and destination must not overlap. By direction, it returns
 * when the source may be changed (HOST_TO_DEVICE), when the data has arrived (DEVICE_TO_HOST), or
 * at once (DEVICE_TO_DEVICE, which is queued). The first two cannot be captured. */
SSLCUDA_API sslcuda_status sslcuda_copy(sslcuda_context* ctx, void* destination, const void* source,
                                        size_t bytes, int32_t direction);

/* Sets each of `bytes` bytes of device memory at destination to `value` (0..255). Queued. */
SSLCUDA_API sslcuda_status sslcuda_fill(sslcuda_context* ctx, void* destination, int32_t value,
                                        size_t bytes);

/* Adds delta to *counter, one int64 in device memory. With it a graph counts its own replays: the
 * step of sslcuda_adam_step and the cursor of the gathers are read from such counters. */
SSLCUDA_API sslcuda_status sslcuda_counter_add(sslcuda_context* ctx, int64_t* counter,
                                               int64_t delta);

/* ---------------------------------------------------------------- graphs --------------------- */

/* Between begin and end, queued calls are recorded instead of run; each launch runs them all on the
 * same pointers, reading what these hold at that time. On CUDA this is a CUDA graph, on the CPU a
 * list. Do not combine it with stream capture by the caller. */
SSLCUDA_API sslcuda_status sslcuda_graph_begin(sslcuda_context* ctx);
SSLCUDA_API sslcuda_status sslcuda_graph_end(sslcuda_context* ctx, sslcuda_graph** graph);
SSLCUDA_API sslcuda_status sslcuda_graph_launch(sslcuda_context* ctx, sslcuda_graph* graph);
SSLCUDA_API sslcuda_status sslcuda_graph_destroy(sslcuda_context* ctx, sslcuda_graph* graph);

/* ---------------------------------------------------------------- layers --------------------- */

/* Storage type of the tensors of a call. Scalars, losses and row statistics are float32, and so are
 * all sums. F32 products have float32 accuracy; TF32 tensors are stored as float32 too, but factors
 * of products may be rounded to 10 bits of mantissa. Entries that do not say otherwise take F32
 * only. */
enum { SSLCUDA_F32 = 0, SSLCUDA_BF16 = 1, SSLCUDA_F16 = 2, SSLCUDA_TF32 = 3 };

enum { SSLCUDA_ACTIVATION_NONE = 0, SSLCUDA_ACTIVATION_RELU = 1, SSLCUDA_ACTIVATION_SIGMOID = 2 };

/*
 * Matrix product.  c = alpha op(a) op(b) + beta c,  op(x) = x, or x^T where `transpose` says so
 *
 *   dtype  any
 *   a      in   [m, k], or [k, m] with transpose_a; rows lda apart
 *   b      in   [k, n], or [n, k] with transpose_b; rows ldb apart
 *   transpose_a, transpose_b  in  0 or 1
 *   alpha, beta  in  finite
 *   c      out  [m, n], rows ldc apart; in too unless beta is 0
 */
SSLCUDA_API sslcuda_status sslcuda_matmul(sslcuda_context* ctx, int32_t dtype, int64_t m, int64_t n,
                                          int64_t k, const void* a, int64_t lda,
                                          int32_t transpose_a, const void* b, int64_t ldb,
                                          int32_t transpose_b, float alpha, float beta, void* c,
                                          int64_t ldc);

/*
 * Linear layer.  y = act(x W^T + bias)
 *
 *   dtype       any
 *   x           in   [n, in]
 *   weight      in   [out, in]
 *   bias        in   [out] [opt]
 *   activation  in   SSLCUDA_ACTIVATION_*
 *   y           out  [n, out]
 */
SSLCUDA_API sslcuda_status sslcuda_linear_forward(sslcuda_context* ctx, int32_t dtype, int64_t n,
                                                  int64_t in, int64_t out, const void* x,
                                                  const void* weight, const void* bias,
                                                  int32_t activation, void* y);

/*
 * Its gradients, with g = grad_y * act'(.) taken from y:
 *   grad_x = g W,  grad_weight = g^T x,  grad_bias = sum over rows of g
 *
 *   dtype       any
 *   x           in   [n, in]; [opt] without grad_weight
 *   weight      in   [out, in]; [opt] without grad_x
 *   y           in   [n, out], the forward's output; [opt] without an activation
 *   grad_y      in   [n, out]
 *   activation  in   as in the forward
 *   grad_x, grad_weight, grad_bias  out  [opt]
 */
SSLCUDA_API sslcuda_status sslcuda_linear_backward(sslcuda_context* ctx, int32_t dtype, int64_t n,
                                                   int64_t in, int64_t out, const void* x,
                                                   const void* weight, const void* y,
                                                   const void* grad_y, int32_t activation,
                                                   void* grad_x, void* grad_weight,
                                                   void* grad_bias);

/*
 * Linear layer and the mean squared error of its output in one pass, such as the last layer of an
 * autoencoder.  loss = mean (y - target)^2,  y = act(u),  u = x W^T + bias
 *
 *   dtype       any
 *   x           in   [n, in]; n >= 1
 *   weight      in   [out, in]; out >= 1
 *   bias        in   [out] [opt]
 *   target      in   [n, out]
 *   activation  in   SSLCUDA_ACTIVATION_*
 *   grad_loss   in   upstream gradient [opt]
 *   loss        out  one float32 [opt]
 *   grad_u      out  [n, out] [opt]: the gradient before the activation, which
 *                    sslcuda_linear_backward takes for grad_y, with activation NONE
 *   y           out  [n, out] [opt]
 */
SSLCUDA_API sslcuda_status sslcuda_linear_mse(sslcuda_context* ctx, int32_t dtype, int64_t n,
                                              int64_t in, int64_t out, const void* x,
                                              const void* weight, const void* bias,
                                              const void* target, int32_t activation,
                                              const float* grad_loss, float* loss, void* grad_u,
                                              void* y);

/* Shape of a 2-d convolution. Output height: (h + 2 pad_h - dilation_h (kernel_h - 1) - 1) /
 * stride_h + 1, rounded down; the width likewise. Strides, dilations and groups of 0 mean 1. */
typedef struct sslcuda_conv2d_shape {
  size_t size;                     /* sizeof(sslcuda_conv2d_shape) */
  int64_t n, c, h, w;              /* images, their channels, height, width */
  int64_t out, kernel_h, kernel_w; /* output channels, kernel's height, width */
  int64_t stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w; /* all >= 0 */
  int64_t groups; /* other than 1: SSLCUDA_UNSUPPORTED for now */
} sslcuda_conv2d_shape;

/*
 * 2-d convolution (cross-correlation, as in every framework).  y = act(x * weight + bias)
 * On the CPU, with a 3 x 3 kernel, outputs that depend on an infinity or NaN may become NaN, and so
 * may outputs one pixel further away; the same holds for the gradients.
 *
 *   shape       in   extents, strides and padding
 *   x           in   [n, c, h, w]
 *   weight      in   [out, c, kernel_h, kernel_w]
 *   bias        in   [out] [opt]
 *   activation  in   NONE or RELU
 *   y           out  [n, out, out_h, out_w]
 */
SSLCUDA_API sslcuda_status sslcuda_conv2d_forward(sslcuda_context* ctx, int32_t dtype,
                                                  const sslcuda_conv2d_shape* shape, const void* x,
                                                  const void* weight, const void* bias,
                                                  int32_t activation, void* y);

/*
 * Its gradients.
 *
 *   shape, activation  in  as in the forward
 *   x       in  [n, c, h, w]; [opt] without grad_weight
 *   weight  in  [out, c, kernel_h, kernel_w]; [opt] without grad_x
 *   y       in  [n, out, out_h, out_w], the forward's output; [opt] without an activation
 *   grad_y  in  [n, out, out_h, out_w]
 *   grad_x, grad_weight, grad_bias  out  [opt]
 */
SSLCUDA_API sslcuda_status sslcuda_conv2d_backward(sslcuda_context* ctx, int32_t dtype,
                                                   const sslcuda_conv2d_shape* shape, const void* x,
                                                   const void* weight, const void* y,
                                                   const void* grad_y, int32_t activation,
                                                   void* grad_x, void* grad_weight,
                                                   void* grad_bias);

/*
 * L2 normalisation of rows.  y[i] = x[i] / |x[i]|; a zero row gives a zero row.
 *
 *   x      in   [n, d]
 *   y      out  [n, d]; may be x
 *   norms  out  [n] float32, |x[i]| [opt]
 */
SSLCUDA_API sslcuda_status sslcuda_l2_normalize_forward(sslcuda_context* ctx, int32_t dtype,
                                                        int64_t n, int64_t d, const void* x,
                                                        void* y, float* norms);

/*
 * Its gradient.  grad_x = (grad_y - y <y, grad_y>) / |x|; a zero row has a zero gradient.
 *
 *   y, norms  in   the forward's outputs
 *   grad_y    in   [n, d]
 *   grad_x    out  [n, d]; may be grad_y
 */
SSLCUDA_API sslcuda_status sslcuda_l2_normalize_backward(sslcuda_context* ctx, int32_t dtype,
                                                         int64_t n, int64_t d, const void* y,
                                                         const float* norms, const void* grad_y,
                                                         void* grad_x);

/*
 * Batch normalisation.  y = act(weight (x - mean) rstd + bias),  per channel over n and the plane
 *   training: mean and variance of this batch (divided by count), and, where they are given,
 *             running = (1 - momentum) running + momentum batch, with the unbiased variance
 *             (divided by count - 1), as PyTorch does
 *   else:     mean and variance are the running ones, which are then required and not changed
 *   rstd = 1 / sqrt(variance + eps)
 *
 *   n, c, plane   in   plane = h w, or 1 for rows of c features; n plane >= 2 in training
 *   x             in   [n, c, plane]
 *   weight, bias  in   [c] [opt]: 1 and 0
 *   running_mean, running_var  in, in training out too  [c] float32; in training both or none
 *   training      in   0 or 1
 *   momentum      in   0..1
 *   eps           in   finite, > 0
 *   activation    in   NONE or RELU
 *   y             out  [n, c, plane]; may be x
 *   mean, rstd    out  [c] float32, for the backward [opt]
 */
SSLCUDA_API sslcuda_status sslcuda_batch_norm_forward(
    sslcuda_context* ctx, int32_t dtype, int64_t n, int64_t c, int64_t plane, const void* x,
    const void* weight, const void* bias, float* running_mean, float* running_var, int32_t training,
    float momentum, float eps, int32_t activation, void* y, float* mean, float* rstd);

/*
 * Its gradients. In training they include those through mean and rstd.
 *
 *   x           in   [n, c, plane]
 *   weight      in   [c] [opt]: 1
 *   y           in   the forward's output; [opt] without an activation
 *   mean, rstd  in   the forward's outputs
 *   grad_y      in   [n, c, plane]
 *   training, activation  in  as in the forward
 *   grad_x      out  [opt]; may be grad_y     grad_weight, grad_bias  out  [opt]
 */
SSLCUDA_API sslcuda_status sslcuda_batch_norm_backward(
    sslcuda_context* ctx, int32_t dtype, int64_t n, int64_t c, int64_t plane, const void* x,
    const void* weight, const void* y, const float* mean, const float* rstd, const void* grad_y,
    int32_t training, int32_t activation, void* grad_x, void* grad_weight, void* grad_bias);

/*
 * Group normalisation: the same with mean and rstd per image over groups of c / groups channels,
 * and weight and bias per channel. groups = 1 is layer normalisation of the image.
 *
 *   groups      in   divides c      mean, rstd  out  [n, groups] float32, for the backward [opt]
 *   n ... plane, x, weight, bias, eps, activation, y  as in sslcuda_batch_norm_forward
 */
SSLCUDA_API sslcuda_status sslcuda_group_norm_forward(sslcuda_context* ctx, int32_t dtype,
                                                      int64_t n, int64_t c, int64_t plane,
                                                      int64_t groups, const void* x,
                                                      const void* weight, const void* bias,
                                                      float eps, int32_t activation, void* y,
                                                      float* mean, float* rstd);

/*
 * Its gradients.
 *
 *   groups, mean, rstd  in  those of the forward
 *   n ... plane, x ... y, grad_y ... grad_bias  as in sslcuda_batch_norm_backward
 */
SSLCUDA_API sslcuda_status sslcuda_group_norm_backward(
    sslcuda_context* ctx, int32_t dtype, int64_t n, int64_t c, int64_t plane, int64_t groups,
    const void* x, const void* weight, const void* y, const float* mean, const float* rstd,
    const void* grad_y, int32_t activation, void* grad_x, void* grad_weight, void* grad_bias);

enum { SSLCUDA_POOL_MAX = 0, SSLCUDA_POOL_AVERAGE = 1 };

/* Shape of 2-d pooling. Output height: (h + 2 pad_h - kernel_h) / stride_h + 1, rounded down; the
 * width likewise. A stride of 0 means the kernel's size. 2 pad <= kernel. */
typedef struct sslcuda_pool2d_shape {
  size_t size;        /* sizeof(sslcuda_pool2d_shape) */
  int64_t n, c, h, w; /* images, channels, height, width */
  int64_t kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w; /* of the window */
} sslcuda_pool2d_shape;

/*
 * 2-d pooling: the maximum of each window, or its mean. Padding never is the maximum, and counts as
 * zeros in the mean, which always divides by kernel_h kernel_w. A window of the size of the image
 * is global pooling.
 *
 *   kind   in   SSLCUDA_POOL_MAX or SSLCUDA_POOL_AVERAGE
 *   shape  in   extents, strides and padding
 *   x      in   [n, c, h, w]      y  out  [n, c, out_h, out_w]
 */
SSLCUDA_API sslcuda_status sslcuda_pool2d_forward(sslcuda_context* ctx, int32_t dtype, int32_t kind,
                                                  const sslcuda_pool2d_shape* shape, const void* x,
                                                  void* y);

/*
 * Its gradient. Of equal maxima the first in row-major order receives it; NaN counts as largest.
 *
 *   kind, shape  in  as in the forward
 *   x, y    in   as in the forward; [opt] for AVERAGE
 *   grad_y  in   [n, c, out_h, out_w]      grad_x  out  [n, c, h, w]
 */
SSLCUDA_API sslcuda_status sslcuda_pool2d_backward(sslcuda_context* ctx, int32_t dtype,
                                                   int32_t kind, const sslcuda_pool2d_shape* shape,
                                                   const void* x, const void* y, const void* grad_y,
                                                   void* grad_x);

/*
 * Reparameterisation of a normal distribution (Kingma & Welling 2014) with its divergence from the
 * standard one.
 *   z  = mu + exp(logvar / 2) noise
 *   kl = mean over rows of  -1/2 sum_k (1 + logvar - mu^2 - exp(logvar))
 *
 *   mu, logvar  in   [n, d], rows ld apart (the halves of one [n, 2 d] have ld = 2 d); n, d >= 1
 *   noise       in   [n, d], usually of sslcuda_random_normal; [opt] without z
 *   z           out  [n, d] [opt]      kl  out  one float32 [opt]
 */
SSLCUDA_API sslcuda_status sslcuda_reparameterize_forward(sslcuda_context* ctx, int32_t dtype,
                                                          int64_t n, int64_t d, const void* mu,
                                                          const void* logvar, int64_t ld,
                                                          const void* noise, void* z, float* kl);

/*
 * Its gradients, of z and kl together.
 *
 *   mu, logvar   in   [n, d], rows ld apart
 *   noise        in   [n, d]; [opt] without grad_z
 *   grad_z       in   [n, d] [opt]: 0
 *   grad_kl      in   one float32 in device memory [opt]: 1
 *   grad_mu      out  [n, d], rows ld apart; may be mu
 *   grad_logvar  out  [n, d], rows ld apart; may be logvar
 */
SSLCUDA_API sslcuda_status sslcuda_reparameterize_backward(sslcuda_context* ctx, int32_t dtype,
                                                           int64_t n, int64_t d, const void* mu,
                                                           const void* logvar, int64_t ld,
                                                           const void* noise, const void* grad_z,
                                                           const float* grad_kl, void* grad_mu,
                                                           void* grad_logvar);

/* ---------------------------------------------------------------- scores and losses ---------- */

/*
 * Similarity matrix.  s[i,j] = <a[i], b[j]> / tau, of rows scaled to unit length if `normalize`.
 *
 *   dtype       any
 *   a           in   [n, d], rows lda apart      b  in  [m, d], rows ldb apart; may be a
 *   normalize   in   0 or 1
 *   tau         in   temperature, finite, > 0; ignored with tau_device
 *   tau_device  in   one float in device memory [opt]
 *   s           out  [n, m], rows lds apart
 */
SSLCUDA_API sslcuda_status sslcuda_similarity_forward(sslcuda_context* ctx, int32_t dtype,
                                                      int64_t n, int64_t m, int64_t d,
                                                      const void* a, int64_t lda, const void* b,
                                                      int64_t ldb, int32_t normalize, float tau,
                                                      const float* tau_device, void* s,
                                                      int64_t lds);

/*
 * Its gradients.
 *
 *   dtype     any
 *   a ... tau_device  as in the forward
 *   grad_s    in   [n, m], rows lds apart
 *   grad_a    out  [n, d], rows lda apart [opt]     grad_b  out  [m, d], rows ldb apart [opt]
 *   grad_tau  out  one float32 in device memory [opt]
 */
SSLCUDA_API sslcuda_status sslcuda_similarity_backward(
    sslcuda_context* ctx, int32_t dtype, int64_t n, int64_t m, int64_t d, const void* a,
    int64_t lda, const void* b, int64_t ldb, int32_t normalize, float tau, const float* tau_device,
    const void* grad_s, int64_t lds, void* grad_a, void* grad_b, float* grad_tau);

/*
 * InfoNCE: row i of a has row i of b as its positive and all other rows of b as negatives.
 *   s[i,j] = <a[i], b[j]> / tau
 *   loss   = mean over i of ( log sum_j exp(s[i,j]) - s[i,i] )
 * One call gives the value and every gradient; the n x n scores are never stored. Each output is
 * [opt]: what is NULL is not computed.
 *
 *   dtype       any
 *   n           in   pairs, >= 2      d  in  width, >= 1
 *   a           in   [n, d], rows lda apart      b  in  [n, d], rows ldb apart; may be a (with
 *                    ldb = lda); rows are not normalised
 *   tau         in   temperature, finite, > 0; ignored with tau_device
 *   tau_device  in   one float in device memory [opt]
 *   grad_loss   in   upstream gradient, one float in device memory [opt]
 *   loss        out  one float32 in device memory
 *   row_loss    out  [n] float32
 *   grad_a      out  [n, d]      grad_b  out  [n, d]; where b is a, grad_b may be grad_a, which
 *                    then receives the sum of both
 *   grad_tau    out  one float32 in device memory
 */
SSLCUDA_API sslcuda_status sslcuda_infonce(sslcuda_context* ctx, int32_t dtype, int64_t n,
                                           int64_t d, const void* a, int64_t lda, const void* b,
                                           int64_t ldb, float tau, const float* tau_device,
                                           const float* grad_loss, float* loss, float* row_loss,
                                           void* grad_a, void* grad_b, float* grad_tau);

/*
 * Softmax cross-entropy on logits; exactly one of labels and targets is given.
 *   t = targets[i], or one-hot(labels[i]);  t' = (1 - smoothing) t + smoothing / v
 *   row_loss[i] = sum_k t'[k] (lse(logits[i]) - logits[i,k])
 *   loss = mean of row_loss over the rows that count; 0 if none does
 * Rows with labels[i] = ignore_index do not count: their loss and gradient are 0. A label that is
 * neither ignored nor in 0..v-1 is refused on the CPU; on CUDA, and in a graph, where it cannot
 * be checked in time, it makes that row's loss and gradient NaN.
 *
 *   logits         in   [n, v], rows ld apart; n, v >= 1
 *   labels         in   [n] int64 [opt]      targets  in  [n, v] probabilities, rows ld apart [opt]
 *   ignore_index   in   any int64; usually -100
 *   smoothing      in   0 <= smoothing < 1
 *   grad_loss      in   upstream gradient [opt]
 *   loss           out  one float32 [opt]      row_loss  out  [n] float32 [opt]
 *   grad_logits    out  [n, v], rows ld apart [opt]; may be logits
 */
SSLCUDA_API sslcuda_status sslcuda_cross_entropy(sslcuda_context* ctx, int32_t dtype, int64_t n,
                                                 int64_t v, const void* logits, int64_t ld,
                                                 const int64_t* labels, const void* targets,
                                                 int64_t ignore_index, float smoothing,
                                                 const float* grad_loss, float* loss,
                                                 float* row_loss, void* grad_logits);

/*
 * Mean squared error.  loss = mean (y - target)^2,  y = x, or sigmoid(x) if `sigmoid` is 1
 *
 *   x, target  in   [count], count >= 1
 *   sigmoid    in   0 or 1
 *   grad_loss  in   upstream gradient [opt]
 *   loss       out  one float32 [opt]
 *   grad_x     out  [count] [opt]; may be x
 */
SSLCUDA_API sslcuda_status sslcuda_mse(sslcuda_context* ctx, int32_t dtype, int64_t count,
                                       const void* x, const void* target, int32_t sigmoid,
                                       const float* grad_loss, float* loss, void* grad_x);

/*
 * Binary cross-entropy on logits.  loss = mean (softplus(x) - target x)
 *
 *   x, target  in   [count], count >= 1; targets in 0..1 (not checked)
 *   grad_loss  in   upstream gradient [opt]
 *   loss       out  one float32 [opt]
 *   grad_x     out  [count] [opt]; may be x
 */
SSLCUDA_API sslcuda_status sslcuda_binary_cross_entropy(sslcuda_context* ctx, int32_t dtype,
                                                        int64_t count, const void* x,
                                                        const void* target, const float* grad_loss,
                                                        float* loss, void* grad_x);

/* ---------------------------------------------------------------- contrastive family --------- */

/*
 * One call for the whole family: each row a[i] is scored against columns b[j], and the outputs are
 * computed from the scores without ever storing the [n, m] matrix.
 *
 *   s[i,j] = <a[i], b[j]> / tau (+ column_bias[j])           r[i] = log sum_j exp(s[i,j])
 *   u[i]   = weights[i] / (their sum over the rows that count); without weights all are 1
 *
 *   kind        loss, P[i]: the positives of row i
 *   INFONCE     sum_i u[i] (r[i] - s[i,P]);  P[i] = labels[i], or i without labels (then m >= n)
 *   CLIP        sum_i u[i] (r[i] + c[i] - 2 s[i,i]) / 2,  c[j] = log sum_i exp(s[i,j]);  m = n
 *   NTXENT      as INFONCE within one tensor of n = 2k rows: P[i] = (i + k) mod n, without s[i,i]:
 *               no row is scored against itself
 *   SUPCON      sum_i u[i] (r[i] - mean of s[i,j] over P[i]), without s[i,i];  P[i]: the other
 *               rows of the same label. Rows without a positive do not count.
 *   SUPCON_IN   sum_i u[i] (r[i] - log mean of exp(s[i,j]) over P[i])
 *   SIGLIP      sum_i u[i] sum_j softplus(-y (s[i,j] + bias)),  y = 1 where j = i, else -1
 *   SAMPLED     wav2vec 2.0: row i is scored against b[indices[i,k]], k = 0 ... sampled - 1; the
 *               first is its positive, and negatives equal to it as stored do not count
 *
 * Linear layer + cross-entropy is INFONCE with a = x, b = weight [v, d], labels, column_bias,
 * smoothing and z_loss: the loss of a row is then
 *   r - (1 - smoothing) s[i,P] - (smoothing / m) sum_j s[i,j] + z_loss r^2.
 * MoCo is INFONCE with `positives`, the key of each row, and b the queue.
 */
enum {
  SSLCUDA_INFONCE = 0,
  SSLCUDA_CLIP = 1,
  SSLCUDA_NTXENT = 2,
  SSLCUDA_SUPCON = 3,
  SSLCUDA_SUPCON_IN = 4,
  SSLCUDA_SIGLIP = 5,
  SSLCUDA_SAMPLED = 6
};

/* Set up by SSLCUDA_CONTRASTIVE_INIT; then fill in what the loss needs. Pointers point into memory
 * of the context's device, and all but `a` are [opt]. Fields that a kind does not name above or
 * below must stay as they are. Gradients of float tensors have the dtype of the call. */
typedef struct sslcuda_contrastive_args {
  size_t size;       /* sizeof(sslcuda_contrastive_args) */
  int32_t kind;      /* SSLCUDA_INFONCE ... */
  int32_t normalize; /* 1: rows of a, b, positives and negatives are scaled to unit length first;
                        a zero row stays zero */
  int64_t n, m, d;   /* rows, columns, width; each >= 1 (with positives m may be 0) */

  const void* a; /* [n, d], rows lda apart */
  int64_t lda;
  const void* b; /* [m, d], rows ldb apart. NULL in NTXENT, SUPCON and SUPCON_IN: b is a (m is
                    then not read), and grad_a is the sum of both sides' gradients */
  int64_t ldb;

  /* Temperature: scores are multiplied by exp(*log_scale), 1 / *tau_device or 1 / tau, the first
   * that is given, clamped to max_scale. Where it is clamped, the gradient of the temperature is
   * 0. */
  float tau;               /* finite, > 0; INIT: 1 */
  float max_scale;         /* finite, > 0; 0: no limit */
  const float* tau_device; /* one float */
  const float* log_scale;  /* one float */

  /* Positives and weights. */
  const int64_t* labels;        /* [n]  INFONCE: 0 <= labels[i] < total_columns, or ignore_index.
                                   SUPCON, SUPCON_IN: classes, required */
  const int64_t* column_labels; /* [m]  SUPCON, SUPCON_IN with b: its classes */
  int64_t ignore_index;         /* rows with this label do not count; INIT: -100 */
  const float* weights;         /* [n] float32, finite, >= 0; 0: the row does not count */
  const void* positives;        /* [n, d], rows ld_positives apart  INFONCE: the positive of each
                                   row, instead of a column of b */
  int64_t ld_positives;
  const void* negatives; /* [n, negatives_per_row, d] dense  INFONCE, CLIP (its rows): further
                            negatives, each row's own */
  int64_t negatives_per_row;
  const int64_t* indices; /* [n, sampled]  SAMPLED: 0 <= indices[i,k] < m */
  int64_t sampled;

  /* Columns of b that do not count for a row, its positive excepted (false negatives). Not in
   * SAMPLED. */
  const int64_t* row_ids; /* [n], and column_ids [m], both or none: pairs with equal ids */
  const int64_t* column_ids;
  const uint32_t* mask; /* [n, ceil(m / 32)], rows ld_mask words apart: pair (i,j) if bit j % 32
                           of word j / 32 is set */
  int64_t ld_mask;
  float margin; /* 0: none. > 0: pairs with tau s[i,j] > tau s[i,P] + margin (in the
                   columns of CLIP: s[j,j]); none in a row without positive. INFONCE, CLIP */

  float bias;               /* SIGLIP; finite */
  const float* bias_device; /* one float; bias is then not read */
  const float* column_bias; /* [m] float32  INFONCE */
  float smoothing, z_loss;  /* INFONCE; 0 <= smoothing < 1, z_loss >= 0 */

  /* A part of a larger matrix: a holds the rows from first_row on, b the columns from first_column
   * on, of total_rows x total_columns scores (0: n and m). Labels and i = j refer to the large
   * matrix, and u[i] is weights[i] / total_rows if total_rows is given. A part without all columns
   * gives row_lse and row_positive (no loss, row_loss, row_entropy or top1). sslcuda_lse_merge()
   * merges the row_lse of the parts; with the result as given_row_lse, each part gives its share
   * of the gradients, and the shares add up. Where rows are missing, the same holds for column_lse
   * in CLIP. SUPCON and SUPCON_IN need all columns, SAMPLED has no parts. */
  int64_t first_row, first_column, total_rows, total_columns;
  const float* given_row_lse;    /* [n] */
  const float* given_column_lse; /* [m]  CLIP */

  /* Upstream gradients. With grad_row_loss the gradients are those of
   * sum_i grad_row_loss[i] row_loss[i] instead of the loss, times grad_loss if both are there. */
  const float* grad_loss;     /* one float; NULL: 1 */
  const float* grad_row_loss; /* [n] */

  size_t workspace_limit; /* target for the workspace in bytes, beyond what grows with n + m;
                             0: 64 MiB. It sets how large a block of scores is computed at a time,
                             and changes results by rounding only */

  /* Outputs, each [opt]: what is NULL is not computed. The statistics row_lse, row_positive and
   * row_entropy are computed for all rows, including those that do not count. A row with an ignored
   * label has no positive; where no column counts, row_lse is -infinity and the entropy 0. */
  float* loss;         /* one float32 */
  float* row_loss;     /* [n]: the factor of u[i] above; 0 for rows that do not count */
  float* row_lse;      /* [n]: r; not SIGLIP */
  float* column_lse;   /* [m]: c; CLIP */
  float* row_positive; /* [n]: s[i,P], mean over P; 0 where it is outside this part. Not SIGLIP */
  float* row_entropy;  /* [n]: of softmax(s[i,:]); not SIGLIP */
  float* top1;         /* one float32: share of the rows that count whose best column is a positive,
                          ties count; not SIGLIP */
  void* grad_a;        /* [n, d], rows lda apart */
  void* grad_b;        /* [m, d], rows ldb apart */
  void* grad_positives;    /* [n, d], rows ld_positives apart */
  void* grad_negatives;    /* [n, negatives_per_row, d] */
  float* grad_temperature; /* one float32: gradient of tau, or of log_scale where that is given */
  float* grad_bias;        /* one float32: SIGLIP */
  float* grad_column_bias; /* [m] float32 */
} sslcuda_contrastive_args;

/* No input, no output, tau = 1, ignore_index = -100. */
#define SSLCUDA_CONTRASTIVE_INIT                                                                  \
  {                                                                                               \
    sizeof(sslcuda_contrastive_args), 0, 0, 0, 0, 0, NULL, 0, NULL, 0, 1.0f, 0, NULL, NULL, NULL, \
        NULL, -100, NULL, NULL, 0, NULL, 0, NULL, 0, NULL, NULL, NULL, 0, 0, 0, NULL, NULL, 0, 0, \
        0, 0, 0, 0, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,    \
        NULL, NULL, NULL, NULL, NULL, NULL                                                        \
  }

/*
 * Computes what the outputs in `args` ask for.
 *
 *   dtype  any
 *   args   in  set up by SSLCUDA_CONTRASTIVE_INIT
 */
SSLCUDA_API sslcuda_status sslcuda_contrastive(sslcuda_context* ctx, int32_t dtype,
                                               const sslcuda_contrastive_args* args);

/*
 * Log-sum-exp of two sets of columns from those of each:  merged = log(exp(one) + exp(other))
 *
 *   one, other  in   [count] float32      merged  out  [count]; may be one or other
 */
SSLCUDA_API sslcuda_status sslcuda_lse_merge(sslcuda_context* ctx, int64_t count, const float* one,
                                             const float* other, float* merged);

/* ---------------------------------------------------------------- optimiser ------------------ */

/*
 * One Adam step over a list of tensors (Kingma & Ba 2015, as PyTorch computes it).
 *   m = beta1 m + (1 - beta1) g        v = beta2 v + (1 - beta2) g^2
 *   param -= lr / (1 - beta1^t) * m / (sqrt(v) / sqrt(1 - beta2^t) + eps)
 *
 *   tensors      in      number of tensors
 *   counts       in      host array [tensors]: element counts
 *   params, moments, variances  in/out  host arrays [tensors] of device pointers to float32
 *   grads        in      likewise
 *   lr           in      finite, >= 0; ignored with lr_device
 *   lr_device    in      one float in device memory [opt]
 *   beta1, beta2  in     0 <= beta < 1      eps  in  finite, >= 0
 *   step         in      t, from 1; ignored with step_device
 *   step_device  in      one int64 in device memory [opt]: the number of steps done before this
 *                        one (t - 1), for a counter that starts at 0
 */
SSLCUDA_API sslcuda_status sslcuda_adam_step(sslcuda_context* ctx, int32_t dtype, int64_t tensors,
                                             const int64_t* counts, void* const* params,
                                             const void* const* grads, void* const* moments,
                                             void* const* variances, double lr,
                                             const float* lr_device, double beta1, double beta2,
                                             double eps, int64_t step, const int64_t* step_device);

/*
 * One step of stochastic gradient descent, as PyTorch computes it.
 *   g = grad + weight_decay param      v = momentum v + g
 *   param -= lr (nesterov ? g + momentum v : v)
 *
 *   tensors, counts, params, grads, lr, lr_device  as in sslcuda_adam_step
 *   velocities    in/out  v, zeros before the first step; not used where momentum is 0 [opt]
 *   momentum      in      0 <= momentum < 1      weight_decay  in  finite, >= 0
 *   nesterov      in      0 or 1
 */
SSLCUDA_API sslcuda_status sslcuda_sgd_step(sslcuda_context* ctx, int32_t dtype, int64_t tensors,
                                            const int64_t* counts, void* const* params,
                                            const void* const* grads, void* const* velocities,
                                            double lr, const float* lr_device, double momentum,
                                            double weight_decay, int32_t nesterov);

/*
 * One step of LARS (You, Gitman & Ginsburg 2017), the large-batch optimiser of SimCLR.
 *   g = grad + weight_decay param;  if |param| > 0 and |g| > 0:  g *= trust |param| / |g|
 *   v = momentum v + g              param -= lr v
 * The norms are summed in double, in a fixed order.
 *
 *   tensors ... weight_decay  as in sslcuda_sgd_step
 *   adapt  in  host array [tensors] [opt]: where it is 0 (biases, norms), the tensor is not decayed
 *              and g = grad; NULL means all are adapted
 *   trust  in  trust coefficient, finite, > 0; usually 0.001
 */
SSLCUDA_API sslcuda_status sslcuda_lars_step(sslcuda_context* ctx, int32_t dtype, int64_t tensors,
                                             const int64_t* counts, void* const* params,
                                             const void* const* grads, void* const* velocities,
                                             const int32_t* adapt, double lr,
                                             const float* lr_device, double momentum,
                                             double weight_decay, double trust);

/* ---------------------------------------------------------------- random numbers ------------- */

/*
 * Random numbers of Philox4x32-10 (Salmon et al. 2011): each is a function of its index and the
 * arguments alone, so there is no state, and the same call gives the same bits on any device.
 *   q    = sequence + *sequence_device mod 2^64; a counter that a graph advances draws anew in each
 *          replay
 *   w[i] = word i mod 4 of philox(counter = (i / 4, q), key = seed), low words first
 *   uniform: y[i] = low + (high - low) (w[i] >> 8) 2^-24
 *   normal:  y[i] = mean + std r cos(t) for even i, mean + std r sin(t) for odd i, with
 *            r = sqrt(-2 log(u)), u = (w[j] + 1/2) 2^-32 in float32,
 *            t = 2 pi w[j+1] 2^-32, j = i - i mod 2
 *
 *   seed, sequence   in  any
 *   sequence_device  in  one int64 in device memory [opt]; NULL means 0
 *   low, high  in  finite, low <= high, high - low finite too
 *   mean, std  in  finite, std >= 0
 *   y          out [count]
 */
SSLCUDA_API sslcuda_status sslcuda_random_uniform(sslcuda_context* ctx, int32_t dtype,
                                                  int64_t count, uint64_t seed, uint64_t sequence,
                                                  const int64_t* sequence_device, float low,
                                                  float high, void* y);
SSLCUDA_API sslcuda_status sslcuda_random_normal(sslcuda_context* ctx, int32_t dtype, int64_t count,
                                                 uint64_t seed, uint64_t sequence,
                                                 const int64_t* sequence_device, float mean,
                                                 float std, void* y);

/* ---------------------------------------------------------------- data ----------------------- */

/*
 * Batch of images: uint8 rows picked by index, as normalised floats.
 *   y[i,k] = (images[r(i), k] / 255 - mean) / std
 *   r(i) = indices[p], or p without indices;  p = (cursor + i) mod (length of that list)
 * The cursor in device memory lets one graph walk through an epoch. An index outside 0..count-1
 * is refused on the CPU; on CUDA, and in a graph, it makes that row NaN.
 *
 *   images   in   [count, width] uint8; count >= 1
 *   indices  in   [indices_count] int64 [opt]; indices_count >= 1 with indices
 *   cursor   in   one int64 in device memory, >= 0 [opt]; NULL means 0
 *   mean     in   finite      std  in  finite, != 0
 *   y        out  [n, width]
 */
SSLCUDA_API sslcuda_status sslcuda_gather_images(sslcuda_context* ctx, int32_t dtype, int64_t n,
                                                 int64_t width, const uint8_t* images,
                                                 int64_t count, const int64_t* indices,
                                                 int64_t indices_count, const int64_t* cursor,
                                                 float mean, float std, void* y);

/*
 * The same for rows of anything else (labels, embeddings), copied byte by byte; a bad index gives
 * a row of 0xff bytes.
 *
 *   rows  in   [count, row_bytes]
 *   indices, indices_count, cursor  as in sslcuda_gather_images
 *   y     out  [n, row_bytes]
 */
SSLCUDA_API sslcuda_status sslcuda_gather_rows(sslcuda_context* ctx, int64_t n, int64_t row_bytes,
                                               const void* rows, int64_t count,
                                               const int64_t* indices, int64_t indices_count,
                                               const int64_t* cursor, void* y);

/*
 * Rotation of square images by turns[i] * 90 degrees counter-clockwise (turns taken mod 4). Exact;
 * its gradient is the same call on the gradient with -turns.
 *
 *   x      in   [n, c, h, h]
 *   turns  in   [n] int64
 *   y      out  [n, c, h, h]
 */
SSLCUDA_API sslcuda_status sslcuda_rotate90(sslcuda_context* ctx, int32_t dtype, int64_t n,
                                            int64_t c, int64_t h, const void* x,
                                            const int64_t* turns, void* y);

/*
 * Rotation by any angle about the image's centre, nearest neighbour, `fill` outside (torchvision's
 * RandomRotation). An augmentation: it has no gradient.
 *
 *   x        in   [n, c, h, w]
 *   degrees  in   [n] float32, counter-clockwise
 *   fill     in   any
 *   y        out  [n, c, h, w]
 */
SSLCUDA_API sslcuda_status sslcuda_rotate(sslcuda_context* ctx, int32_t dtype, int64_t n, int64_t c,
                                          int64_t h, int64_t w, const void* x, const float* degrees,
                                          float fill, void* y);

/* Ranges that sslcuda_augment draws from for each view. INIT: a view equals its image. */
typedef struct sslcuda_augmentation {
  size_t size;     /* sizeof(sslcuda_augmentation) */
  float scale_low; /* area of the crop as a fraction of the image's, uniform up to scale_high:
                      0 < low <= high <= 1 */
  float scale_high;
  float ratio_low; /* fraction of the width / fraction of the height that the crop has, log-uniform
                      up to ratio_high: finite, 0 < low <= high; both fractions are at most 1 */
  float ratio_high;
  float degrees;    /* rotation by +-degrees, 0..180 */
  float shear;      /* horizontal shear by +-degrees, 0..60 */
  float translate;  /* shift by +-translate of each side's length, 0..1 */
  float flip;       /* probability of a horizontal flip */
  float brightness; /* x -> (x - fill) (1 + contrast u) + fill + brightness v, u and v in +-1; both
                       finite, >= 0 */
  float contrast;
  float blur;      /* probability of a Gaussian blur */
  float sigma_low; /* its sigma in pixels, up to sigma_high: 0 < low <= high <= 3; cut off at
                      3 sigma; beyond the image its edge pixels are repeated */
  float sigma_high;
  float noise; /* standard deviation of Gaussian noise on each element, finite, >= 0 */
  float drop;  /* probability that a pixel becomes `fill` in all channels */
  float fill;  /* value outside the image, finite */
} sslcuda_augmentation;

/* A view equals its image. */
#define SSLCUDA_AUGMENTATION_INIT \
  { sizeof(sslcuda_augmentation), 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0 }

/*
 * Augmentation: random views of images in one pass. A view is an affine map of the image (crop,
 * stretched to h x w; rotation, shear and shift about the centre; flip; bilinear), then brightness
 * and contrast, blur, noise, drop, in this order. Everything is drawn by Philox from (seed,
 * sequence, view, image, pixel), disjoint from the numbers of sslcuda_random_*. Formulas are in
 * docs/ops/augment.md. An augmentation has no gradient.
 *
 *   x                in   [n, c, h, w]; h, w <= 2^24
 *   views            in   views of each image, >= 1
 *   augmentation     in   ranges to draw from
 *   seed, sequence, sequence_device  as in sslcuda_random_uniform
 *   y                out  [views, n, c, h, w]
 */
SSLCUDA_API sslcuda_status sslcuda_augment(sslcuda_context* ctx, int32_t dtype, int64_t n,
                                           int64_t c, int64_t h, int64_t w, const void* x,
                                           int64_t views, const sslcuda_augmentation* augmentation,
                                           uint64_t seed, uint64_t sequence,
                                           const int64_t* sequence_device, void* y);

#ifdef __cplusplus
}
#endif

#endif /* SSLCUDA_H */
