#include <device/tensor_map.hpp>

#include <atomic>

namespace sslcuda::cuda {

namespace {

CUtensorMapDataType data_type(TensorType type) {
  switch (type) {
    case TensorType::kF32:
      return CU_TENSOR_MAP_DATA_TYPE_FLOAT32;
    case TensorType::kF16:
      return CU_TENSOR_MAP_DATA_TYPE_FLOAT16;
    case TensorType::kBf16:
      return CU_TENSOR_MAP_DATA_TYPE_BFLOAT16;
  }
  return CU_TENSOR_MAP_DATA_TYPE_FLOAT32;
}

CUtensorMapSwizzle swizzle_mode(int bytes) {
  switch (bytes) {
    case 32:
      return CU_TENSOR_MAP_SWIZZLE_32B;
    case 64:
      return CU_TENSOR_MAP_SWIZZLE_64B;
    case 128:
      return CU_TENSOR_MAP_SWIZZLE_128B;
    default:
      return CU_TENSOR_MAP_SWIZZLE_NONE;
  }
}

using Encode = decltype(&cuTensorMapEncodeTiled);

// The driver's function, which is found at run time: the library also loads where there is no
// driver. The runtime can ask for a version of it from CUDA 12.5 on.
cudaError_t find_encoder(Encode* encode) {
  static std::atomic<Encode> known = nullptr;
  *encode = known;
  if (*encode) return cudaSuccess;
  constexpr const char* kName = "cuTensorMapEncodeTiled";
  void* entry = nullptr;
  cudaDriverEntryPointQueryResult found;
#if CUDART_VERSION >= 12050
  constexpr unsigned kVersion = 12000;
  const cudaError_t error =
      cudaGetDriverEntryPointByVersion(kName, &entry, kVersion, cudaEnableDefault, &found);
#else
  const cudaError_t error = cudaGetDriverEntryPoint(kName, &entry, cudaEnableDefault, &found);
#endif
  if (error != cudaSuccess) return error;
  if (found != cudaDriverEntryPointSuccess) return cudaErrorInvalidValue;
  known = *encode = reinterpret_cast<Encode>(entry);
  return cudaSuccess;
}

// A line shorter than the swizzle would lie padded.
bool fits_swizzle(const TensorBox& box) {
  const int line = box.box[0] * (box.type == TensorType::kF32 ? 4 : 2);
  return box.swizzle_bytes == 0 ||
         (box.swizzle_bytes == line && swizzle_mode(line) != CU_TENSOR_MAP_SWIZZLE_NONE);
}

}  // namespace

cudaError_t make_tensor_map(const TensorBox& box, ptx::TensorMap* map) {
  constexpr int kMaxRank = TensorBox::kMaxRank;
  if (box.rank < 1 || box.rank > kMaxRank || !fits_swizzle(box)) return cudaErrorInvalidValue;
  Encode encode = nullptr;
  if (const cudaError_t error = find_encoder(&encode); error != cudaSuccess) return error;
  cuuint64_t extents[kMaxRank], strides[kMaxRank];
  cuuint32_t boxes[kMaxRank], steps[kMaxRank];
  for (int i = 0; i < box.rank; ++i) {
    extents[i] = static_cast<cuuint64_t>(box.extent[i]);
    boxes[i] = static_cast<cuuint32_t>(box.box[i]);
    steps[i] = 1;
    if (i > 0) strides[i - 1] = static_cast<cuuint64_t>(box.stride[i]);
  }
  const CUresult result =
      encode(map, data_type(box.type), static_cast<cuuint32_t>(box.rank),
             const_cast<void*>(box.base), extents, strides, boxes, steps,
             CU_TENSOR_MAP_INTERLEAVE_NONE, swizzle_mode(box.swizzle_bytes),
             CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  return result == CUDA_SUCCESS ? cudaSuccess : cudaErrorInvalidValue;
}

}  // namespace sslcuda::cuda
