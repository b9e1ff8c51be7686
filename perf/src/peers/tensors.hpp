// tensors.hpp - what a peer is told of a case.
#pragma once

#include "perf/src/case.hpp"
#include "tests/reference/conv2d.hpp"

namespace sslcuda::perf {

using Floats = Tensor<float>;

struct LinearTensors {
  reference::LinearShape shape;
  int32_t activation;
  Floats x, weight, bias, y, grad_y, grad_x, grad_weight, grad_bias;
};

struct ConvTensors {
  reference::Conv2dShape shape;
  bool relu;
  Floats x, weight, bias, y, grad_y, grad_x, grad_weight, grad_bias;
};

// c = alpha op(a) op(b), row-major and dense, op(a) [m, k], op(b) [k, n].
struct Product {
  bool transpose_a, transpose_b;
  int64_t m, n, k;
  float alpha;
  Floats a, b, c;
};

struct InfoNceTensors {
  int64_t n, d;
  float tau;
  bool gradients;
  Floats a, b, loss, row_loss, grad_a, grad_b;
};

struct SoftmaxTensors {
  int64_t n, v;
  Floats logits;
};

struct MseTensors {
  int64_t count;
  bool gradient;
  Floats x, target, loss, grad_x;
};

}  // namespace sslcuda::perf
