// onednn.cpp - oneDNN's products, inner products and softmax, on tensors as they are.
#include "perf/src/peers/onednn.hpp"

#include <oneapi/dnnl/dnnl.h>

#include "perf/src/peers/onednn_program.hpp"
#include "perf/src/random.hpp"

namespace sslcuda::perf::onednn {
namespace {

Desc vector_desc(const DType& type, int64_t count) { return desc_of(type, {count}, Tag::a); }
Desc matrix_desc(const DType& type, int64_t rows, int64_t columns) {
  return desc_of(type, {rows, columns}, Tag::ab);
}

Side side(const std::string& what, const std::shared_ptr<Program>& program) {
  Side side;
  side.name = "oneDNN " + what;
  side.version = version();
  side.call = runner(program);
  return side;
}

// An [rows, columns] operand of a product, stored the other way round if `transpose`.
Desc operand(const DType& type, bool transpose, int64_t rows, int64_t columns) {
  return desc_of(type, {rows, columns}, transpose ? Tag::ba : Tag::ab);
}

void add_product(Program& program, const DType& type, const Product& p, const Locate& a,
                 const Locate& b, const Locate& c) {
  const Desc da = operand(type, p.transpose_a, p.m, p.k),
             db = operand(type, p.transpose_b, p.k, p.n), dc = matrix_desc(type, p.m, p.n);
  dnnl::primitive_attr attributes;
  attributes.set_output_scales(0, {p.alpha});
  const dnnl::matmul::primitive_desc chosen({da, db, dc}, attributes, engine());
  program.add(dnnl::matmul(chosen),
              {{DNNL_ARG_SRC, da, a}, {DNNL_ARG_WEIGHTS, db, b}, {DNNL_ARG_DST, dc, c}});
}

void add_softmax(Program& program, int64_t n, int64_t v, const Locate& x, const Locate& y) {
  const Desc desc = matrix_desc(kF32, n, v);
  const dnnl::softmax_forward::primitive_desc chosen({dnnl::prop_kind::forward_inference, desc, 1},
                                                     engine());
  program.add(dnnl::softmax_forward(chosen), {{DNNL_ARG_SRC, desc, x}, {DNNL_ARG_DST, desc, y}});
}

dnnl::primitive_attr with_activation(int32_t activation) {
  dnnl::post_ops operations;
  if (activation == SSLCUDA_ACTIVATION_RELU) {
    operations.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
  } else if (activation == SSLCUDA_ACTIVATION_SIGMOID) {
    operations.append_eltwise(1, dnnl::algorithm::eltwise_logistic, 0, 0);
  }
  dnnl::primitive_attr attributes;
  attributes.set_post_ops(operations);
  return attributes;
}

}  // namespace

std::string version() {
  const dnnl_version_t& v = *dnnl_version();
  return std::to_string(v.major) + '.' + std::to_string(v.minor) + '.' + std::to_string(v.patch);
}

double gemm_rate(Device& device) {
  constexpr int64_t kSize = 2048;
  const std::vector<float> a = normal(kSize * kSize, 1), b = normal(kSize * kSize, 2);
  std::vector<float> c(a.size());
  const Sampler sample = device.sampler(
      [&](int64_t) {
        dnnl_sgemm('N', 'N', kSize, kSize, kSize, 1, a.data(), kSize, b.data(), kSize, 0, c.data(),
                   kSize);
      },
      1);
  return 2.0 * kSize * kSize * kSize / fastest(sample);
}

Side linear_forward(const LinearTensors& t) {
  const auto& [n, in, out] = t.shape;
  const DType& type = *t.x.type;
  const Desc x = matrix_desc(type, n, in), weight = matrix_desc(type, out, in),
             bias = vector_desc(type, out), y = matrix_desc(type, n, out);
  const dnnl::inner_product_forward::primitive_desc chosen(
      {dnnl::prop_kind::forward_training, x, weight, bias, y}, with_activation(t.activation),
      engine());
  const auto program = std::make_shared<Program>();
  program->add(dnnl::inner_product_forward(chosen), {{DNNL_ARG_SRC, x, at(t.x)},
                                                     {DNNL_ARG_WEIGHTS, weight, at(t.weight)},
                                                     {DNNL_ARG_BIAS, bias, at(t.bias)},
                                                     {DNNL_ARG_DST, y, at(t.y)}});
  return side("inner product", program);
}

Side linear_backward(const LinearTensors& t) {
  const auto& [n, in, out] = t.shape;
  const DType& type = *t.x.type;
  const Desc x = matrix_desc(type, n, in), weight = matrix_desc(type, out, in),
             bias = vector_desc(type, out), y = matrix_desc(type, n, out);
  const dnnl::inner_product_forward::primitive_desc hint(
      {dnnl::prop_kind::forward_training, x, weight, bias, y}, engine());
  const dnnl::inner_product_backward_data::primitive_desc data({x, weight, y}, engine(), hint);
  const dnnl::inner_product_backward_weights::primitive_desc weights({x, weight, bias, y}, engine(),
                                                                     hint);
  const auto program = std::make_shared<Program>();
  program->add(dnnl::inner_product_backward_data(data), {{DNNL_ARG_DIFF_DST, y, at(t.grad_y)},
                                                         {DNNL_ARG_WEIGHTS, weight, at(t.weight)},
                                                         {DNNL_ARG_DIFF_SRC, x, at(t.grad_x)}});
  program->add(dnnl::inner_product_backward_weights(weights),
               {{DNNL_ARG_DIFF_DST, y, at(t.grad_y)},
                {DNNL_ARG_SRC, x, at(t.x)},
                {DNNL_ARG_DIFF_WEIGHTS, weight, at(t.grad_weight)},
                {DNNL_ARG_DIFF_BIAS, bias, at(t.grad_bias)}});
  Side result = side("inner product", program);
  if (t.activation != SSLCUDA_ACTIVATION_NONE) result.computes = "the products";
  return result;
}

Side products(const std::vector<Product>& products, const std::string& computes) {
  const auto program = std::make_shared<Program>();
  for (const Product& p : products) add_product(*program, *p.c.type, p, at(p.a), at(p.b), at(p.c));
  Side result = side("matmul", program);
  result.computes = computes;
  return result;
}

// Scores and softmax, stored, and two products from them. Between these, what oneDNN has no
// primitive for: scores and losses from the diagonal, and 1 subtracted from it.
Side infonce(const ContrastiveTensors& t) {
  const int64_t n = t.n, d = t.d;
  Layout layout;
  const Locate scores = layout.scratch(static_cast<size_t>(n * n) * sizeof(float));
  const auto product = std::make_shared<Program>(), softmax = std::make_shared<Program>(),
             backward = std::make_shared<Program>();
  add_product(*product, kF32, {false, true, n, n, d, 1 / t.tau, {}, {}, {}}, at(t.a), at(t.b),
              scores);
  add_softmax(*softmax, n, n, scores, scores);
  if (t.grad_a) {
    const float scale = 1 / (t.tau * static_cast<float>(n));
    add_product(*backward, kF32, {false, false, n, d, n, scale, {}, {}, {}}, scores, at(t.b),
                at(*t.grad_a));
    add_product(*backward, kF32, {true, false, n, d, n, scale, {}, {}, {}}, scores, at(t.a),
                at(*t.grad_b));
  }
  Side result = side("matmul and softmax", product);
  layout.ask(&result);
  result.call = [=](const Set& set) {
    auto* const p = static_cast<float*>(scores(set));
    float* const row_loss = set[*t.row_loss];
    product->run(set);
    for (int64_t i = 0; t.row_lse && i < n; ++i) set[*t.row_lse][i] = p[i * n + i];
    softmax->run(set);
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) {
      row_loss[i] = -std::log(p[i * n + i]);
      if (t.row_lse) set[*t.row_lse][i] += row_loss[i];
      sum += row_loss[i];
      p[i * n + i] -= 1;
    }
    *set[*t.loss] = static_cast<float>(sum / static_cast<double>(n));
    backward->run(set);
  };
  return result;
}

Side softmax(const SoftmaxTensors& t) {
  Layout layout;
  const Locate y = layout.scratch(static_cast<size_t>(t.n * t.v) * sizeof(float));
  const auto program = std::make_shared<Program>();
  add_softmax(*program, t.n, t.v, at(t.logits), y);
  Side result = side("softmax", program);
  result.computes = "the softmax";
  layout.ask(&result);
  return result;
}

}  // namespace sslcuda::perf::onednn
