#include "perf/src/peers/cudnn.hpp"

#include <cudnn.h>

#include <array>
#include <memory>

#include "perf/src/peers/device_memory.hpp"

namespace sslcuda::perf::cudnn {
namespace {

constexpr int kMaxAlgorithms = 16;
constexpr float kOne = 1, kZero = 0;

void must(cudnnStatus_t status) {
  if (status != CUDNN_STATUS_SUCCESS) {
    throw std::runtime_error(std::string("cuDNN: ") + cudnnGetErrorString(status));
  }
}

// Made at first use and kept to the end of the process.
struct Handle {
  cudnnHandle_t handle = nullptr;
  DeviceMemory workspace{size_t{1} << 30};
  Handle() { must(cudnnCreate(&handle)); }
};

const Handle& kept() {
  static const Handle* const only = new Handle;
  return *only;
}

cudnnHandle_t on_stream(cudaStream_t stream) {
  must(cudnnSetStream(kept().handle, stream));
  return kept().handle;
}

class TensorDesc {
 public:
  TensorDesc(int64_t n, int64_t c, int64_t h, int64_t w) {
    must(cudnnCreateTensorDescriptor(&desc_));
    must(cudnnSetTensor4dDescriptor(desc_, CUDNN_TENSOR_NCHW, CUDNN_DATA_FLOAT, static_cast<int>(n),
                                    static_cast<int>(c), static_cast<int>(h), static_cast<int>(w)));
  }
  ~TensorDesc() { cudnnDestroyTensorDescriptor(desc_); }
  TensorDesc(const TensorDesc&) = delete;
  TensorDesc& operator=(const TensorDesc&) = delete;
  operator cudnnTensorDescriptor_t() const { return desc_; }

 private:
  cudnnTensorDescriptor_t desc_ = nullptr;
};

// The descriptors of a convolution and the algorithms chosen for it.
struct Convolution {
  TensorDesc x, y, bias;
  cudnnFilterDescriptor_t weight = nullptr;
  cudnnConvolutionDescriptor_t convolution = nullptr;
  cudnnActivationDescriptor_t relu = nullptr;
  bool tuned = false, fused = false;
  cudnnConvolutionFwdAlgo_t forward{};
  cudnnConvolutionBwdDataAlgo_t backward_data{};
  cudnnConvolutionBwdFilterAlgo_t backward_weight{};

  explicit Convolution(const reference::Conv2dShape& s)
      : x(s.n, s.c, s.h, s.w), y(s.n, s.out, s.out_h(), s.out_w()), bias(1, s.out, 1, 1) {
    const auto number = [](int64_t value) { return static_cast<int>(value); };
    must(cudnnCreateFilterDescriptor(&weight));
    must(cudnnSetFilter4dDescriptor(weight, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NCHW, number(s.out),
                                    number(s.c), number(s.kernel_h), number(s.kernel_w)));
    must(cudnnCreateConvolutionDescriptor(&convolution));
    must(cudnnSetConvolution2dDescriptor(
        convolution, number(s.pad_h), number(s.pad_w), number(s.stride_h), number(s.stride_w),
        number(s.dilation_h), number(s.dilation_w), CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT));
    must(cudnnSetConvolutionMathType(convolution, CUDNN_FMA_MATH));
    must(cudnnCreateActivationDescriptor(&relu));
    must(cudnnSetActivationDescriptor(relu, CUDNN_ACTIVATION_RELU, CUDNN_PROPAGATE_NAN, 0));
  }
  ~Convolution() {
    cudnnDestroyActivationDescriptor(relu);
    cudnnDestroyConvolutionDescriptor(convolution);
    cudnnDestroyFilterDescriptor(weight);
  }
  Convolution(const Convolution&) = delete;
  Convolution& operator=(const Convolution&) = delete;
};

// The fastest of what a search found.
template <class Found>
const Found& fastest(const std::array<Found, kMaxAlgorithms>& found, int count) {
  for (int i = 0; i < count; ++i) {
    if (found[i].status == CUDNN_STATUS_SUCCESS) return found[i];
  }
  throw std::runtime_error("cuDNN has no algorithm for this convolution");
}

cudnnStatus_t fused_forward(const Convolution& c, cudnnHandle_t handle, const ConvTensors& t,
                            const Set& set, cudnnConvolutionFwdAlgo_t algorithm) {
  const DeviceMemory& workspace = kept().workspace;
  return cudnnConvolutionBiasActivationForward(
      handle, &kOne, c.x, set[t.x], c.weight, set[t.weight], c.convolution, algorithm,
      workspace.data(), workspace.bytes(), &kZero, c.y, set[t.y], c.bias, set[t.bias], c.relu, c.y,
      set[t.y]);
}

// Chooses the algorithm, and whether bias and ReLU can be fused into it.
void tune_forward(Convolution& c, cudnnHandle_t handle, const ConvTensors& t, const Set& set) {
  if (c.tuned) return;
  std::array<cudnnConvolutionFwdAlgoPerf_t, kMaxAlgorithms> found{};
  int count = 0;
  const DeviceMemory& workspace = kept().workspace;
  must(cudnnFindConvolutionForwardAlgorithmEx(handle, c.x, set[t.x], c.weight, set[t.weight],
                                              c.convolution, c.y, set[t.y], kMaxAlgorithms, &count,
                                              found.data(), workspace.data(), workspace.bytes()));
  c.forward = fastest(found, count).algo;
  for (int i = 0; t.relu && !c.fused && i < count; ++i) {
    if (found[i].status != CUDNN_STATUS_SUCCESS) continue;
    if (fused_forward(c, handle, t, set, found[i].algo) == CUDNN_STATUS_SUCCESS) {
      c.fused = true;
      c.forward = found[i].algo;
    }
  }
  c.tuned = true;
}

void run_forward(const Convolution& c, cudnnHandle_t handle, const ConvTensors& t, const Set& set) {
  if (c.fused) {
    must(fused_forward(c, handle, t, set, c.forward));
    return;
  }
  const DeviceMemory& workspace = kept().workspace;
  must(cudnnConvolutionForward(handle, &kOne, c.x, set[t.x], c.weight, set[t.weight], c.convolution,
                               c.forward, workspace.data(), workspace.bytes(), &kZero, c.y,
                               set[t.y]));
  must(cudnnAddTensor(handle, &kOne, c.bias, set[t.bias], &kOne, c.y, set[t.y]));
  if (t.relu) {
    must(cudnnActivationForward(handle, c.relu, &kOne, c.y, set[t.y], &kZero, c.y, set[t.y]));
  }
}

void tune_backward(Convolution& c, cudnnHandle_t handle, const ConvTensors& t, const Set& set) {
  if (c.tuned) return;
  const DeviceMemory& workspace = kept().workspace;
  int count = 0;
  std::array<cudnnConvolutionBwdDataAlgoPerf_t, kMaxAlgorithms> data{};
  must(cudnnFindConvolutionBackwardDataAlgorithmEx(
      handle, c.weight, set[t.weight], c.y, set[t.grad_y], c.convolution, c.x, set[t.grad_x],
      kMaxAlgorithms, &count, data.data(), workspace.data(), workspace.bytes()));
  c.backward_data = fastest(data, count).algo;
  std::array<cudnnConvolutionBwdFilterAlgoPerf_t, kMaxAlgorithms> weight{};
  must(cudnnFindConvolutionBackwardFilterAlgorithmEx(
      handle, c.x, set[t.x], c.y, set[t.grad_y], c.convolution, c.weight, set[t.grad_weight],
      kMaxAlgorithms, &count, weight.data(), workspace.data(), workspace.bytes()));
  c.backward_weight = fastest(weight, count).algo;
  c.tuned = true;
}

// With a ReLU, the masked gradient is made in scratch first.
void run_backward(const Convolution& c, cudnnHandle_t handle, const ConvTensors& t,
                  const Set& set) {
  const float* g = set[t.grad_y];
  if (t.relu) {
    auto* const masked = reinterpret_cast<float*>(set.scratch());
    must(cudnnActivationBackward(handle, c.relu, &kOne, c.y, set[t.y], c.y, set[t.grad_y], c.y,
                                 set[t.y], &kZero, c.y, masked));
    g = masked;
  }
  const DeviceMemory& workspace = kept().workspace;
  must(cudnnConvolutionBackwardData(handle, &kOne, c.weight, set[t.weight], c.y, g, c.convolution,
                                    c.backward_data, workspace.data(), workspace.bytes(), &kZero,
                                    c.x, set[t.grad_x]));
  must(cudnnConvolutionBackwardFilter(handle, &kOne, c.x, set[t.x], c.y, g, c.convolution,
                                      c.backward_weight, workspace.data(), workspace.bytes(),
                                      &kZero, c.weight, set[t.grad_weight]));
  must(cudnnConvolutionBackwardBias(handle, &kOne, c.y, g, &kZero, c.bias, set[t.grad_bias]));
}

std::string version() {
  const size_t v = cudnnGetVersion();
  return std::to_string(v / 10000) + '.' + std::to_string(v / 100 % 100) + '.' +
         std::to_string(v % 100);
}

Side new_side() {
  Side side;
  side.name = "cuDNN";
  side.version = version();
  return side;
}

Side forward_side(const Library& library, const ConvTensors& t) {
  const auto c = std::make_shared<Convolution>(t.shape);
  const cudaStream_t stream = library.stream();
  Side side = new_side();
  side.prepare = [=](const Set& set) { tune_forward(*c, on_stream(stream), t, set); };
  side.call = [=](const Set& set) { run_forward(*c, on_stream(stream), t, set); };
  return side;
}

Side backward_side(const Library& library, const ConvTensors& t) {
  const auto c = std::make_shared<Convolution>(t.shape);
  const cudaStream_t stream = library.stream();
  Side side = new_side();
  side.scratch_bytes = t.relu ? static_cast<size_t>(t.shape.y_count()) * sizeof(float) : 0;
  side.prepare = [=](const Set& set) { tune_backward(*c, on_stream(stream), t, set); };
  side.call = [=](const Set& set) { run_backward(*c, on_stream(stream), t, set); };
  return side;
}

Side softmax_side(const Library& library, const SoftmaxTensors& t) {
  const auto desc = std::make_shared<TensorDesc>(t.n, t.v, 1, 1);
  const cudaStream_t stream = library.stream();
  Side side = new_side();
  side.computes = "the softmax";
  side.scratch_bytes = static_cast<size_t>(t.n * t.v) * sizeof(float);
  side.call = [=](const Set& set) {
    must(cudnnSoftmaxForward(on_stream(stream), CUDNN_SOFTMAX_ACCURATE, CUDNN_SOFTMAX_MODE_INSTANCE,
                             &kOne, *desc, set[t.logits], &kZero, *desc, set.scratch()));
  };
  return side;
}

constexpr Table kTable{forward_side, backward_side, softmax_side};

}  // namespace
}  // namespace sslcuda::perf::cudnn

extern "C" __attribute__((visibility("default"))) const void* sslcuda_perf_table() {
  return &sslcuda::perf::cudnn::kTable;
}
