// parameters.hpp - the trainable tensors of a program, with their gradients and Adam's moments.
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

struct Parameter {
  Parameter(Context& context, std::string name, std::vector<int64_t> shape, int64_t fan_in);

  std::string name;  // of PyTorch's state dict
  std::vector<int64_t> shape;
  int64_t fan_in;
  Buffer<float> value, grad, moment, variance;
};

class Parameters {
 public:
  explicit Parameters(Context& context) : context_(context) {}

  // The reference stays valid.
  const Parameter& add(std::string name, std::vector<int64_t> shape, int64_t fan_in);
  const std::deque<Parameter>& all() const { return parameters_; }

  // Uniform in +-1/sqrt(fan_in), as PyTorch initialises linear layers and convolutions.
  void initialise(Random& random);
  std::vector<Tensor> download() const;
  // `tensors` must have exactly these names and shapes; `source` names them in the message.
  void upload(const std::vector<Tensor>& tensors, const std::string& source);

  // Queues one step of Adam with PyTorch's defaults; *steps_done is its step counter.
  void adam_step(double lr, const int64_t* steps_done);

 private:
  Context& context_;
  std::deque<Parameter> parameters_;
};

}  // namespace host
