#include "tests/emulator/tensor_map.hpp"

namespace emulator {

namespace {

constexpr int kPiece = 16, kMaxBox = 256;
constexpr int64_t kMaxExtent = int64_t{1} << 32, kMaxStride = int64_t{1} << 40;

bool is_valid(const TensorBox& box) {
  if (box.rank < 1 || box.rank > TensorBox::kMaxRank) return false;
  if (reinterpret_cast<uintptr_t>(box.base) % kPiece != 0) return false;
  for (int i = 0; i < box.rank; ++i) {
    if (box.extent[i] < 1 || box.extent[i] > kMaxExtent) return false;
    if (box.box[i] < 1 || box.box[i] > kMaxBox) return false;
    if (i == 0) continue;
    if (box.stride[i] % kPiece != 0 || box.stride[i] < 0 || box.stride[i] >= kMaxStride) {
      return false;
    }
  }
  const int line = box.box[0] * static_cast<int>(element_bytes(box.type));
  const int swizzle = box.swizzle_bytes;
  return line % kPiece == 0 && (swizzle == 0 || swizzle == 32 || swizzle == 64 || swizzle == 128) &&
         (swizzle == 0 || line == swizzle);
}

}  // namespace

cudaError_t make_tensor_map(const TensorBox& box, TensorMap* map) {
  if (!is_valid(box)) return cudaErrorInvalidValue;
  *map = {};
  map->mark = TensorMap::kMark;
  map->rank = static_cast<uint32_t>(box.rank);
  map->type = box.type;
  map->swizzle_bytes = static_cast<uint32_t>(box.swizzle_bytes);
  map->base = const_cast<unsigned char*>(static_cast<const unsigned char*>(box.base));
  for (int i = 0; i < box.rank; ++i) {
    map->extent[i] = static_cast<uint64_t>(box.extent[i]);
    map->stride[i] = i == 0 ? element_bytes(box.type) : static_cast<uint64_t>(box.stride[i]);
    map->box[i] = static_cast<uint32_t>(box.box[i]);
  }
  return cudaSuccess;
}

}  // namespace emulator
