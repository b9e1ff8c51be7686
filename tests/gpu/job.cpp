#include "tests/gpu/job.hpp"

#include "tests/gpu/job_contrastive.hpp"
#include "tests/gpu/job_layers.hpp"
#include "tests/gpu/job_random.hpp"
#include "tests/ops/contrastive_input.hpp"

namespace sslcuda::test {
namespace {

void matmul(Job& job, int32_t dtype, int64_t m, int64_t n, int64_t k) {
  const void* const a = tensor_input(job, dtype, normal(m * k, 1));
  const void* const b = tensor_input(job, dtype, normal(k * n, 2));
  void* const c = tensor_output(job, dtype, m * n);
  job.set_call([=](sslcuda_context* context) {
    return sslcuda_matmul(context, dtype, m, n, k, a, k, 0, b, n, 0, 1, 0, c, n);
  });
}

void linear_forward(Job& job, int64_t n, int64_t in, int64_t out) {
  const float* const x = job.input(normal(n * in, 1));
  const float* const weight = job.input(normal(out * in, 2));
  const float* const bias = job.input(normal(out, 3));
  float* const y = job.output(n * out);
  job.set_call([=](sslcuda_context* c) {
    return sslcuda_linear_forward(c, SSLCUDA_F32, n, in, out, x, weight, bias,
                                  SSLCUDA_ACTIVATION_RELU, y);
  });
}

void linear_backward(Job& job, int64_t n, int64_t in, int64_t out) {
  const float* const x = job.input(normal(n * in, 1));
  const float* const weight = job.input(normal(out * in, 2));
  const float* const y = job.input(normal(n * out, 3));
  const float* const grad_y = job.input(normal(n * out, 4));
  float *const grad_x = job.output(n * in), *const grad_weight = job.output(out * in);
  float* const grad_bias = job.output(out);
  job.set_call([=](sslcuda_context* c) {
    return sslcuda_linear_backward(c, SSLCUDA_F32, n, in, out, x, weight, y, grad_y,
                                   SSLCUDA_ACTIVATION_RELU, grad_x, grad_weight, grad_bias);
  });
}

void linear_mse(Job& job, int32_t dtype, int64_t n, int64_t in, int64_t out) {
  const void* const x = tensor_input(job, dtype, normal(n * in, 1));
  const void* const weight = tensor_input(job, dtype, normal(out * in, 2));
  const void* const target = tensor_input(job, dtype, normal(n * out, 3));
  float* const loss = job.output(1);
  void* const grad_u = tensor_output(job, dtype, n * out);
  void* const y = tensor_output(job, dtype, n * out);
  job.set_call([=](sslcuda_context* c) {
    return sslcuda_linear_mse(c, dtype, n, in, out, x, weight, nullptr, target,
                              SSLCUDA_ACTIVATION_SIGMOID, nullptr, loss, grad_u, y);
  });
}

// n images of c x h x h under `out` kernels of 3 x 3.
sslcuda_conv2d_shape conv_shape(int64_t n, int64_t c, int64_t h, int64_t out) {
  return {sizeof(sslcuda_conv2d_shape), n, c, h, h, out, 3, 3, 1, 1, 0, 0, 1, 1, 1};
}

void conv2d_forward(Job& job, const sslcuda_conv2d_shape& s) {
  const float* const x = job.input(normal(s.n * s.c * s.h * s.w, 1));
  const float* const weight = job.input(normal(s.out * s.c * 9, 2));
  const float* const bias = job.input(normal(s.out, 3));
  float* const y = job.output(s.n * s.out * (s.h - 2) * (s.w - 2));
  job.set_call([=](sslcuda_context* c) {
    return sslcuda_conv2d_forward(c, SSLCUDA_F32, &s, x, weight, bias, SSLCUDA_ACTIVATION_RELU, y);
  });
}

void conv2d_backward(Job& job, const sslcuda_conv2d_shape& s) {
  const int64_t x_count = s.n * s.c * s.h * s.w, y_count = s.n * s.out * (s.h - 2) * (s.w - 2);
  const float* const x = job.input(normal(x_count, 1));
  const float* const weight = job.input(normal(s.out * s.c * 9, 2));
  const float* const y = job.input(normal(y_count, 3));
  const float* const grad_y = job.input(normal(y_count, 4));
  float *const grad_x = job.output(x_count), *const grad_weight = job.output(s.out * s.c * 9);
  float* const grad_bias = job.output(s.out);
  job.set_call([=](sslcuda_context* c) {
    return sslcuda_conv2d_backward(c, SSLCUDA_F32, &s, x, weight, y, grad_y,
                                   SSLCUDA_ACTIVATION_RELU, grad_x, grad_weight, grad_bias);
  });
}

void l2_normalize_forward(Job& job, int64_t n, int64_t d) {
  const float* const x = job.input(normal(n * d, 1));
  float *const y = job.output(n * d), *const norms = job.output(n);
  job.set_call([=](sslcuda_context* c) {
    return sslcuda_l2_normalize_forward(c, SSLCUDA_F32, n, d, x, y, norms);
  });
}

void l2_normalize_backward(Job& job, int64_t n, int64_t d) {
  const float* const y = job.input(normal(n * d, 1));
  const float* const norms = job.input(Floats(static_cast<size_t>(n), 2.0f));
  const float* const grad_y = job.input(normal(n * d, 3));
  float* const grad_x = job.output(n * d);
  job.set_call([=](sslcuda_context* c) {
    return sslcuda_l2_normalize_backward(c, SSLCUDA_F32, n, d, y, norms, grad_y, grad_x);
  });
}

void similarity_forward(Job& job, int64_t n, int64_t m, int64_t d) {
  const float *const a = job.input(normal(n * d, 1)), *const b = job.input(normal(m * d, 2));
  float* const s = job.output(n * m);
  job.set_call([=](sslcuda_context* c) {
    return sslcuda_similarity_forward(c, SSLCUDA_F32, n, m, d, a, d, b, d, 1, 0.1f, nullptr, s, m);
  });
}

void similarity_backward(Job& job, int64_t n, int64_t m, int64_t d) {
  const float *const a = job.input(normal(n * d, 1)), *const b = job.input(normal(m * d, 2));
  const float* const grad_s = job.input(normal(n * m, 3));
  float *const grad_a = job.output(n * d), *const grad_b = job.output(m * d);
  float* const grad_tau = job.output(1);
  job.set_call([=](sslcuda_context* c) {
    return sslcuda_similarity_backward(c, SSLCUDA_F32, n, m, d, a, d, b, d, 1, 0.1f, nullptr,
                                       grad_s, m, grad_a, grad_b, grad_tau);
  });
}

void infonce(Job& job, int64_t n, int64_t d) {
  const float *const a = job.input(normal(n * d, 1)), *const b = job.input(normal(n * d, 2));
  float *const loss = job.output(1), *const row_loss = job.output(n);
  float *const grad_a = job.output(n * d), *const grad_b = job.output(n * d);
  float* const grad_tau = job.output(1);
  job.set_call([=](sslcuda_context* c) {
    return sslcuda_infonce(c, SSLCUDA_F32, n, d, a, d, b, d, 0.5f, nullptr, nullptr, loss, row_loss,
                           grad_a, grad_b, grad_tau);
  });
}

void lse_merge(Job& job, int64_t count) {
  const float *const one = job.input(normal(count, 1)), *const other = job.input(normal(count, 2));
  float* const merged = job.output(count);
  job.set_call([=](sslcuda_context* c) { return sslcuda_lse_merge(c, count, one, other, merged); });
}

void cross_entropy(Job& job, int64_t n, int64_t v) {
  const float* const logits = job.input(normal(n * v, 1));
  std::vector<int64_t> classes(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) classes[static_cast<size_t>(i)] = i * 7 % v;
  const int64_t* const labels = job.input(classes);
  float *const loss = job.output(1), *const row_loss = job.output(n);
  float* const grad_logits = job.output(n * v);
  job.set_call([=](sslcuda_context* c) {
    return sslcuda_cross_entropy(c, SSLCUDA_F32, n, v, logits, v, labels, nullptr, -100, 0.1f,
                                 nullptr, loss, row_loss, grad_logits);
  });
}

void mse(Job& job, int64_t count) {
  const float *const x = job.input(normal(count, 1)), *const target = job.input(normal(count, 2));
  float *const loss = job.output(1), *const grad_x = job.output(count);
  job.set_call([=](sslcuda_context* c) {
    return sslcuda_mse(c, SSLCUDA_F32, count, x, target, 1, nullptr, loss, grad_x);
  });
}

void adam_step(Job& job, int64_t count) {
  const float* const grad = job.input(normal(count, 1));
  float* const param = job.in_out(normal(count, 2));
  float* const moment = job.in_out(normal(count, 3));
  float* const variance = job.in_out(Floats(static_cast<size_t>(count), 0.5f));
  job.set_call([=](sslcuda_context* c) {
    void *const params[] = {param}, *const moments[] = {moment}, *const variances[] = {variance};
    const void* const grads[] = {grad};
    return sslcuda_adam_step(c, SSLCUDA_F32, 1, &count, params, grads, moments, variances, 1e-3,
                             nullptr, 0.9, 0.999, 1e-8, 3, nullptr);
  });
}

// Rows 0, 7, 14 ... modulo n.
std::vector<int64_t> seventh_rows(int64_t n) {
  std::vector<int64_t> rows(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) rows[static_cast<size_t>(i)] = i * 7 % n;
  return rows;
}

void gather_images(Job& job, int64_t n, int64_t width) {
  const uint8_t* const images = job.input(std::vector<uint8_t>(static_cast<size_t>(n * width), 77));
  const int64_t* const indices = job.input(seventh_rows(n));
  float* const y = job.output(n * width);
  job.set_call([=](sslcuda_context* c) {
    return sslcuda_gather_images(c, SSLCUDA_F32, n, width, images, n, indices, n, nullptr, 0.5f,
                                 0.5f, y);
  });
}

void gather_rows(Job& job, int64_t n, int64_t width) {
  const float* const rows = job.input(normal(n * width, 1));
  const int64_t* const indices = job.input(seventh_rows(n));
  float* const y = job.output(n * width);
  job.set_call([=](sslcuda_context* c) {
    return sslcuda_gather_rows(c, n, width * static_cast<int64_t>(sizeof(float)), rows, n, indices,
                               n, nullptr, y);
  });
}

void rotate90(Job& job, int64_t n, int64_t h) {
  const float* const x = job.input(normal(n * h * h, 1));
  const int64_t* const turns = job.input(seventh_rows(n));
  float* const y = job.output(n * h * h);
  job.set_call(
      [=](sslcuda_context* c) { return sslcuda_rotate90(c, SSLCUDA_F32, n, 1, h, x, turns, y); });
}

void rotate(Job& job, int64_t n, int64_t h) {
  const float* const x = job.input(normal(n * h * h, 1));
  const float* const degrees = job.input(normal(n, 2, 90));
  float* const y = job.output(n * h * h);
  job.set_call([=](sslcuda_context* c) {
    return sslcuda_rotate(c, SSLCUDA_F32, n, 1, h, h, x, degrees, 0, y);
  });
}

}  // namespace

std::vector<JobKind> job_kinds() {
  std::vector<JobKind> kinds;
  // One op with small and with large extents.
  const auto add = [&](const std::string& name, auto op, auto... small) {
    return [&kinds, name, op, small...](auto... large) {
      kinds.push_back({name + ", small", true, [=](Job& job) { op(job, small...); }});
      kinds.push_back({name + ", large", false, [=](Job& job) { op(job, large...); }});
    };
  };
  for (const int32_t dtype : kDTypes) {
    const std::string type = dtype_name(dtype);
    add("matmul " + type, matmul, dtype, 33, 17, 65)(dtype, 1500, 1200, 300);
    add("linear_mse " + type, linear_mse, dtype, 33, 65, 17)(dtype, 1500, 304, 1200);
    add("contrastive INFONCE " + type, contrastive, SSLCUDA_INFONCE, dtype, 34, 40, 65)(
        SSLCUDA_INFONCE, dtype, 1500, 1500, 128);
  }
  for (int32_t kind = SSLCUDA_CLIP; kind <= SSLCUDA_SAMPLED; ++kind) {
    const int32_t dtype = kind % 2 == 0 ? SSLCUDA_F32 : SSLCUDA_BF16;
    add(std::string("contrastive ") + kind_name(kind), contrastive, kind, dtype, 34, 40, 65)(
        kind, dtype, 1500, 1500, 128);
  }
  add("contrastive queue", contrastive_queue, SSLCUDA_F16, 34, 40, 65)(SSLCUDA_F16, 500, 4001, 128);
  add("contrastive classes", contrastive_classes, SSLCUDA_BF16, 34, 40, 65)(SSLCUDA_BF16, 1500,
                                                                            3001, 128);
  add("lse_merge", lse_merge, 1001)(1000001);
  add("linear_forward", linear_forward, 33, 65, 17)(1500, 300, 1200);
  add("linear_backward", linear_backward, 33, 65, 17)(1500, 300, 1200);
  add("linear_backward, split sums", linear_backward, 3, 200, 5)(64, 10816, 4);
  add("conv2d_forward", conv2d_forward, conv_shape(3, 2, 9, 5))(conv_shape(64, 1, 28, 16));
  add("conv2d_backward", conv2d_backward, conv_shape(3, 2, 9, 5))(conv_shape(64, 9, 28, 16));
  add("conv2d_forward, as product", conv2d_forward,
      conv_shape(2, 3, 9, 26))(conv_shape(16, 64, 14, 96));
  add("conv2d_backward, as products", conv2d_backward,
      conv_shape(3, 25, 7, 27))(conv_shape(16, 64, 14, 96));
  add("norm_forward", norm_forward, 5, 3, 49, 0)(300, 5, 97, 0);
  add("norm_forward, columns", norm_forward, 33, 5, 1, 0)(1500, 300, 1, 0);
  add("norm_forward, groups", norm_forward, 3, 6, 7, 2)(20, 6, 1999, 2);
  add("norm_backward", norm_backward, 5, 3, 49, 0)(300, 5, 97, 0);
  add("norm_backward, columns", norm_backward, 33, 5, 1, 0)(1500, 300, 1, 0);
  add("norm_backward, groups", norm_backward, 3, 6, 7, 2)(20, 6, 5001, 2);
  for (const int32_t kind : {SSLCUDA_POOL_MAX, SSLCUDA_POOL_AVERAGE}) {
    const std::string name = kind == SSLCUDA_POOL_MAX ? " MAX" : " AVERAGE";
    add("pool2d_forward" + name, pool2d_forward, kind, 2, 3, 9, 3)(kind, 64, 16, 28, 28);
    add("pool2d_backward" + name, pool2d_backward, kind, 2, 3, 9, 3)(kind, 64, 16, 28, 3);
  }
  add("reparameterize_forward", reparameterize_forward, 33, 5)(5000, 300);
  add("reparameterize_backward", reparameterize_backward, 33, 5)(5000, 300);
  add("l2_normalize_forward", l2_normalize_forward, 33, 65)(500, 1030);
  add("l2_normalize_backward", l2_normalize_backward, 33, 65)(500, 1030);
  add("similarity_forward", similarity_forward, 33, 31, 65)(1500, 1400, 130);
  add("similarity_backward", similarity_backward, 33, 31, 65)(1500, 1400, 130);
  add("infonce", infonce, 33, 65)(1500, 130);
  add("cross_entropy", cross_entropy, 33, 10)(300, 3001);
  add("mse", mse, 1001)(1000001);
  add("binary_cross_entropy", binary_cross_entropy, 1001)(1000001);
  add("adam_step", adam_step, 1001)(1000001);
  add("sgd_step", sgd_step, 1001)(1000001);
  add("lars_step", lars_step, 1001)(1000001);
  add("random_uniform", random_uniform, 1001)(1000001);
  add("random_normal", random_normal, 1001)(1000001);
  add("gather_images", gather_images, 33, 65)(1000, 784);
  add("gather_rows", gather_rows, 33, 65)(1000, 784);
  add("rotate90", rotate90, 5, 9)(500, 28);
  add("rotate", rotate, 5, 9)(500, 28);
  add("augment", augment, 5, 2, 9)(100, 3, 50);
  return kinds;
}

}  // namespace sslcuda::test
