// rows.hpp - what the losses do with one row of scores or logits.
#pragma once

#include <cstdint>

namespace sslcuda::cpu {

struct RowStatistics {
  float max, sum, weighted;  // sums of e = exp(x - max) and of e (x - max)
};

// Of x[0, count); its log-sum-exp is max + log(sum). Scores of -infinity add nothing, not even if
// there are no others. With `exps` not null the exp(x - max) are left
// there; it may be x. row_statistics() leaves `weighted` at 0, which short rows notice.
RowStatistics row_statistics(int64_t count, const float* x, float* exps);
RowStatistics weighted_row_statistics(int64_t count, const float* x, float* exps);

// Adds n rows of `count`, ld apart, in order.
void add_rows(int64_t n, int64_t ld, int64_t count, const float* x, float* sums);

// y = factor x
void scale_row(int64_t count, float factor, const float* x, float* y);

// y += factor x
void add_scaled(int64_t count, float factor, const float* x, float* y);

double sum(int64_t count, const float* x);
double dot(int64_t count, const float* x, const float* y);

// |x|, for norms that float32 squares would lose.
double norm(int64_t d, const float* x);

// y = x / norm, or zeros for norm 0.
void normalize_row(int64_t d, const float* x, double norm, float* y);

// grad_x = (grad_y - y <y, grad_y>) / norm, or zeros for norm 0. grad_x may be grad_y.
void normalize_row_gradient(int64_t d, const float* y, double norm, const float* grad_y,
                            float* grad_x);

}  // namespace sslcuda::cpu
