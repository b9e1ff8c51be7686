#include "capi/call.hpp"
#include "capi/checks.hpp"

using namespace sslcuda;

namespace {

// (size + 2 pad - kernel) / stride + 1, refused where it is < 1 or a window could be all padding.
int64_t output_size(const char* name, int64_t size, int64_t kernel, int64_t stride, int64_t pad) {
  int64_t padded = 0;
  if (__builtin_mul_overflow(pad, 2, &padded) || __builtin_add_overflow(size, padded, &padded)) {
    fail(SSLCUDA_SIZE_OVERFLOW, "the padded ", name, " must be below 2^63, got ", name, " = ", size,
         ", pad = ", pad);
  }
  if (pad > kernel / 2) {
    fail(SSLCUDA_INVALID_SHAPE, "2 pad_", name, " must be <= kernel_", name, " = ", kernel,
         ", got pad_", name, " = ", pad);
  }
  if (padded < kernel) {
    fail(SSLCUDA_INVALID_SHAPE, "the kernel must fit the padded ", name, " = ", padded, ", got ",
         kernel);
  }
  return (padded - kernel) / stride + 1;
}

Pool2dShape checked(Rules& rules, int32_t kind, const sslcuda_pool2d_shape* shape) {
  if (kind != SSLCUDA_POOL_MAX && kind != SSLCUDA_POOL_AVERAGE) {
    fail(SSLCUDA_UNSUPPORTED, "kind must be SSLCUDA_POOL_MAX (0) or AVERAGE (1), got ", kind);
  }
  if (!shape) fail(SSLCUDA_NULL_POINTER, "shape must not be NULL");
  if (shape->size != sizeof(sslcuda_pool2d_shape)) {
    fail(SSLCUDA_VERSION_MISMATCH, "shape->size must be ", sizeof(sslcuda_pool2d_shape), ", got ",
         shape->size);
  }
  const sslcuda_pool2d_shape& s = *shape;
  rules.extent("n", s.n)
      .extent("c", s.c, 1)
      .extent("h", s.h, 1)
      .extent("w", s.w, 1)
      .extent("kernel_h", s.kernel_h, 1)
      .extent("kernel_w", s.kernel_w, 1)
      .extent("stride_h", s.stride_h)
      .extent("stride_w", s.stride_w)
      .extent("pad_h", s.pad_h)
      .extent("pad_w", s.pad_w);
  const int64_t stride_h = s.stride_h == 0 ? s.kernel_h : s.stride_h;
  const int64_t stride_w = s.stride_w == 0 ? s.kernel_w : s.stride_w;
  return {s.n,
          s.c,
          s.h,
          s.w,
          s.kernel_h,
          s.kernel_w,
          stride_h,
          stride_w,
          s.pad_h,
          s.pad_w,
          output_size("h", s.h, s.kernel_h, stride_h, s.pad_h),
          output_size("w", s.w, s.kernel_w, stride_w, s.pad_w)};
}

Extent image_extent(const Pool2dShape& s) { return Rules::f32({s.n, s.c, s.h, s.w}); }
Extent output_extent(const Pool2dShape& s) { return Rules::f32({s.n, s.c, s.out_h, s.out_w}); }

}  // namespace

sslcuda_status sslcuda_pool2d_forward(sslcuda_context* ctx, int32_t dtype, int32_t kind,
                                      const sslcuda_pool2d_shape* shape, const void* x, void* y) {
  return call(ctx, __func__, [&](Context& context) {
    Rules rules(context);
    rules.dtype(dtype);
    const Pool2dShape s = checked(rules, kind, shape);
    rules.input("x", x, image_extent(s)).output("y", y, output_extent(s)).finish();
    if (s.n == 0) return;
    context.run(context.ops().pool2d_forward, {static_cast<Pool>(kind), s, floats(x), floats(y)});
  });
}

sslcuda_status sslcuda_pool2d_backward(sslcuda_context* ctx, int32_t dtype, int32_t kind,
                                       const sslcuda_pool2d_shape* shape, const void* x,
                                       const void* y, const void* grad_y, void* grad_x) {
  return call(ctx, __func__, [&](Context& context) {
    Rules rules(context);
    rules.dtype(dtype);
    const Pool2dShape s = checked(rules, kind, shape);
    rules.input("x", x, image_extent(s), kind == SSLCUDA_POOL_MAX)
        .input("y", y, output_extent(s), kind == SSLCUDA_POOL_MAX)
        .input("grad_y", grad_y, output_extent(s))
        .output("grad_x", grad_x, image_extent(s))
        .finish();
    if (s.n == 0) return;
    context.run(context.ops().pool2d_backward,
                {static_cast<Pool>(kind), s, floats(x), floats(y), floats(grad_y), floats(grad_x)});
  });
}
