// norm_image.hpp - what normalisation does with neighbouring channels of one image, a tensor
// [c, plane]. Arrays of channels have c entries.
#pragma once

#include <cstdint>

namespace sslcuda::cpu {

// Sums over something, of float32 deviations from a value near the mean; in double, so that what
// the squares lose when the mean is taken out later does not show.
struct Deviations {
  double sum, squares;
};

// Of x[0, count) from shift.
Deviations deviations(int64_t count, const float* x, float shift);

// Adds each channel's deviations from its shift to sum and squares.
void add_deviations(int64_t c, int64_t plane, const float* x, const float* shift, double* sum,
                    double* squares);

// y = (x - mean) scale + bias, and ReLU if wanted; by channel. y may be x.
void normalize_image(int64_t c, int64_t plane, const float* x, const float* mean,
                     const float* scale, const float* bias, bool relu, float* y);

// For the two below, g is grad_y, or with y (not null) 0 where ReLU gave y <= 0.

// Adds each channel's sums of g and of g (x - mean).
void add_gradient_sums(int64_t c, int64_t plane, const float* x, const float* mean, const float* y,
                       const float* grad_y, double* sum, double* product);

// grad_x = scale g - offset - slope (x - mean) by channel, or with x null scale g. grad_x may be
// grad_y.
struct ImageGradient {
  const float *mean, *scale, *offset, *slope;
};
void image_gradient(int64_t c, int64_t plane, const float* x, const ImageGradient& coefficients,
                    const float* y, const float* grad_y, float* grad_x);

}  // namespace sslcuda::cpu
