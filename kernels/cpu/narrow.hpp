// narrow.hpp - the products of a linear layer with few outputs. They read or write x once and do
// little else, where a general product would first copy x into tiles.
#pragma once

#include <cstdint>

namespace sslcuda::cpu {

bool suits_narrow(int64_t in, int64_t out);

// y [n, out] = x [n, in] weight^T, weight [out, in].
void narrow_forward(int64_t n, int64_t in, int64_t out, const float* x, const float* weight,
                    float* y);

// grad_x [n, in] = g [n, out] weight.
void narrow_grad_x(int64_t n, int64_t in, int64_t out, const float* g, const float* weight,
                   float* grad_x);

// grad_weight [out, in] = g^T x.
void narrow_grad_weight(int64_t n, int64_t in, int64_t out, const float* g, const float* x,
                        float* grad_weight);

}  // namespace sslcuda::cpu
