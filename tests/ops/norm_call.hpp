// norm_call.hpp - batch and group normalisation with one set of arguments: shapes without groups
// are for the former.
#pragma once

#include "tests/ops/fixture.hpp"
#include "tests/reference/norm.hpp"

namespace sslcuda::test {

using reference::NormShape;

struct NormOptions {
  int32_t activation = SSLCUDA_ACTIVATION_NONE;
  bool training = true;  // of batch normalisation
  bool in_place = false;
  bool with_statistics = true;
  float momentum = 0.1f, eps = 1e-5f;
};

struct NormInput {
  Floats x, weight, bias;            // the last two may be empty
  Floats running_mean, running_var;  // may be empty in training
};

struct NormOutputs {
  Floats y, mean, rstd, running_mean, running_var;
};

inline NormOutputs norm_forward(const Context& context, const NormShape& s, const NormInput& in,
                                const NormOptions& o = {}) {
  const Buffer<float> dx(context, in.x), weight(context, in.weight), bias(context, in.bias);
  const Buffer<float> running_mean(context, in.running_mean), running_var(context, in.running_var);
  const Buffer<float> dy(context, s.x_count()), mean(context, s.sets()), rstd(context, s.sets());
  const Buffer<float>& y = o.in_place ? dx : dy;
  float* const weights = if_wanted(!in.weight.empty(), weight);
  float* const biases = if_wanted(!in.bias.empty(), bias);
  float* const means = if_wanted(o.with_statistics, mean);
  float* const rstds = if_wanted(o.with_statistics, rstd);
  context.run([&] {
    if (s.groups != 0) {
      return sslcuda_group_norm_forward(context, SSLCUDA_F32, s.n, s.c, s.plane, s.groups, dx,
                                        weights, biases, o.eps, o.activation, y, means, rstds);
    }
    return sslcuda_batch_norm_forward(context, SSLCUDA_F32, s.n, s.c, s.plane, dx, weights, biases,
                                      if_wanted(!in.running_mean.empty(), running_mean),
                                      if_wanted(!in.running_var.empty(), running_var), o.training,
                                      o.momentum, o.eps, o.activation, y, means, rstds);
  });
  return {y.download(), mean.download(), rstd.download(), running_mean.download(),
          running_var.download()};
}

struct NormWanted {
  bool x = true, weight = true, bias = true;
};

struct NormGradients {
  Floats x, weight, bias;
};

inline NormGradients norm_backward(const Context& context, const NormShape& s, const NormInput& in,
                                   const NormOutputs& out, const Floats& grad_y,
                                   const NormOptions& o = {}, const NormWanted& wanted = {}) {
  const Buffer<float> x(context, in.x), weight(context, in.weight), y(context, out.y);
  const Buffer<float> mean(context, out.mean), rstd(context, out.rstd), dgrad_y(context, grad_y);
  const Buffer<float> dgrad_x(context, s.x_count()), grad_weight(context, s.c),
      grad_bias(context, s.c);
  const Buffer<float>& grad_x = o.in_place ? dgrad_y : dgrad_x;
  float* const weights = if_wanted(!in.weight.empty(), weight);
  float* const outputs = if_wanted(o.activation != SSLCUDA_ACTIVATION_NONE, y);
  float* const of_x = if_wanted(wanted.x, grad_x);
  float* const of_weight = if_wanted(wanted.weight, grad_weight);
  float* const of_bias = if_wanted(wanted.bias, grad_bias);
  context.run([&] {
    if (s.groups != 0) {
      return sslcuda_group_norm_backward(context, SSLCUDA_F32, s.n, s.c, s.plane, s.groups, x,
                                         weights, outputs, mean, rstd, dgrad_y, o.activation, of_x,
                                         of_weight, of_bias);
    }
    return sslcuda_batch_norm_backward(context, SSLCUDA_F32, s.n, s.c, s.plane, x, weights, outputs,
                                       mean, rstd, dgrad_y, o.training, o.activation, of_x,
                                       of_weight, of_bias);
  });
  return {grad_x.download(), grad_weight.download(), grad_bias.download()};
}

}  // namespace sslcuda::test
