// errors.cpp - CUDA error numbers in the terms of capi/.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <iterator>

#include "kernels/backend.hpp"

namespace sslcuda {

namespace {

// After these nothing on the GPU works in this process any more.
constexpr cudaError_t kFatal[] = {
    cudaErrorNvlinkUncorrectable, cudaErrorIllegalAddress,
    cudaErrorLaunchTimeout,       cudaErrorAssert,
    cudaErrorHardwareStackError,  cudaErrorIllegalInstruction,
    cudaErrorMisalignedAddress,   cudaErrorInvalidAddressSpace,
    cudaErrorInvalidPc,           cudaErrorLaunchFailure,
    cudaErrorTensorMemoryLeak,    cudaErrorMpsClientTerminated,
    cudaErrorExternalDevice,      cudaErrorContained,
};

Fault fault_of(cudaError_t error) {
  switch (error) {
    case cudaErrorMemoryAllocation:
      return Fault::kOutOfMemory;
    case cudaErrorInsufficientDriver:
    case cudaErrorNoDevice:
    case cudaErrorStubLibrary:
      return Fault::kNoDevice;
    case cudaErrorInvalidDeviceFunction:
    case cudaErrorNoKernelImageForDevice:
      return Fault::kUnsupported;
    default:
      return std::find(std::begin(kFatal), std::end(kFatal), error) != std::end(kFatal)
                 ? Fault::kLost
                 : Fault::kOther;
  }
}

}  // namespace

Explanation explain_cuda(int number) {
  const auto error = static_cast<cudaError_t>(number);
  const Fault fault = fault_of(error);
  std::string text = std::string(cudaGetErrorName(error)) + ": " + cudaGetErrorString(error);
  if (fault == Fault::kUnsupported) {
    text +=
        "; this build serves GPUs of compute capability 8.0 and up, with code "
        "for " SSLCUDA_CUDA_ARCHITECTURES;
  }
  return {fault, text};
}

}  // namespace sslcuda
