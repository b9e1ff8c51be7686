// pair.cuh - two neighbouring elements of a row, read or written at once.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace sslcuda::cuda {

template <class T>
struct alignas(2 * sizeof(T)) Pair {
  T at[2];
};

// Are there pairs at the even columns of rows that lie ld apart?
template <class T>
__device__ __forceinline__ bool lies_in_pairs(const T* rows, int64_t ld) {
  return reinterpret_cast<uintptr_t>(rows) % sizeof(Pair<T>) == 0 && ld % 2 == 0;
}

template <class T>
__device__ __forceinline__ Pair<T>& pair_at(T* first) {
  return *reinterpret_cast<Pair<T>*>(first);
}

template <class T>
__device__ __forceinline__ const Pair<T>& pair_at(const T* first) {
  return *reinterpret_cast<const Pair<T>*>(first);
}

}  // namespace sslcuda::cuda
