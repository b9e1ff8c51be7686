// args.hpp - one plain argument struct per op, as the backends get it: checked, defaults filled
// in, pointers on the backend's device. The contracts are in capi/include/sslcuda.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sslcuda {

enum class Activation : int32_t { kNone = 0, kRelu = 1, kSigmoid = 2 };

struct LinearForwardArgs {
  int64_t n, in, out;
  const float* x;       // [n, in]
  const float* weight;  // [out, in]
  const float* bias;    // [out] or null
  Activation activation;
  float* y;  // [n, out]
};

struct LinearBackwardArgs {
  int64_t n, in, out;
  const float* x;       // [n, in]
  const float* weight;  // [out, in]
  const float* y;       // [n, out]; null without an activation
  const float* grad_y;  // [n, out]
  Activation activation;
  float* grad_x;       // [n, in] or null
  float* grad_weight;  // [out, in] or null
  float* grad_bias;    // [out] or null
};

struct Conv2dShape {
  int64_t n, c, h, w;
  int64_t out, kernel_h, kernel_w;
  int64_t stride_h, stride_w, pad_h, pad_w, dilation_h, dilation_w;
  int64_t out_h, out_w;
};

struct Conv2dForwardArgs {
  Conv2dShape shape;
  const float* x;       // [n, c, h, w]
  const float* weight;  // [out, c, kernel_h, kernel_w]
  const float* bias;    // [out] or null
  Activation activation;
  float* y;  // [n, out, out_h, out_w]
};

struct Conv2dBackwardArgs {
  Conv2dShape shape;
  const float* x;
  const float* weight;
  const float* y;       // null without an activation
  const float* grad_y;  // [n, out, out_h, out_w]
  Activation activation;
  float* grad_x;       // or null
  float* grad_weight;  // or null
  float* grad_bias;    // or null
};

struct L2NormalizeForwardArgs {
  int64_t n, d;
  const float* x;  // [n, d]
  float* y;        // [n, d]; may be x
  float* norms;    // [n] or null
};

struct L2NormalizeBackwardArgs {
  int64_t n, d;
  const float* y;       // [n, d]
  const float* norms;   // [n]
  const float* grad_y;  // [n, d]
  float* grad_x;        // [n, d]; may be grad_y
};

// A scalar given by value, or by `device` where that is not null.
struct Scalar {
  float value;
  const float* device;
};

struct SimilarityForwardArgs {
  int64_t n, m, d;
  const float* a;  // [n, d], rows lda apart
  int64_t lda;
  const float* b;  // [m, d], rows ldb apart
  int64_t ldb;
  bool normalize;
  Scalar tau;
  float* s;  // [n, m], rows lds apart
  int64_t lds;
};

struct SimilarityBackwardArgs {
  int64_t n, m, d;
  const float* a;
  int64_t lda;
  const float* b;
  int64_t ldb;
  bool normalize;
  Scalar tau;
  const float* grad_s;  // [n, m], rows lds apart
  int64_t lds;
  float* grad_a;    // rows lda apart, or null
  float* grad_b;    // rows ldb apart, or null
  float* grad_tau;  // [1] or null
};

struct InfoNceArgs {
  int64_t n, d;
  const float* a;  // [n, d], rows lda apart
  int64_t lda;
  const float* b;  // [n, d], rows ldb apart; may be a
  int64_t ldb;
  Scalar tau;
  const float* grad_loss;  // [1] or null (1)
  float* loss;             // [1] or null
  float* row_loss;         // [n] or null
  float* grad_a;           // rows lda apart, or null
  float* grad_b;           // rows ldb apart, or null; equal to grad_a: the sum goes there
  float* grad_tau;         // [1] or null
};

struct CrossEntropyArgs {
  int64_t n, v;
  const float* logits;  // [n, v], rows ld apart
  int64_t ld;
  const int64_t* labels;  // [n], or null
  const float* targets;   // [n, v], rows ld apart, or null; exactly one of the two is given
  int64_t ignore_index;
  float smoothing;
  const float* grad_loss;  // [1] or null (1)
  float* loss;             // [1] or null
  float* row_loss;         // [n] or null
  float* grad_logits;      // [n, v], rows ld apart, or null; may be logits
};

struct MseArgs {
  int64_t count;
  const float* x;
  const float* target;
  bool sigmoid;
  const float* grad_loss;  // [1] or null (1)
  float* loss;             // [1] or null
  float* grad_x;           // [count] or null; may be x
};

struct AdamTensor {
  int64_t count;
  float* param;
  const float* grad;
  float* moment;
  float* variance;
};

// The tensors travel by value, so that a launch and a recorded graph need no memory of the caller;
// capi/ splits longer lists.
struct AdamArgs {
  static constexpr int kMaxTensors = 64;
  int tensors;
  AdamTensor tensor[kMaxTensors];
  double lr;
  const float* lr_device;  // or null
  double beta1, beta2, eps;
  int64_t step;                // from 1
  const int64_t* step_device;  // or null; holds step - 1
};

// Where the rows of a batch come from: position p = (*cursor + i) mod length, row indices[p] or p.
struct RowSource {
  int64_t count;           // rows to choose from
  const int64_t* indices;  // [indices_count], or null: the rows in order
  int64_t indices_count;   // count where indices is null
  const int64_t* cursor;   // [1], or null: 0
};

struct GatherImagesArgs {
  int64_t n, width;
  const uint8_t* images;  // [count, width]
  RowSource source;
  float mean, std;
  float* y;  // [n, width]
};

struct GatherRowsArgs {
  int64_t n, row_bytes;
  const uint8_t* rows;  // [count, row_bytes]
  RowSource source;
  uint8_t* y;  // [n, row_bytes]
};

struct Rotate90Args {
  int64_t n, c, h;
  const float* x;        // [n, c, h, h]
  const int64_t* turns;  // [n]
  float* y;
};

struct RotateArgs {
  int64_t n, c, h, w;
  const float* x;        // [n, c, h, w]
  const float* degrees;  // [n]
  float fill;
  float* y;
};

struct CounterAddArgs {
  int64_t* counter;
  int64_t delta;
};

}  // namespace sslcuda
