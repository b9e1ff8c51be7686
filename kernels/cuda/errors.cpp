// errors.cpp - CUDA error numbers in the terms of capi/.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <iterator>

#include "kernels/backend.hpp"

namespace sslcuda {

namespace {

// CUDA 12.4 has no names for these; a later driver returns them all the same.
constexpr auto kContained = static_cast<cudaError_t>(226);
constexpr auto kTensorMemoryLeak = static_cast<cudaError_t>(721);

// After these nothing on the GPU works in this process any more.
constexpr cudaError_t kFatal[] = {
    cudaErrorNvlinkUncorrectable,
    cudaErrorIllegalAddress,
    cudaErrorLaunchTimeout,
    cudaErrorAssert,
    cudaErrorHardwareStackError,
    cudaErrorIllegalInstruction,
    cudaErrorMisalignedAddress,
    cudaErrorInvalidAddressSpace,
    cudaErrorInvalidPc,
    cudaErrorLaunchFailure,
    cudaErrorMpsClientTerminated,
    cudaErrorExternalDevice,
    kContained,
    kTensorMemoryLeak,
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

std::string cuda_version(int number) {
  return "CUDA " + std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
}

}  // namespace

std::string explain_no_gpu() {
  // The runtime that is linked in goes with every driver for its major version, of which NVIDIA's
  // table of compatibility names the first; 0: of a later CUDA than this file.
  constexpr int kMajor = CUDART_VERSION / 1000;
  constexpr int kFirstDriver = kMajor == 12 ? 525 : kMajor == 13 ? 580 : 0;
  std::string needed = cuda_version(kMajor * 1000);
  if (kFirstDriver) needed += " (driver " + std::to_string(kFirstDriver) + " or later)";
  int driver = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {
    return "there is no NVIDIA driver (libcuda.so.1); install one for " + needed;
  }
  const std::string there = "the NVIDIA driver is for " + cuda_version(driver);
  if (driver / 1000 < kMajor) return there + ", this library needs " + needed + "; update it";
  return there + " and finds none; look at nvidia-smi and CUDA_VISIBLE_DEVICES";
}

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
