// job_layers.hpp - calls of the layers without a matrix product, for job.cpp.
#pragma once

#include "tests/gpu/job.hpp"

namespace sslcuda::test {

// groups 0: batch normalisation.
void norm_forward(Job& job, int64_t n, int64_t c, int64_t plane, int64_t groups);
void norm_backward(Job& job, int64_t n, int64_t c, int64_t plane, int64_t groups);
// n x c planes of h x h under windows of k x k, which overlap.
void pool2d_forward(Job& job, int32_t kind, int64_t n, int64_t c, int64_t h, int64_t k);
void pool2d_backward(Job& job, int32_t kind, int64_t n, int64_t c, int64_t h, int64_t k);
void reparameterize_forward(Job& job, int64_t n, int64_t d);
void reparameterize_backward(Job& job, int64_t n, int64_t d);
void binary_cross_entropy(Job& job, int64_t count);

}  // namespace sslcuda::test
