// tensors.hpp - what a peer is told of a case.
#pragma once

#include <optional>

#include "perf/src/case.hpp"
#include "tests/reference/conv2d.hpp"

namespace sslcuda::perf {

using Floats = Tensor<float>;

struct LinearTensors {
  reference::LinearShape shape;
  int32_t activation;
  Array x, weight, bias, y, grad_y, grad_x, grad_weight, grad_bias;
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
  Array a, b, c;
};

// A loss of the contrastive family, as sslcuda_contrastive_args has it. What a kind or a direction
// has no use for is not there.
struct ContrastiveTensors {
  int32_t kind;
  bool self, normalize;  // self: b is a, and grad_a the gradient on both sides
  int64_t n, m, d, sampled;
  float tau, bias;
  Array a, b;
  std::optional<Tensor<int64_t>> labels, indices;
  std::optional<Floats> loss, row_loss, row_lse, column_lse;
  std::optional<Array> grad_a, grad_b;
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
