// args_layers.hpp - argument structs, as in args.hpp, of the layers without a matrix product.
#pragma once

#include "kernels/args.hpp"

namespace sslcuda {

// A tensor [n, c, plane] and the sets of planes that share a mean and a variance: with groups == 0
// a channel's planes of all images (batch normalisation), otherwise c / groups neighbouring planes
// of one image (group normalisation).
struct NormShape {
  int64_t n, c, plane;
  int64_t groups;

  constexpr bool per_image() const { return groups != 0; }
  constexpr int64_t sets() const { return per_image() ? n * groups : c; }
  constexpr int64_t set_channels() const { return per_image() ? c / groups : 1; }
  // Elements that a mean is taken over.
  constexpr int64_t count() const { return (per_image() ? set_channels() : n) * plane; }
};

struct NormForwardArgs {
  NormShape shape;
  const float* x;       // [n, c, plane]
  const float* weight;  // [c] or null: 1
  const float* bias;    // [c] or null: 0
  float* running_mean;  // [c] or null; not written unless training
  float* running_var;
  bool training;  // statistics of x, otherwise the running ones
  float momentum, eps;
  Activation activation;  // none or ReLU
  float* y;               // may be x
  float* mean;            // [sets] or null
  float* rstd;            // [sets] or null
};

struct NormBackwardArgs {
  NormShape shape;
  const float* x;
  const float* weight;  // [c] or null
  const float* y;       // null without an activation
  const float* mean;    // [sets]
  const float* rstd;
  const float* grad_y;
  bool training;
  Activation activation;
  float* grad_x;       // or null; may be grad_y
  float* grad_weight;  // [c] or null
  float* grad_bias;    // [c] or null
};

enum class Pool : int32_t { kMax = 0, kAverage = 1 };

struct Pool2dShape {
  int64_t n, c, h, w;
  int64_t kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w;
  int64_t out_h, out_w;
};

struct Pool2dForwardArgs {
  Pool kind;
  Pool2dShape shape;
  const float* x;  // [n, c, h, w]
  float* y;        // [n, c, out_h, out_w]
};

struct Pool2dBackwardArgs {
  Pool kind;
  Pool2dShape shape;
  const float* x;  // may be null for kAverage, as y
  const float* y;
  const float* grad_y;  // [n, c, out_h, out_w]
  float* grad_x;        // [n, c, h, w]
};

struct ReparameterizeForwardArgs {
  int64_t n, d;
  const float* mu;  // [n, d], rows ld apart, as logvar
  const float* logvar;
  int64_t ld;
  const float* noise;  // [n, d]
  float* z;            // [n, d] or null
  float* kl;           // [1] or null
};

struct ReparameterizeBackwardArgs {
  int64_t n, d;
  const float* mu;
  const float* logvar;
  int64_t ld;
  const float* noise;
  const float* grad_z;   // [n, d] or null (0)
  const float* grad_kl;  // [1] or null (1)
  float* grad_mu;        // rows ld apart; may be mu
  float* grad_logvar;    // rows ld apart; may be logvar
};

enum class PointwiseLoss : int32_t { kSquare, kSigmoidSquare, kBinaryCrossEntropy };

// The mean of a function of one value and its target.
struct PointwiseLossArgs {
  PointwiseLoss kind;
  int64_t count;
  const float* x;
  const float* target;
  const float* grad_loss;  // [1] or null (1)
  float* loss;             // [1] or null
  float* grad_x;           // [count] or null; may be x
};

}  // namespace sslcuda
