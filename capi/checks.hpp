// checks.hpp - the argument rules, written once. An entry point states its rules in the order
// dtype, shape, scalars; tensors are named along the way (an overflowing size is refused at once)
// and their pointers are checked last, by finish().
#pragma once

#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include "capi/context.hpp"

namespace sslcuda {

// Bytes that a tensor covers: rows of row_bytes, stride_bytes apart, made of elements of so many.
struct Extent {
  int64_t rows, row_bytes, stride_bytes, element;
  int64_t bytes() const { return rows == 0 ? 0 : (rows - 1) * stride_bytes + row_bytes; }
};

class Rules {
 public:
  explicit Rules(Context& context) : context_(context) {}

  // Float32 alone, or any storage type.
  Rules& dtype(int32_t dtype);
  Rules& any_dtype(int32_t dtype);
  // least <= value, otherwise INVALID_SHAPE.
  Rules& extent(const char* name, int64_t value, int64_t least = 0);
  Rules& stride(const char* name, int64_t value, const char* width_name, int64_t width);
  Rules& flag(const char* name, int32_t value);
  Rules& activation(int32_t value, bool sigmoid_allowed);
  // `rule` reads "must be ..."; INVALID_VALUE.
  template <class T>
  Rules& value(const char* name, T value, bool holds, const char* rule) {
    if (!holds) fail(SSLCUDA_INVALID_VALUE, name, " ", rule, ", got ", value);
    return *this;
  }
  // A temperature by value; one in device memory cannot be looked at.
  Rules& tau(float value, const float* device);

  // Dense tensors of the named element size.
  static Extent f32(std::initializer_list<int64_t> extents) { return dense(extents, 4); }
  static Extent i64(std::initializer_list<int64_t> extents) { return dense(extents, 8); }
  static Extent u8(std::initializer_list<int64_t> extents) { return dense(extents, 1); }
  static Extent u32_rows(int64_t rows, int64_t width, int64_t ld) {
    return rows_of(rows, width, ld, 4);
  }
  // [rows, width], rows ld elements apart.
  static Extent f32_rows(int64_t rows, int64_t width, int64_t ld) {
    return rows_of(rows, width, ld, 4);
  }
  static Extent rows(int32_t dtype, int64_t rows, int64_t width, int64_t ld) {
    return rows_of(rows, width, ld, element_size(static_cast<DType>(dtype)));
  }
  static Extent tensor(int32_t dtype, std::initializer_list<int64_t> extents) {
    return dense(extents, element_size(static_cast<DType>(dtype)));
  }

  Rules& input(const char* name, const void* data, Extent extent, bool required = true);
  Rules& output(const char* name, const void* data, Extent extent, bool required = true);
  // Ordinary memory, also on CUDA.
  Rules& host_input(const char* name, const void* data, Extent extent);
  Rules& host_output(const char* name, const void* data, Extent extent);
  Rules& optional_input(const char* name, const void* data, Extent extent) {
    return input(name, data, extent, false);
  }
  Rules& optional_output(const char* name, const void* data, Extent extent) {
    return output(name, data, extent, false);
  }
  // Both may be the very same buffer.
  Rules& may_share(const char* one, const char* other);

  // Checks the pointers: NULL, device, alignment, overlap. Does nothing while planning.
  void finish() const;

 private:
  struct Tensor {
    const char* name;
    const void* data;
    Extent extent;
    bool output, required, on_device = true;
  };
  struct Pair {
    const char *one, *other;
  };
  static Extent dense(std::initializer_list<int64_t> extents, int64_t element);
  static Extent rows_of(int64_t rows, int64_t width, int64_t ld, int64_t element);
  void check_place(const Tensor& tensor) const;
  static bool overlap(const Tensor& one, const Tensor& other);
  bool shared(const Tensor& one, const Tensor& other) const;

  Context& context_;
  std::vector<Tensor> tensors_;
  std::vector<Pair> shareable_;
};

inline const float* floats(const void* data) { return static_cast<const float*>(data); }
inline float* floats(void* data) { return static_cast<float*>(data); }

// Queues zeros for a dense gradient that sums over nothing; data may be null.
void clear(Context& context, void* data, const Extent& extent);

}  // namespace sslcuda
