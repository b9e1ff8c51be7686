// job_random.hpp - calls of what draws random numbers, and of SGD and LARS, for job.cpp.
#pragma once

#include "tests/gpu/job.hpp"

namespace sslcuda::test {

void sgd_step(Job& job, int64_t count);
void lars_step(Job& job, int64_t count);
void random_uniform(Job& job, int64_t count);
void random_normal(Job& job, int64_t count);
// Two views of n images of c x h x h, with every stage.
void augment(Job& job, int64_t n, int64_t c, int64_t h);

}  // namespace sslcuda::test
