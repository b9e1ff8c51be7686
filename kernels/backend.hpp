// backend.hpp - all that capi/ knows of a backend: a table of op functions and a Device.
//
// A backend returns its own error numbers (0 is success); Device::explain() turns one into a
// status and a text. Nothing here throws, and no op allocates, synchronises or reads back.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "kernels/args.hpp"
#include "kernels/args_layers.hpp"

namespace sslcuda {

// What an op gets besides its arguments.
struct Exec {
  void* stream;     // cudaStream_t on CUDA, unused on the CPU
  void* workspace;  // 256-byte aligned, at least what the op's workspace() asked for
};

template <class Args>
struct Op {
  int (*launch)(const Exec&, const Args&) = nullptr;
  size_t (*workspace)(const Args&) = nullptr;  // bytes; null: none
};

struct OpTable {
  Op<MatmulArgs> matmul;
  Op<LinearForwardArgs> linear_forward;
  Op<LinearBackwardArgs> linear_backward;
  Op<LinearMseArgs> linear_mse;
  Op<Conv2dForwardArgs> conv2d_forward;
  Op<Conv2dBackwardArgs> conv2d_backward;
  Op<L2NormalizeForwardArgs> l2_normalize_forward;
  Op<L2NormalizeBackwardArgs> l2_normalize_backward;
  Op<NormForwardArgs> norm_forward;  // batch and group normalisation
  Op<NormBackwardArgs> norm_backward;
  Op<Pool2dForwardArgs> pool2d_forward;
  Op<Pool2dBackwardArgs> pool2d_backward;
  Op<ReparameterizeForwardArgs> reparameterize_forward;
  Op<ReparameterizeBackwardArgs> reparameterize_backward;
  Op<SimilarityForwardArgs> similarity_forward;
  Op<SimilarityBackwardArgs> similarity_backward;
  Op<ContrastiveArgs> contrastive;
  Op<LseMergeArgs> lse_merge;
  Op<CrossEntropyArgs> cross_entropy;
  Op<PointwiseLossArgs> pointwise_loss;
  Op<AdamArgs> adam_step;
  Op<SgdArgs> sgd_step;  // LARS too
  Op<RandomArgs> random;
  Op<GatherImagesArgs> gather_images;
  Op<GatherRowsArgs> gather_rows;
  Op<Rotate90Args> rotate90;
  Op<RotateArgs> rotate;
  Op<AugmentArgs> augment;
  Op<CounterAddArgs> counter_add;
};

enum class Fault { kOutOfMemory, kNoDevice, kUnsupported, kLost, kOther };

struct Explanation {
  Fault fault;
  std::string text;  // the backend's name and words for the error
};

enum class CopyDirection : int32_t { kHostToDevice = 0, kDeviceToHost = 1, kDeviceToDevice = 2 };

class Device {
 public:
  virtual ~Device() = default;

  virtual const OpTable& ops() const = 0;
  virtual bool is_cuda() const = 0;
  virtual int ordinal() const = 0;
  virtual std::string describe() const = 0;
  virtual Explanation explain(int error) const = 0;

  // Around every call: makes the device current on this thread (threads, CUDA device) and puts
  // back what the caller had. enter() returns an error that was pending before the call.
  virtual int enter() = 0;
  virtual void leave() = 0;

  virtual int alloc(size_t bytes, void** pointer) = 0;
  virtual int free(void* pointer) = 0;
  virtual int copy(void* stream, void* destination, const void* source, size_t bytes,
                   CopyDirection direction) = 0;
  virtual int fill(void* stream, void* destination, int value, size_t bytes) = 0;
  virtual int synchronize(void* stream) = 0;

  virtual void* own_stream() = 0;
  // Can a kernel of this device use the pointer?
  virtual bool owns(const void* pointer) = 0;

  // Capture of queued work. Where the device has no graphs of its own (records() is true), capi/
  // hands it the calls instead, through record().
  virtual bool records() const = 0;
  virtual void record(std::function<int()> call) = 0;
  virtual int graph_begin(void* stream) = 0;
  virtual int graph_end(void* stream, void** graph) = 0;
  virtual int graph_launch(void* stream, void* graph) = 0;
  virtual void graph_destroy(void* graph) = 0;
};

// On failure *error is the backend's error number and the result null; explain_*() has the words.
// threads 0: as many as the process may use.
std::unique_ptr<Device> make_cpu_device(int threads, int* error);
Explanation explain_cpu(int error);

// These exist only in builds with CUDA.
std::unique_ptr<Device> make_cuda_device(int ordinal, int* error);
int cuda_device_count(int* count);
Explanation explain_cuda(int error);
std::string explain_no_gpu();  // why the count is 0, and what to do

}  // namespace sslcuda
