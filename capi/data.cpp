#include "capi/call.hpp"
#include "capi/checks.hpp"

using namespace sslcuda;

namespace {

RowSource checked(Rules& rules, int64_t n, int64_t count, const int64_t* indices,
                  int64_t indices_count, const int64_t* cursor) {
  rules.extent("n", n).extent("count", count, 1);
  if (indices) rules.extent("indices_count", indices_count, 1);
  rules.optional_input("indices", indices, Rules::i64({indices ? indices_count : 0}))
      .optional_input("cursor", cursor, Rules::i64({1}));
  return {count, indices, indices ? indices_count : count, cursor};
}

// Where the indices can be read now, a bad one is refused before anything is written.
void check_contents(const Context& context, int64_t n, const RowSource& source) {
  if (!context.contents_readable()) return;
  const int64_t cursor = source.cursor ? *source.cursor : 0;
  if (cursor < 0) fail(SSLCUDA_INVALID_VALUE, "cursor must be >= 0, got ", cursor);
  if (!source.indices) return;
  const int64_t length = source.indices_count, start = cursor % length;
  for (int64_t i = 0; i < std::min(n, length); ++i) {
    const int64_t position = (start + i) % length, index = source.indices[position];
    if (index < 0 || index >= source.count) {
      fail(SSLCUDA_INVALID_VALUE, "indices[", position, "] must be in 0..", source.count - 1,
           ", got ", index);
    }
  }
}

}  // namespace

sslcuda_status sslcuda_gather_images(sslcuda_context* ctx, int32_t dtype, int64_t n, int64_t width,
                                     const uint8_t* images, int64_t count, const int64_t* indices,
                                     int64_t indices_count, const int64_t* cursor, float mean,
                                     float std, void* y) {
  return call(ctx, __func__, [&](Context& context) {
    Rules rules(context);
    rules.dtype(dtype);
    const RowSource source = checked(rules, n, count, indices, indices_count, cursor);
    rules.extent("width", width)
        .value("mean", mean, std::isfinite(mean), "must be finite")
        .value("std", std, std::isfinite(std) && std != 0, "must be finite and not 0")
        .input("images", images, Rules::u8({count, width}))
        .output("y", y, Rules::f32({n, width}))
        .finish();
    if (n == 0 || width == 0) return;
    check_contents(context, n, source);
    context.run(context.ops().gather_images, {n, width, images, source, mean, std, floats(y)});
  });
}

sslcuda_status sslcuda_gather_rows(sslcuda_context* ctx, int64_t n, int64_t row_bytes,
                                   const void* rows, int64_t count, const int64_t* indices,
                                   int64_t indices_count, const int64_t* cursor, void* y) {
  return call(ctx, __func__, [&](Context& context) {
    Rules rules(context);
    const RowSource source = checked(rules, n, count, indices, indices_count, cursor);
    rules.extent("row_bytes", row_bytes)
        .input("rows", rows, Rules::u8({count, row_bytes}))
        .output("y", y, Rules::u8({n, row_bytes}))
        .finish();
    if (n == 0 || row_bytes == 0) return;
    check_contents(context, n, source);
    context.run(context.ops().gather_rows, {n, row_bytes, static_cast<const uint8_t*>(rows), source,
                                            static_cast<uint8_t*>(y)});
  });
}

sslcuda_status sslcuda_rotate90(sslcuda_context* ctx, int32_t dtype, int64_t n, int64_t c,
                                int64_t h, const void* x, const int64_t* turns, void* y) {
  return call(ctx, __func__, [&](Context& context) {
    Rules(context)
        .dtype(dtype)
        .extent("n", n)
        .extent("c", c)
        .extent("h", h)
        .input("x", x, Rules::f32({n, c, h, h}))
        .input("turns", turns, Rules::i64({n}))
        .output("y", y, Rules::f32({n, c, h, h}))
        .finish();
    if (n == 0 || c == 0 || h == 0) return;
    context.run(context.ops().rotate90, {n, c, h, floats(x), turns, floats(y)});
  });
}

sslcuda_status sslcuda_rotate(sslcuda_context* ctx, int32_t dtype, int64_t n, int64_t c, int64_t h,
                              int64_t w, const void* x, const float* degrees, float fill, void* y) {
  return call(ctx, __func__, [&](Context& context) {
    Rules(context)
        .dtype(dtype)
        .extent("n", n)
        .extent("c", c)
        .extent("h", h)
        .extent("w", w)
        .input("x", x, Rules::f32({n, c, h, w}))
        .input("degrees", degrees, Rules::f32({n}))
        .output("y", y, Rules::f32({n, c, h, w}))
        .finish();
    if (n == 0 || c == 0 || h == 0 || w == 0) return;
    context.run(context.ops().rotate, {n, c, h, w, floats(x), degrees, fill, floats(y)});
  });
}
