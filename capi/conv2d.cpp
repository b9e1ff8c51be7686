#include "capi/call.hpp"
#include "capi/checks.hpp"

using namespace sslcuda;

namespace {

int64_t or_one(int64_t value) { return value == 0 ? 1 : value; }

// (size + 2 pad - dilation (kernel - 1) - 1) / stride + 1, refused where it overflows or is < 1.
int64_t output_size(const char* name, int64_t size, int64_t kernel, int64_t stride, int64_t pad,
                    int64_t dilation) {
  int64_t padded = 0, reach = 0;
  if (__builtin_mul_overflow(pad, 2, &padded) || __builtin_add_overflow(size, padded, &padded) ||
      __builtin_mul_overflow(dilation, kernel - 1, &reach) ||
      __builtin_add_overflow(reach, 1, &reach)) {
    fail(SSLCUDA_SIZE_OVERFLOW, "the padded ", name, " must be below 2^63, got ", name, " = ", size,
         ", pad = ", pad, ", dilation = ", dilation);
  }
  if (padded < reach) {
    fail(SSLCUDA_INVALID_SHAPE, "the kernel must fit the padded ", name, " = ", padded, ", got ",
         reach, " from kernel = ", kernel, ", dilation = ", dilation);
  }
  return (padded - reach) / stride + 1;
}

Conv2dShape checked(Rules& rules, const sslcuda_conv2d_shape* shape) {
  if (!shape) fail(SSLCUDA_NULL_POINTER, "shape must not be NULL");
  if (shape->size != sizeof(sslcuda_conv2d_shape)) {
    fail(SSLCUDA_VERSION_MISMATCH, "shape->size must be ", sizeof(sslcuda_conv2d_shape), ", got ",
         shape->size);
  }
  const sslcuda_conv2d_shape& s = *shape;
  rules.extent("n", s.n)
      .extent("c", s.c, 1)
      .extent("h", s.h, 1)
      .extent("w", s.w, 1)
      .extent("out", s.out, 1)
      .extent("kernel_h", s.kernel_h, 1)
      .extent("kernel_w", s.kernel_w, 1)
      .extent("stride_h", s.stride_h)
      .extent("stride_w", s.stride_w)
      .extent("pad_h", s.pad_h)
      .extent("pad_w", s.pad_w)
      .extent("dilation_h", s.dilation_h)
      .extent("dilation_w", s.dilation_w)
      .extent("groups", s.groups);
  if (or_one(s.groups) != 1) fail(SSLCUDA_UNSUPPORTED, "groups must be 1, got ", s.groups);
  Conv2dShape full{s.n,
                   s.c,
                   s.h,
                   s.w,
                   s.out,
                   s.kernel_h,
                   s.kernel_w,
                   or_one(s.stride_h),
                   or_one(s.stride_w),
                   s.pad_h,
                   s.pad_w,
                   or_one(s.dilation_h),
                   or_one(s.dilation_w),
                   0,
                   0};
  full.out_h = output_size("h", s.h, s.kernel_h, full.stride_h, s.pad_h, full.dilation_h);
  full.out_w = output_size("w", s.w, s.kernel_w, full.stride_w, s.pad_w, full.dilation_w);
  return full;
}

Extent image_extent(const Conv2dShape& s) { return Rules::f32({s.n, s.c, s.h, s.w}); }
Extent weight_extent(const Conv2dShape& s) {
  return Rules::f32({s.out, s.c, s.kernel_h, s.kernel_w});
}
Extent output_extent(const Conv2dShape& s) { return Rules::f32({s.n, s.out, s.out_h, s.out_w}); }

}  // namespace

sslcuda_status sslcuda_conv2d_forward(sslcuda_context* ctx, int32_t dtype,
                                      const sslcuda_conv2d_shape* shape, const void* x,
                                      const void* weight, const void* bias, int32_t activation,
                                      void* y) {
  return call(ctx, __func__, [&](Context& context) {
    Rules rules(context);
    rules.dtype(dtype);
    const Conv2dShape s = checked(rules, shape);
    rules.activation(activation, false)
        .input("x", x, image_extent(s))
        .input("weight", weight, weight_extent(s))
        .optional_input("bias", bias, Rules::f32({s.out}))
        .output("y", y, output_extent(s))
        .finish();
    if (s.n == 0) return;
    context.run(context.ops().conv2d_forward, {s, floats(x), floats(weight), floats(bias),
                                               static_cast<Activation>(activation), floats(y)});
  });
}

sslcuda_status sslcuda_conv2d_backward(sslcuda_context* ctx, int32_t dtype,
                                       const sslcuda_conv2d_shape* shape, const void* x,
                                       const void* weight, const void* y, const void* grad_y,
                                       int32_t activation, void* grad_x, void* grad_weight,
                                       void* grad_bias) {
  return call(ctx, __func__, [&](Context& context) {
    Rules rules(context);
    rules.dtype(dtype);
    const Conv2dShape s = checked(rules, shape);
    rules.activation(activation, false)
        .input("x", x, image_extent(s), grad_weight != nullptr)
        .input("weight", weight, weight_extent(s), grad_x != nullptr)
        .input("y", y, output_extent(s), activation != SSLCUDA_ACTIVATION_NONE)
        .input("grad_y", grad_y, output_extent(s))
        .optional_output("grad_x", grad_x, image_extent(s))
        .optional_output("grad_weight", grad_weight, weight_extent(s))
        .optional_output("grad_bias", grad_bias, Rules::f32({s.out}))
        .finish();
    if (s.n == 0) {
      clear(context, grad_weight, Rules::f32({s.out, s.c, s.kernel_h, s.kernel_w}));
      clear(context, grad_bias, Rules::f32({s.out}));
      return;
    }
    if (!grad_x && !grad_weight && !grad_bias) return;
    context.run(context.ops().conv2d_backward,
                {s, floats(x), floats(weight), floats(y), floats(grad_y),
                 static_cast<Activation>(activation), floats(grad_x), floats(grad_weight),
                 floats(grad_bias)});
  });
}
