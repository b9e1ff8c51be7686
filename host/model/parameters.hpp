// parameters.hpp - the tensors of a program: those that are trained, with their gradients and what
// the optimiser remembers of them, and those that only belong to the model.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "host/abi/abi.hpp"
#include "host/model/random.hpp"

namespace host {

// A tensor on the host, as checkpoints hold it.
struct Tensor {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> values;
};

int64_t element_count(const std::vector<int64_t>& shape);

// A tensor on the device, under its name in PyTorch's state dict.
struct Variable {
  Variable(Context& context, std::string name, std::vector<int64_t> shape);

  std::string name;
  std::vector<int64_t> shape;
  Buffer<float> value;
};

struct Parameter : Variable {
  Parameter(Context& context, std::string name, std::vector<int64_t> shape, int64_t fan_in,
            float constant);

  int64_t fan_in;  // 0: it starts as the constant
  float constant;
  Buffer<float> grad;
  Buffer<float> moment, variance;  // of Adam; SGD and LARS have their velocity in `moment`
};

class Parameters {
 public:
  explicit Parameters(Context& context) : context_(context) {}

  // The references stay valid.
  const Parameter& add(std::string name, std::vector<int64_t> shape, int64_t fan_in);
  const Parameter& add_constant(std::string name, std::vector<int64_t> shape, float value);
  // Not trained: a layer changes it by itself.
  const Variable& add_buffer(std::string name, std::vector<int64_t> shape, float value);

  const std::deque<Parameter>& all() const { return parameters_; }

  // Uniform in +-1/sqrt(fan_in), as PyTorch initialises linear layers and convolutions.
  void initialise(Random& random);

  // Parameters and buffers. `tensors` must have exactly these names and shapes, but may hold the
  // optimiser's as well; `source` names them in the message.
  std::vector<Tensor> download();
  void upload(const std::vector<Tensor>& tensors, const std::string& source);

  // The same with the optimiser's memory, as optimizer.<name>.moment and .variance.
  std::vector<Tensor> download_state();
  void upload_state(const std::vector<Tensor>& tensors, const std::string& source);

 private:
  struct Slot {
    std::string name;
    const std::vector<int64_t>& shape;
    Buffer<float>& buffer;
  };
  std::vector<Slot> weights();
  std::vector<Slot> state();

  static std::vector<Tensor> read(const std::vector<Slot>& slots);
  static void write(const std::vector<Slot>& slots, const std::vector<const Tensor*>& tensors,
                    const std::string& source);

  Context& context_;
  std::deque<Parameter> parameters_;
  std::deque<Variable> buffers_;
};

}  // namespace host
