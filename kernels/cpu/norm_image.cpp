// norm_image.cpp - planes are loops of one channel each; an image of single pixels is one loop over
// channels. What is wanted is known at compile time, since GCC does not vectorise a loop that asks.
#include "kernels/cpu/norm_image.hpp"

#include "kernels/cpu/parallel.hpp"

namespace sslcuda::cpu {
namespace {

#define SSLCUDA_INLINE __attribute__((always_inline)) inline

SSLCUDA_INLINE Deviations plane_deviations(int64_t count, const float* x, float shift) {
  double sum = 0, squares = 0;
#pragma omp simd reduction(+ : sum, squares)
  for (int64_t k = 0; k < count; ++k) {
    const double deviation = x[k] - shift;
    sum += deviation;
    squares += deviation * deviation;
  }
  return {sum, squares};
}

template <bool kRelu>
SSLCUDA_INLINE float normalized(float x, float mean, float scale, float bias) {
  const float y = (x - mean) * scale + bias;
  return kRelu && y <= 0 ? 0 : y;  // keeps NaN
}

template <bool kRelu>
SSLCUDA_INLINE void normalize(int64_t c, int64_t plane, const float* x, const float* mean,
                              const float* scale, const float* bias, float* y) {
  if (plane == 1) {
#pragma omp simd
    for (int64_t j = 0; j < c; ++j) y[j] = normalized<kRelu>(x[j], mean[j], scale[j], bias[j]);
    return;
  }
  for (int64_t j = 0; j < c; ++j) {
    const float m = mean[j], s = scale[j], b = bias[j];
    const float* const in = x + j * plane;
    float* const out = y + j * plane;
#pragma omp simd
    for (int64_t k = 0; k < plane; ++k) out[k] = normalized<kRelu>(in[k], m, s, b);
  }
}

template <bool kRelu>
SSLCUDA_INLINE float gradient_at(const float* y, const float* grad_y, int64_t k) {
  if constexpr (kRelu) return y[k] <= 0 ? 0.0f : grad_y[k];
  return grad_y[k];
}

template <bool kRelu>
SSLCUDA_INLINE void gradient_sums(int64_t c, int64_t plane, const float* x, const float* mean,
                                  const float* y, const float* grad_y, double* sum,
                                  double* product) {
  if (plane == 1) {
#pragma omp simd
    for (int64_t j = 0; j < c; ++j) {
      const double g = gradient_at<kRelu>(y, grad_y, j);
      sum[j] += g;
      product[j] += g * (x[j] - mean[j]);
    }
    return;
  }
  for (int64_t j = 0; j < c; ++j) {
    const int64_t begin = j * plane;
    const float m = mean[j];
    double total = 0, along = 0;
#pragma omp simd reduction(+ : total, along)
    for (int64_t k = begin; k < begin + plane; ++k) {
      const double g = gradient_at<kRelu>(y, grad_y, k);
      total += g;
      along += g * (x[k] - m);
    }
    sum[j] += total;
    product[j] += along;
  }
}

template <bool kRelu, bool kStatistics>
SSLCUDA_INLINE void gradient(int64_t c, int64_t plane, const float* x, const ImageGradient& i,
                             const float* y, const float* grad_y, float* grad_x) {
  const float *const mean = i.mean, *const scale = i.scale;
  const float *const offset = i.offset, *const slope = i.slope;
  if (plane == 1) {
#pragma omp simd
    for (int64_t j = 0; j < c; ++j) {
      const float along = kStatistics ? offset[j] + slope[j] * (x[j] - mean[j]) : 0.0f;
      grad_x[j] = scale[j] * gradient_at<kRelu>(y, grad_y, j) - along;
    }
    return;
  }
  for (int64_t j = 0; j < c; ++j) {
    const float m = kStatistics ? mean[j] : 0, a = scale[j];
    const float b = kStatistics ? offset[j] : 0, d = kStatistics ? slope[j] : 0;
#pragma omp simd
    for (int64_t k = j * plane; k < (j + 1) * plane; ++k) {
      const float along = kStatistics ? b + d * (x[k] - m) : 0.0f;
      grad_x[k] = a * gradient_at<kRelu>(y, grad_y, k) - along;
    }
  }
}

#undef SSLCUDA_INLINE

}  // namespace

SSLCUDA_CLONES Deviations deviations(int64_t count, const float* x, float shift) {
  return plane_deviations(count, x, shift);
}

SSLCUDA_CLONES void add_deviations(int64_t c, int64_t plane, const float* x, const float* shift,
                                   double* sum, double* squares) {
  if (plane == 1) {
#pragma omp simd
    for (int64_t j = 0; j < c; ++j) {
      const double deviation = x[j] - shift[j];
      sum[j] += deviation;
      squares[j] += deviation * deviation;
    }
    return;
  }
  for (int64_t j = 0; j < c; ++j) {
    const Deviations part = plane_deviations(plane, x + j * plane, shift[j]);
    sum[j] += part.sum;
    squares[j] += part.squares;
  }
}

SSLCUDA_CLONES void normalize_image(int64_t c, int64_t plane, const float* x, const float* mean,
                                    const float* scale, const float* bias, bool relu, float* y) {
  if (relu) {
    normalize<true>(c, plane, x, mean, scale, bias, y);
  } else {
    normalize<false>(c, plane, x, mean, scale, bias, y);
  }
}

SSLCUDA_CLONES void add_gradient_sums(int64_t c, int64_t plane, const float* x, const float* mean,
                                      const float* y, const float* grad_y, double* sum,
                                      double* product) {
  if (y) {
    gradient_sums<true>(c, plane, x, mean, y, grad_y, sum, product);
  } else {
    gradient_sums<false>(c, plane, x, mean, y, grad_y, sum, product);
  }
}

SSLCUDA_CLONES void image_gradient(int64_t c, int64_t plane, const float* x,
                                   const ImageGradient& coefficients, const float* y,
                                   const float* grad_y, float* grad_x) {
  if (y) {
    x ? gradient<true, true>(c, plane, x, coefficients, y, grad_y, grad_x)
      : gradient<true, false>(c, plane, x, coefficients, y, grad_y, grad_x);
  } else {
    x ? gradient<false, true>(c, plane, x, coefficients, y, grad_y, grad_x)
      : gradient<false, false>(c, plane, x, coefficients, y, grad_y, grad_x);
  }
}

}  // namespace sslcuda::cpu
