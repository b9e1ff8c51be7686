// linear.hpp - a linear layer: two parameters and the ops on them.
#pragma once

#include <string>

#include "host/model/parameters.hpp"

namespace host {

class Linear {
 public:
  // Parameters <prefix>.weight and <prefix>.bias.
  Linear(Context& context, Parameters& parameters, const std::string& prefix, int64_t in,
         int64_t out, int32_t activation)
      : context_(context),
        in_(in),
        out_(out),
        activation_(activation),
        weight_(parameters.add(prefix + ".weight", {out, in}, in)),
        bias_(parameters.add(prefix + ".bias", {out}, in)) {}

  void forward(int64_t n, const float* x, float* y) { forward(n, x, activation_, y); }

  // With another activation than the layer's own.
  void forward(int64_t n, const float* x, int32_t activation, float* y) {
    context_.run(sslcuda_linear_forward, SSLCUDA_F32, n, in_, out_, x, weight_.value.data(),
                 bias_.value.data(), activation, y);
  }

  // grad_x may be null.
  void backward(int64_t n, const float* x, const float* y, const float* grad_y, float* grad_x) {
    context_.run(sslcuda_linear_backward, SSLCUDA_F32, n, in_, out_, x, weight_.value.data(), y,
                 grad_y, activation_, grad_x, weight_.grad.data(), bias_.grad.data());
  }

 private:
  Context& context_;
  int64_t in_, out_;
  int32_t activation_;
  const Parameter& weight_;
  const Parameter& bias_;
};

}  // namespace host
