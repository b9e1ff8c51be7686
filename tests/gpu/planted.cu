// planted.cu - faults for compute-sanitizer to find, so that its silence about the library's
// kernels means something. Usage: sslcuda_planted out_of_bounds | race | uninitialised | barrier
// Each kernel has the name of its fault, which the tool's report must contain. Exit codes: 0 the
// kernel ran, 1 CUDA failed, 2 wrong usage.
#include <cuda_runtime.h>

#include <cstdio>
#include <cstring>

namespace {

constexpr int kThreads = 64;

// memcheck: one element behind the buffer.
__global__ void planted_out_of_bounds(const int* in, int* out) {
  out[threadIdx.x + 1] = in[threadIdx.x];
}

// racecheck: reads what another warp writes, with no barrier in between.
__global__ void planted_race(const int* in, int* out) {
  __shared__ int values[kThreads];
  values[threadIdx.x] = in[threadIdx.x];
  out[threadIdx.x] = values[kThreads - 1 - threadIdx.x];
}

// initcheck: its input was never written.
__global__ void planted_uninitialised(const int* in, int* out) {
  out[threadIdx.x] = in[threadIdx.x] + 1;
}

// synccheck: in[0] = 48 threads wait in a barrier that the other 16 of the second warp pass by.
__global__ void planted_barrier(const int* in, int* out) {
  __shared__ int values[kThreads];
  const int thread = threadIdx.x;
  values[thread] = 0;
  __syncthreads();
  if (thread < in[0]) {
    values[thread] = in[thread];
    __syncthreads();
  }
  if (thread == 0) {
    for (int i = 0; i < kThreads; ++i) out[i] = values[kThreads - 1 - i];
  }
}

using Kernel = void (*)(const int*, int*);

struct Fault {
  const char* name;
  Kernel kernel;
};

constexpr Fault kFaults[] = {{"out_of_bounds", planted_out_of_bounds},
                             {"race", planted_race},
                             {"uninitialised", planted_uninitialised},
                             {"barrier", planted_barrier}};

cudaError_t run(Kernel kernel) {
  constexpr size_t kBytes = kThreads * sizeof(int);
  int *in = nullptr, *out = nullptr;
  cudaError_t error = cudaMalloc(&in, kBytes);
  if (error == cudaSuccess) error = cudaMalloc(&out, kBytes);
  if (error == cudaSuccess && kernel != planted_uninitialised) {
    int values[kThreads];
    for (int i = 0; i < kThreads; ++i) values[i] = 48 + i;
    error = cudaMemcpy(in, values, kBytes, cudaMemcpyHostToDevice);
  }
  if (error == cudaSuccess) {
    kernel<<<1, kThreads>>>(in, out);
    error = cudaGetLastError();
  }
  if (error == cudaSuccess) error = cudaDeviceSynchronize();
  cudaFree(out);
  cudaFree(in);
  return error;
}

}  // namespace

int main(int argc, char** argv) {
  for (const Fault& fault : kFaults) {
    if (argc != 2 || std::strcmp(argv[1], fault.name) != 0) continue;
    const cudaError_t error = run(fault.kernel);
    if (error != cudaSuccess) std::fprintf(stderr, "CUDA: %s\n", cudaGetErrorString(error));
    return error == cudaSuccess ? 0 : 1;
  }
  std::fprintf(stderr, "usage: sslcuda_planted out_of_bounds | race | uninitialised | barrier\n");
  return 2;
}
