#include "tests/gpu/job_random.hpp"

#include "tests/ops/fixture.hpp"

namespace sslcuda::test {

void sgd_step(Job& job, int64_t count) {
  const float* const grad = job.input(normal(count, 1));
  float* const param = job.in_out(normal(count, 2));
  float* const velocity = job.in_out(normal(count, 3));
  job.set_call([=](sslcuda_context* c) {
    void *const params[] = {param}, *const velocities[] = {velocity};
    const void* const grads[] = {grad};
    return sslcuda_sgd_step(c, SSLCUDA_F32, 1, &count, params, grads, velocities, 0.1, nullptr, 0.9,
                            1e-3, 1);
  });
}

void lars_step(Job& job, int64_t count) {
  const float* const grad = job.input(normal(count, 1));
  float* const param = job.in_out(normal(count, 2));
  float* const velocity = job.in_out(normal(count, 3));
  job.set_call([=](sslcuda_context* c) {
    void *const params[] = {param}, *const velocities[] = {velocity};
    const void* const grads[] = {grad};
    return sslcuda_lars_step(c, SSLCUDA_F32, 1, &count, params, grads, velocities, nullptr, 0.1,
                             nullptr, 0.9, 1e-3, 0.01);
  });
}

void random_uniform(Job& job, int64_t count) {
  float* const y = job.output(count);
  job.set_call([=](sslcuda_context* c) {
    return sslcuda_random_uniform(c, SSLCUDA_F32, count, 1, 2, nullptr, -1, 1, y);
  });
}

void random_normal(Job& job, int64_t count) {
  float* const y = job.output(count);
  job.set_call([=](sslcuda_context* c) {
    return sslcuda_random_normal(c, SSLCUDA_F32, count, 1, 2, nullptr, 0, 1, y);
  });
}

void augment(Job& job, int64_t n, int64_t c, int64_t h) {
  const float* const x = job.input(normal(n * c * h * h, 1));
  float* const y = job.output(2 * n * c * h * h);
  job.set_call([=](sslcuda_context* context) {
    sslcuda_augmentation a = SSLCUDA_AUGMENTATION_INIT;
    a.scale_low = 0.3f, a.degrees = 30, a.shear = 20, a.translate = 0.1f, a.flip = 0.5f;
    a.brightness = 0.2f, a.contrast = 0.4f, a.blur = 0.5f, a.sigma_low = 0.3f, a.sigma_high = 3;
    a.noise = 0.1f, a.drop = 0.1f;
    return sslcuda_augment(context, SSLCUDA_F32, n, c, h, h, x, 2, &a, 1, 2, nullptr, y);
  });
}

}  // namespace sslcuda::test
