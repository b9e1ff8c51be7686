#include "tests/gpu/job_layers.hpp"

namespace sslcuda::test {
namespace {

constexpr int32_t kRelu = SSLCUDA_ACTIVATION_RELU;
constexpr float kEps = 1e-5f;

sslcuda_pool2d_shape pool_shape(int64_t n, int64_t c, int64_t h, int64_t k) {
  const int64_t stride = std::max<int64_t>(k - 1, 1), pad = k > 2 && k < h ? 1 : 0;
  return {sizeof(sslcuda_pool2d_shape), n, c, h, h, k, k, stride, stride, pad, pad};
}

int64_t pooled(const sslcuda_pool2d_shape& s) {
  const int64_t side = (s.h + 2 * s.pad_h - s.kernel_h) / s.stride_h + 1;
  return s.n * s.c * side * side;
}

}  // namespace

void norm_forward(Job& job, int64_t n, int64_t c, int64_t plane, int64_t groups) {
  const float* const x = job.input(normal(n * c * plane, 1));
  const float *const weight = job.input(normal(c, 2)), *const bias = job.input(normal(c, 3));
  float* const running_mean = job.in_out(normal(c, 4));
  float* const running_var = job.in_out(Floats(static_cast<size_t>(c), 2.0f));
  const int64_t sets = groups == 0 ? c : n * groups;
  float* const y = job.output(n * c * plane);
  float *const mean = job.output(sets), *const rstd = job.output(sets);
  job.set_call([=](sslcuda_context* context) {
    if (groups != 0) {
      return sslcuda_group_norm_forward(context, SSLCUDA_F32, n, c, plane, groups, x, weight, bias,
                                        kEps, kRelu, y, mean, rstd);
    }
    return sslcuda_batch_norm_forward(context, SSLCUDA_F32, n, c, plane, x, weight, bias,
                                      running_mean, running_var, 1, 0.1f, kEps, kRelu, y, mean,
                                      rstd);
  });
}

void norm_backward(Job& job, int64_t n, int64_t c, int64_t plane, int64_t groups) {
  const int64_t count = n * c * plane, sets = groups == 0 ? c : n * groups;
  const float* const x = job.input(normal(count, 1));
  const float *const weight = job.input(normal(c, 2)), *const y = job.input(normal(count, 3));
  const float* const mean = job.input(normal(sets, 4));
  const float* const rstd = job.input(Floats(static_cast<size_t>(sets), 0.5f));
  const float* const grad_y = job.input(normal(count, 5));
  float *const grad_x = job.output(count), *const grad_weight = job.output(c);
  float* const grad_bias = job.output(c);
  job.set_call([=](sslcuda_context* context) {
    if (groups != 0) {
      return sslcuda_group_norm_backward(context, SSLCUDA_F32, n, c, plane, groups, x, weight, y,
                                         mean, rstd, grad_y, kRelu, grad_x, grad_weight, grad_bias);
    }
    return sslcuda_batch_norm_backward(context, SSLCUDA_F32, n, c, plane, x, weight, y, mean, rstd,
                                       grad_y, 1, kRelu, grad_x, grad_weight, grad_bias);
  });
}

void pool2d_forward(Job& job, int32_t kind, int64_t n, int64_t c, int64_t h, int64_t k) {
  const sslcuda_pool2d_shape s = pool_shape(n, c, h, k);
  const float* const x = job.input(integers(n * c * h * h, 1, 4));
  float* const y = job.output(pooled(s));
  job.set_call([=](sslcuda_context* context) {
    return sslcuda_pool2d_forward(context, SSLCUDA_F32, kind, &s, x, y);
  });
}

// y has some of the values that x has, but need not be what the forward pass makes.
void pool2d_backward(Job& job, int32_t kind, int64_t n, int64_t c, int64_t h, int64_t k) {
  const sslcuda_pool2d_shape s = pool_shape(n, c, h, k);
  const float* const x = job.input(integers(n * c * h * h, 1, 4));
  const float* const y = job.input(integers(pooled(s), 2, 4));
  const float* const grad_y = job.input(normal(pooled(s), 3));
  float* const grad_x = job.output(n * c * h * h);
  job.set_call([=](sslcuda_context* context) {
    return sslcuda_pool2d_backward(context, SSLCUDA_F32, kind, &s, x, y, grad_y, grad_x);
  });
}

void reparameterize_forward(Job& job, int64_t n, int64_t d) {
  const float* const both = job.input(normal(2 * n * d, 1));
  const float* const noise = job.input(normal(n * d, 2));
  float *const z = job.output(n * d), *const kl = job.output(1);
  job.set_call([=](sslcuda_context* context) {
    return sslcuda_reparameterize_forward(context, SSLCUDA_F32, n, d, both, both + d, 2 * d, noise,
                                          z, kl);
  });
}

void reparameterize_backward(Job& job, int64_t n, int64_t d) {
  const float* const both = job.input(normal(2 * n * d, 1));
  const float* const noise = job.input(normal(n * d, 2));
  const float* const grad_z = job.input(normal(n * d, 3));
  float* const grad = job.output(2 * n * d);
  job.set_call([=](sslcuda_context* context) {
    return sslcuda_reparameterize_backward(context, SSLCUDA_F32, n, d, both, both + d, 2 * d, noise,
                                           grad_z, nullptr, grad, grad + d);
  });
}

void binary_cross_entropy(Job& job, int64_t count) {
  const float* const x = job.input(normal(count, 1));
  const float* const target = job.input(Floats(static_cast<size_t>(count), 0.25f));
  float *const loss = job.output(1), *const grad_x = job.output(count);
  job.set_call([=](sslcuda_context* context) {
    return sslcuda_binary_cross_entropy(context, SSLCUDA_F32, count, x, target, nullptr, loss,
                                        grad_x);
  });
}

}  // namespace sslcuda::test
