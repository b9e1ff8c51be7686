// vector.cuh - kCount neighbouring elements, read or written at once: 16 bytes of them at best.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

namespace sslcuda::cuda {

template <class T, int kCount>
struct alignas(kCount * sizeof(T)) Vector {
  T at[kCount];
};

template <int kCount, class T>
__device__ __forceinline__ Vector<T, kCount>& vector_at(T* first) {
  return *reinterpret_cast<Vector<T, kCount>*>(first);
}

template <int kCount, class T>
__device__ __forceinline__ const Vector<T, kCount>& vector_at(const T* first) {
  return *reinterpret_cast<const Vector<T, kCount>*>(first);
}

// Can vectors begin at all of these? A null pointer does no harm.
template <int kCount, class T, class... More>
__device__ __forceinline__ bool lie_in_vectors(const T* first, const More*... more) {
  const uintptr_t places =
      (reinterpret_cast<uintptr_t>(first) | ... | reinterpret_cast<uintptr_t>(more));
  return places % sizeof(Vector<T, kCount>) == 0;
}

}  // namespace sslcuda::cuda
