// rows.hpp - what the losses do with one row of scores or logits.
#pragma once

#include <cstdint>

namespace sslcuda::cpu {

struct RowStatistics {
  float max, sum;  // sum over exp(x - max)
};

// Of x[0, count); its log-sum-exp is max + log(sum). With `exps` not null the exp(x - max) are left
// there; it may be x.
RowStatistics row_statistics(int64_t count, const float* x, float* exps);

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
