#include "capi/checks.hpp"

#include <cstdint>
#include <string_view>
#include <tuple>

namespace sslcuda {
namespace {

int64_t multiply(int64_t a, int64_t b) {
  int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product)) {
    fail(SSLCUDA_SIZE_OVERFLOW, "the bytes of a tensor must be below 2^63, got ", a, " * ", b);
  }
  return product;
}

uintptr_t address(const void* pointer) { return reinterpret_cast<uintptr_t>(pointer); }

}  // namespace

Rules& Rules::dtype(int32_t dtype) {
  if (dtype != SSLCUDA_F32) {
    fail(SSLCUDA_UNSUPPORTED, "dtype must be SSLCUDA_F32 (0), got ", dtype);
  }
  return *this;
}

Rules& Rules::any_dtype(int32_t dtype) {
  if (dtype < SSLCUDA_F32 || dtype > SSLCUDA_TF32) {
    fail(SSLCUDA_UNSUPPORTED, "dtype must be SSLCUDA_F32 (0), BF16 (1), F16 (2) or TF32 (3), got ",
         dtype);
  }
  return *this;
}

Rules& Rules::extent(const char* name, int64_t value, int64_t least) {
  if (value < least) {
    fail(SSLCUDA_INVALID_SHAPE, name, " must be >= ", least, ", got ", value);
  }
  return *this;
}

Rules& Rules::stride(const char* name, int64_t value, const char* width_name, int64_t width) {
  if (value < width) {
    fail(SSLCUDA_INVALID_STRIDE, name, " must be >= ", width_name, " = ", width, ", got ", value);
  }
  return *this;
}

Rules& Rules::flag(const char* name, int32_t value) {
  if (value != 0 && value != 1) {
    fail(SSLCUDA_UNSUPPORTED, name, " must be 0 or 1, got ", value);
  }
  return *this;
}

Rules& Rules::activation(int32_t value, bool sigmoid_allowed) {
  const int32_t last = sigmoid_allowed ? SSLCUDA_ACTIVATION_SIGMOID : SSLCUDA_ACTIVATION_RELU;
  if (value < 0 || value > last) {
    fail(SSLCUDA_UNSUPPORTED, "activation must be NONE (0), RELU (1)",
         sigmoid_allowed ? " or SIGMOID (2)" : " here", ", got ", value);
  }
  return *this;
}

Rules& Rules::tau(float tau, const float* device) {
  optional_input("tau_device", device, f32({1}));
  if (device) return *this;
  return value("tau", tau, std::isfinite(tau) && tau > 0, "must be finite and > 0");
}

Extent Rules::dense(std::initializer_list<int64_t> extents, int64_t element) {
  int64_t bytes = element;
  for (const int64_t extent : extents) {
    if (extent == 0) return {0, 0, 0, element};
  }
  for (const int64_t extent : extents) bytes = multiply(bytes, extent);
  return {1, bytes, bytes, element};
}

Extent Rules::rows_of(int64_t rows, int64_t width, int64_t ld, int64_t element) {
  if (rows == 0 || width == 0) return {0, 0, 0, element};
  multiply(multiply(rows, ld), element);
  return {rows, width * element, ld * element, element};
}

Rules& Rules::input(const char* name, const void* data, Extent extent, bool required) {
  tensors_.push_back({name, data, extent, false, required});
  return *this;
}

Rules& Rules::output(const char* name, const void* data, Extent extent, bool required) {
  tensors_.push_back({name, data, extent, true, required});
  return *this;
}

Rules& Rules::host_input(const char* name, const void* data, Extent extent) {
  tensors_.push_back({name, data, extent, false, true, false});
  return *this;
}

Rules& Rules::host_output(const char* name, const void* data, Extent extent) {
  tensors_.push_back({name, data, extent, true, true, false});
  return *this;
}

Rules& Rules::may_share(const char* one, const char* other) {
  shareable_.push_back({one, other});
  return *this;
}

// Tensors whose rows lie equally far apart may interleave (two column ranges of one matrix).
bool Rules::overlap(const Tensor& one, const Tensor& other) {
  const uintptr_t a = address(one.data), b = address(other.data);
  const auto a_bytes = static_cast<uintptr_t>(one.extent.bytes());
  const auto b_bytes = static_cast<uintptr_t>(other.extent.bytes());
  if (a_bytes == 0 || b_bytes == 0 || a + a_bytes <= b || b + b_bytes <= a) return false;
  const auto stride = static_cast<uintptr_t>(one.extent.stride_bytes);
  if (one.extent.stride_bytes != other.extent.stride_bytes) return true;
  const uintptr_t offset = a <= b ? (b - a) % stride : (stride - (a - b) % stride) % stride;
  const auto a_row = static_cast<uintptr_t>(one.extent.row_bytes);
  const auto b_row = static_cast<uintptr_t>(other.extent.row_bytes);
  return offset < a_row || offset + b_row > stride;
}

bool Rules::shared(const Tensor& one, const Tensor& other) const {
  if (one.data != other.data) return false;
  for (const auto& [first, second] : shareable_) {
    const std::string_view a = first, b = second;
    if ((a == one.name && b == other.name) || (b == one.name && a == other.name)) return true;
  }
  return false;
}

void Rules::check_place(const Tensor& tensor) const {
  if (!tensor.data || tensor.extent.bytes() == 0) return;
  if (context_.checks_pointers() && tensor.on_device && !context_.device().owns(tensor.data)) {
    fail(SSLCUDA_WRONG_DEVICE, tensor.name, " must point to memory of ",
         context_.device().describe(), ", got ", tensor.data);
  }
  // On a GPU such an access would end the whole process' use of it.
  if (address(tensor.data) % static_cast<uintptr_t>(tensor.extent.element) != 0) {
    fail(SSLCUDA_INVALID_VALUE, tensor.name, " must be aligned to its elements of ",
         tensor.extent.element, " bytes, got ", tensor.data);
  }
}

void Rules::finish() const {
  if (context_.mode() == Context::Mode::kPlan) return;
  for (const Tensor& tensor : tensors_) {
    if (!tensor.data && tensor.required && tensor.extent.bytes() > 0) {
      fail(SSLCUDA_NULL_POINTER, tensor.name, " must not be NULL");
    }
  }
  for (const Tensor& tensor : tensors_) check_place(tensor);
  for (size_t i = 0; i < tensors_.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const Tensor &one = tensors_[i], &other = tensors_[j];
      if (!one.data || !other.data || (!one.output && !other.output)) continue;
      if (overlap(one, other) && !shared(one, other)) {
        const auto& [output, argument] = one.output ? std::tie(one, other) : std::tie(other, one);
        fail(SSLCUDA_ALIASED, output.name, " must not overlap ", argument.name, ", got ",
             output.data, " and ", argument.data);
      }
    }
  }
}

void clear(Context& context, void* data, const Extent& extent) {
  if (data && extent.bytes() > 0) context.fill(data, 0, static_cast<size_t>(extent.bytes()));
}

}  // namespace sslcuda
