// anywhere.hpp - functions that both backends compute with, in device code and in host loops.
#pragma once

#if defined(__CUDACC__)
#define SSLCUDA_ANYWHERE __host__ __device__ __forceinline__
#else
#define SSLCUDA_ANYWHERE __attribute__((always_inline)) inline
#endif
