// kernels.hpp - small kernels, each once with a fault and once without, for test_emulator.cpp.
#pragma once

#include <device/simt.cuh>

namespace emulator::test {

// Writes 64 floats. Correct where `faulty` is false.
using Kernel = cudaError_t (*)(bool faulty, float* out);

cudaError_t reverse_without_barrier(bool faulty, float* out);
cudaError_t barrier_in_a_branch(bool faulty, float* out);
cudaError_t barrier_after_a_return(bool faulty, float* out);
cudaError_t shared_write_behind_the_end(bool faulty, float* out);
cudaError_t too_little_shared_memory(bool faulty, float* out);
cudaError_t shared_read_before_write(bool faulty, float* out);
cudaError_t shuffle_masks_that_differ(bool faulty, float* out);
cudaError_t shuffle_from_outside_the_mask(bool faulty, float* out);
cudaError_t shared_write_after_read(bool faulty, float* out);
cudaError_t blocks_that_write_the_same(bool faulty, float* out);
cudaError_t copy_without_wait(bool faulty, float* out);
cudaError_t copy_unfinished_at_the_end(bool faulty, float* out);
cudaError_t copy_by_another_without_barrier(bool faulty, float* out);
cudaError_t barrier_counts_that_differ(bool faulty, float* out);
cudaError_t grid_barrier_without_cooperation(bool faulty, float* out);
cudaError_t neighbour_that_has_returned(bool faulty, float* out);
cudaError_t neighbour_read_too_early(bool faulty, float* out);
cudaError_t cluster_arrivals_without_wait(bool faulty, float* out);
cudaError_t more_registers_than_there_are(bool faulty, float* out);

}  // namespace emulator::test
