// args.hpp - one plain argument struct per op, as the backends get it: checked, defaults filled
// in, pointers on the backend's device. The contracts are in capi/include/sslcuda.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/args_optimizer.hpp"
#include "kernels/args_random.hpp"

namespace sslcuda {

// How tensors are stored, and for kTf32 (stored as float32) multiplied.
enum class DType : int32_t { kF32 = 0, kBf16 = 1, kF16 = 2, kTf32 = 3 };

constexpr int64_t element_size(DType dtype) {
  return dtype == DType::kBf16 || dtype == DType::kF16 ? 2 : 4;
}

enum class Activation : int32_t { kNone = 0, kRelu = 1, kSigmoid = 2 };

struct MatmulArgs {
  DType dtype;
  int64_t m, n, k;
  const void* a;  // [m, k], or [k, m] transposed; rows lda apart
  int64_t lda;
  bool transpose_a;
  const void* b;  // [k, n], or [n, k] transposed; rows ldb apart
  int64_t ldb;
  bool transpose_b;
  float alpha, beta;
  void* c;  // [m, n], rows ldc apart; not read where beta is 0
  int64_t ldc;
};

struct LinearForwardArgs {
  DType dtype;  // of every tensor
  int64_t n, in, out;
  const void* x;       // [n, in]
  const void* weight;  // [out, in]
  const void* bias;    // [out] or null
  Activation activation;
  void* y;  // [n, out]
};

struct LinearBackwardArgs {
  DType dtype;
  int64_t n, in, out;
  const void* x;       // [n, in]
  const void* weight;  // [out, in]
  const void* y;       // [n, out]; null without an activation
  const void* grad_y;  // [n, out]
  Activation activation;
  void* grad_x;       // [n, in] or null
  void* grad_weight;  // [out, in] or null
  void* grad_bias;    // [out] or null
};

// Mean squared error of what the layer makes; y may be null.
struct LinearMseArgs : LinearForwardArgs {
  const void* target;      // [n, out]
  const float* grad_loss;  // [1] or null (1)
  float* loss;             // [1] or null
  void* grad_u;            // [n, out] or null
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
  DType dtype;  // of a, b and s
  int64_t n, m, d;
  const void* a;  // [n, d], rows lda apart
  int64_t lda;
  const void* b;  // [m, d], rows ldb apart
  int64_t ldb;
  bool normalize;
  Scalar tau;
  void* s;  // [n, m], rows lds apart
  int64_t lds;
};

struct SimilarityBackwardArgs {
  DType dtype;
  int64_t n, m, d;
  const void* a;
  int64_t lda;
  const void* b;
  int64_t ldb;
  bool normalize;
  Scalar tau;
  const void* grad_s;  // [n, m], rows lds apart
  int64_t lds;
  void* grad_a;     // rows lda apart, or null
  void* grad_b;     // rows ldb apart, or null
  float* grad_tau;  // [1] or null
};

enum class ContrastiveKind : int32_t {
  kInfoNce = 0,
  kClip = 1,
  kNtXent = 2,
  kSupCon = 3,
  kSupConIn = 4,
  kSigLip = 5,
  kSampled = 6
};

// 1 / tau: from the first of these that is given. At most max_scale, unless that is 0.
struct Temperature {
  const float* log_scale;   // [1] or null
  const float* tau_device;  // [1] or null
  float tau;
  float max_scale;
};

constexpr size_t kDefaultWorkspaceLimit = size_t{64} << 20;

// As sslcuda_contrastive_args, whose rules hold, with m and the totals filled in.
struct ContrastiveArgs {
  ContrastiveKind kind;
  DType dtype;  // of a, b, positives, negatives and their gradients
  bool normalize;
  bool self;  // b is a, and grad_a the gradient on both sides
  int64_t n, m, d;
  const void* a;  // [n, d], rows lda apart
  int64_t lda;
  const void* b;  // [m, d], rows ldb apart
  int64_t ldb;
  Temperature temperature;

  const int64_t* labels;         // [n] or null
  const int64_t* column_labels;  // [m]; labels where self; null but in SupCon
  int64_t ignore_index;
  const float* weights;   // [n] or null
  const void* positives;  // [n, d], rows ld_positives apart, or null
  int64_t ld_positives;
  const void* negatives;      // [n, negatives_per_row, d], or null
  int64_t negatives_per_row;  // 0 without negatives
  const int64_t* indices;     // [n, sampled]; kSampled
  int64_t sampled;

  const int64_t* row_ids;     // [n] or null
  const int64_t* column_ids;  // [m] or null
  const uint32_t* mask;       // [n, ceil(m / 32)], rows ld_mask words apart, or null
  int64_t ld_mask;
  float margin;  // 0: none

  Scalar bias;               // kSigLip
  const float* column_bias;  // [m] or null
  float smoothing, z_loss;

  int64_t first_row, first_column, total_rows, total_columns;
  bool mean_over_total;           // u[i] = weights[i] / total_rows
  const float* given_row_lse;     // [n] or null
  const float* given_column_lse;  // [m] or null

  const float* grad_loss;      // [1] or null (1)
  const float* grad_row_loss;  // [n] or null
  size_t workspace_limit;

  float* loss;          // [1] or null
  float* row_loss;      // [n] or null
  float* row_lse;       // [n] or null
  float* column_lse;    // [m] or null
  float* row_positive;  // [n] or null
  float* row_entropy;   // [n] or null
  float* top1;          // [1] or null
  void* grad_a;         // [n, d], rows lda apart, or null
  void* grad_b;         // [m, d], rows ldb apart, or null
  void* grad_positives;
  void* grad_negatives;
  float* grad_temperature;  // [1] or null
  float* grad_bias;         // [1] or null
  float* grad_column_bias;  // [m] or null

  bool needs_scores_gradient() const {
    return grad_a || grad_b || grad_positives || grad_negatives || grad_temperature || grad_bias ||
           grad_column_bias;
  }
};

struct LseMergeArgs {
  int64_t count;
  const float* one;
  const float* other;
  float* merged;  // may be one or other
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
