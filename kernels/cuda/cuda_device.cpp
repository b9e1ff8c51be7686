// cuda_device.cpp - a GPU as capi/ sees it: which one is current, memory, copies, graphs.
#include <cuda_runtime_api.h>

#include <optional>

#include "kernels/cuda/ops.hpp"

namespace sslcuda {

namespace {

constexpr int kMinComputeMajor = 8;

// Makes a device current on this thread for a scope, and puts the caller's back. Errors that arise
// in the scope are returned by the calls themselves, so they are not left pending. One that was
// pending before is none of ours, say cudaErrorNotReady of the caller's cudaEventQuery(), and
// stays.
class CurrentDevice {
 public:
  explicit CurrentDevice(int ordinal) : pending_(cudaPeekAtLastError()), ordinal_(ordinal) {
    selected_ = cudaGetDevice(&previous_);
    if (selected_ == cudaSuccess) selected_ = cudaSetDevice(ordinal);
  }

  ~CurrentDevice() {
    // Selecting a device creates its context, so that is not done needlessly.
    if (previous_ != ordinal_) cudaSetDevice(previous_);
    if (pending_ == cudaSuccess) cudaGetLastError();
  }

  CurrentDevice(const CurrentDevice&) = delete;
  CurrentDevice& operator=(const CurrentDevice&) = delete;

  cudaError_t error() const { return selected_; }

 private:
  cudaError_t pending_, selected_;
  int ordinal_, previous_ = 0;
};

cudaStream_t as_stream(void* stream) { return static_cast<cudaStream_t>(stream); }

class CudaDevice final : public Device {
 public:
  explicit CudaDevice(int ordinal) : ordinal_(ordinal) {}

  // At the exit of a process the runtime may be gone before us; there is nothing left to free then,
  // and the calls only return an error.
  ~CudaDevice() override {
    const CurrentDevice scope(ordinal_);
    if (stream_) cudaStreamDestroy(stream_);
  }

  cudaError_t open() {
    const CurrentDevice scope(ordinal_);
    if (scope.error() != cudaSuccess) return scope.error();
    cudaDeviceProp properties;
    const cudaError_t error = cudaGetDeviceProperties(&properties, ordinal_);
    if (error != cudaSuccess) return error;
    if (properties.major < kMinComputeMajor) return cudaErrorNoKernelImageForDevice;
    description_ = "cuda:" + std::to_string(ordinal_) + " " + properties.name + " (sm_" +
                   std::to_string(properties.major) + std::to_string(properties.minor) + ")";
    return cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking);
  }

  const OpTable& ops() const override { return cuda::op_table(); }
  bool is_cuda() const override { return true; }
  int ordinal() const override { return ordinal_; }
  std::string describe() const override { return description_; }
  Explanation explain(int error) const override { return explain_cuda(error); }

  int enter() override { return scope_.emplace(ordinal_).error(); }
  void leave() override { scope_.reset(); }

  int alloc(size_t bytes, void** pointer) override { return cudaMalloc(pointer, bytes); }

  int free(void* pointer) override {
    const cudaError_t error = cudaFree(pointer);
    return error == cudaErrorCudartUnloading ? cudaSuccess : error;
  }

  int copy(void* stream, void* destination, const void* source, size_t bytes,
           CopyDirection direction) override {
    static constexpr cudaMemcpyKind kKinds[] = {cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost,
                                                cudaMemcpyDeviceToDevice};
    const cudaError_t error = cudaMemcpyAsync(
        destination, source, bytes, kKinds[static_cast<int>(direction)], as_stream(stream));
    // A copy from ordinary host memory mostly has the data when it returns, but need not.
    const bool waits = direction != CopyDirection::kDeviceToDevice;
    return error == cudaSuccess && waits ? synchronize(stream) : error;
  }

  int fill(void* stream, void* destination, int value, size_t bytes) override {
    return cudaMemsetAsync(destination, value, bytes, as_stream(stream));
  }

  int synchronize(void* stream) override {
    const cudaError_t error = cudaStreamSynchronize(as_stream(stream));
    return error == cudaErrorCudartUnloading ? cudaSuccess : error;
  }

  void* own_stream() override { return stream_; }

  bool owns(const void* pointer) override {
    const cudaPointerAttributes attributes = attributes_of(pointer);
    switch (attributes.type) {
      case cudaMemoryTypeDevice:
      case cudaMemoryTypeManaged:
        return attributes.device == ordinal_;
      case cudaMemoryTypeHost:
        return attributes.devicePointer == pointer;
      default:
        return false;
    }
  }

  bool records() const override { return false; }
  void record(std::function<int()>) override {}

  int graph_begin(void* stream) override {
    return cudaStreamBeginCapture(as_stream(stream), cudaStreamCaptureModeThreadLocal);
  }

  int graph_end(void* stream, void** graph) override {
    cudaGraph_t captured = nullptr;
    cudaError_t error = cudaStreamEndCapture(as_stream(stream), &captured);
    if (error != cudaSuccess) return error;
    cudaGraphExec_t executable = nullptr;
    error = cudaGraphInstantiate(&executable, captured, 0);
    cudaGraphDestroy(captured);
    *graph = executable;
    return error;
  }

  int graph_launch(void* stream, void* graph) override {
    return cudaGraphLaunch(static_cast<cudaGraphExec_t>(graph), as_stream(stream));
  }

  void graph_destroy(void* graph) override {
    if (graph) cudaGraphExecDestroy(static_cast<cudaGraphExec_t>(graph));
  }

 private:
  // A pointer that CUDA does not know is an answer, not an error.
  static cudaPointerAttributes attributes_of(const void* pointer) {
    cudaPointerAttributes attributes{};
    if (cudaPointerGetAttributes(&attributes, pointer) != cudaSuccess) {
      cudaGetLastError();
      attributes.type = cudaMemoryTypeUnregistered;
    }
    return attributes;
  }

  int ordinal_;
  std::string description_;
  cudaStream_t stream_ = nullptr;
  std::optional<CurrentDevice> scope_;  // between enter() and leave()
};

}  // namespace

std::unique_ptr<Device> make_cuda_device(int ordinal, int* error) {
  auto device = std::make_unique<CudaDevice>(ordinal);
  *error = device->open();
  if (*error != cudaSuccess) return nullptr;
  return device;
}

int cuda_device_count(int* count) {
  const cudaError_t pending = cudaPeekAtLastError();
  const cudaError_t error = cudaGetDeviceCount(count);
  if (pending == cudaSuccess) cudaGetLastError();
  if (error == cudaSuccess) return cudaSuccess;
  *count = 0;
  return explain_cuda(error).fault == Fault::kNoDevice ? cudaSuccess : error;
}

}  // namespace sslcuda
