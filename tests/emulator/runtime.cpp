// runtime.cpp - the CUDA runtime calls of include/cuda_runtime_api.h.
#include <cuda_runtime_api.h>

#include <cstdio>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/emulator/faults.hpp"
#include "tests/emulator/launch.hpp"
#include "tests/emulator/memory.hpp"
#include "tests/emulator/options.hpp"
#include "tests/emulator/report.hpp"

using Work = std::function<cudaError_t()>;

struct CUgraph_st {
  std::vector<Work> work;
};

struct CUgraphExec_st {
  std::vector<Work> work;
};

struct CUstream_st {
  std::unique_ptr<CUgraph_st> captured;  // while capturing
};

namespace {

thread_local cudaError_t last_error = cudaSuccess;

cudaError_t remember(cudaError_t error) {
  if (error != cudaSuccess) last_error = error;
  return error;
}

bool is_capturing(cudaStream_t stream) { return stream && stream->captured; }

cudaError_t queue(cudaStream_t stream, Work work) {
  if (!is_capturing(stream)) return remember(work());
  stream->captured->work.push_back(std::move(work));
  return cudaSuccess;
}

}  // namespace

cudaError_t emulator::submit(cudaStream_t stream, const Launch& launch) {
  if (const cudaError_t fault = planned_fault("launch")) return remember(fault);
  return queue(stream, [launch] { return run(launch); });
}

cudaError_t cudaPeekAtLastError() { return emulator::loss() ? emulator::loss() : last_error; }

cudaError_t cudaGetLastError() {
  const cudaError_t error = cudaPeekAtLastError();
  last_error = cudaSuccess;
  return error;
}

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorInvalidValue:
      return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidConfiguration:
      return "cudaErrorInvalidConfiguration";
    case cudaErrorCooperativeLaunchTooLarge:
      return "cudaErrorCooperativeLaunchTooLarge";
    case cudaErrorInvalidDevice:
      return "cudaErrorInvalidDevice";
    case cudaErrorStreamCaptureUnsupported:
      return "cudaErrorStreamCaptureUnsupported";
    default:
      return "cudaErrorUnknown";
  }
}

// The text is good until the thread asks again.
const char* cudaGetErrorString(cudaError_t error) {
  thread_local std::string text;
  text = error == cudaErrorUnknown ? emulator::last_report()
                                   : "error " + std::to_string(error) + " of the emulator";
  return text.c_str();
}

cudaError_t cudaDriverGetVersion(int* version) {
  *version = CUDART_VERSION;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  if (const cudaError_t fault = emulator::planned_fault(__func__)) return remember(fault);
  *count = 1;
  return cudaSuccess;
}

cudaError_t cudaGetDevice(int* device) {
  if (const cudaError_t fault = emulator::planned_fault(__func__)) return remember(fault);
  *device = 0;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  if (const cudaError_t fault = emulator::planned_fault(__func__)) return remember(fault);
  return remember(device == 0 ? cudaSuccess : cudaErrorInvalidDevice);
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  if (const cudaError_t fault = emulator::planned_fault(__func__)) return remember(fault);
  if (device != 0) return remember(cudaErrorInvalidDevice);
  const int capability = emulator::options().capability;
  *properties = {"emulator", capability / 10, capability % 10};
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  // So few that persistent blocks get several tiles of small products, and an odd number, so that
  // one stays without a peer.
  constexpr int kMultiprocessors = 5;
  if (const cudaError_t fault = emulator::planned_fault(__func__)) return remember(fault);
  if (device != 0) return remember(cudaErrorInvalidDevice);
  switch (attribute) {
    case cudaDevAttrMultiProcessorCount:
      *value = kMultiprocessors;
      return cudaSuccess;
    case cudaDevAttrComputeCapabilityMajor:
      *value = emulator::options().capability / 10;
      return cudaSuccess;
  }
  return remember(cudaErrorInvalidValue);
}

cudaError_t cudaMalloc(void** pointer, size_t bytes) {
  if (const cudaError_t fault = emulator::planned_fault(__func__)) return remember(fault);
  *pointer = emulator::allocate(bytes);
  return remember(*pointer ? cudaSuccess : cudaErrorMemoryAllocation);
}

cudaError_t cudaFree(void* pointer) {
  if (const cudaError_t fault = emulator::planned_fault(__func__)) {
    // It takes all along, and so does a device that is lost.
    if (fault == cudaErrorCudartUnloading || emulator::loss()) emulator::release(pointer);
    return remember(fault);
  }
  return remember(!pointer || emulator::release(pointer) ? cudaSuccess : cudaErrorInvalidValue);
}

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer) {
  if (const cudaError_t fault = emulator::planned_fault(__func__)) return remember(fault);
  const bool ours = emulator::is_device_memory(pointer);
  attributes->type = ours ? cudaMemoryTypeDevice : cudaMemoryTypeUnregistered;
  attributes->device = 0;
  attributes->devicePointer = ours ? const_cast<void*>(pointer) : nullptr;
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind,
                            cudaStream_t stream) {
  if (const cudaError_t fault = emulator::planned_fault(__func__)) return remember(fault);
  return queue(stream, [=] {
    std::memmove(to, from, bytes);
    return cudaSuccess;
  });
}

cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream) {
  if (const cudaError_t fault = emulator::planned_fault(__func__)) return remember(fault);
  return queue(stream, [=] {
    std::memset(to, value, bytes);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  if (const cudaError_t fault = emulator::planned_fault(__func__)) return remember(fault);
  *stream = new CUstream_st;
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (const cudaError_t fault = emulator::planned_fault(__func__)) return remember(fault);
  return remember(is_capturing(stream) ? cudaErrorStreamCaptureUnsupported : cudaSuccess);
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  if (const cudaError_t fault = emulator::planned_fault(__func__)) return remember(fault);
  if (!stream || stream->captured) return remember(cudaErrorStreamCaptureUnsupported);
  stream->captured = std::make_unique<CUgraph_st>();
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  if (const cudaError_t fault = emulator::planned_fault(__func__)) return remember(fault);
  if (!is_capturing(stream)) return remember(cudaErrorInvalidValue);
  *graph = stream->captured.release();
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                 unsigned long long) {
  if (const cudaError_t fault = emulator::planned_fault(__func__)) return remember(fault);
  *executable = new CUgraphExec_st{graph->work};
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  if (const cudaError_t fault = emulator::planned_fault(__func__)) return remember(fault);
  for (const Work& work : executable->work) {
    if (const cudaError_t error = queue(stream, work); error != cudaSuccess) return error;
  }
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete executable;
  return cudaSuccess;
}
