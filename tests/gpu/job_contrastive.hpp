// job_contrastive.hpp - jobs of sslcuda_contrastive, and tensors of any storage type for jobs.
#pragma once

#include "tests/gpu/job.hpp"

namespace sslcuda::test {

const void* tensor_input(Job& job, int32_t dtype, const Floats& x);
void* tensor_output(Job& job, int32_t dtype, int64_t count);

// n rows, m columns where the kind leaves the choice, width d.
void contrastive(Job& job, int32_t kind, int32_t dtype, int64_t n, int64_t m, int64_t d);
// InfoNCE with positives of the rows' own and a queue of m; and with m classes.
void contrastive_queue(Job& job, int32_t dtype, int64_t n, int64_t m, int64_t d);
void contrastive_classes(Job& job, int32_t dtype, int64_t n, int64_t m, int64_t d);

}  // namespace sslcuda::test
