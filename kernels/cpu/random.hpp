// random.hpp - loops over blocks of random numbers.
#pragma once

#include "kernels/philox.hpp"

namespace sslcuda::cpu {

// y[4 b + i] = shift + scale times number i of block first_place + b.
void uniform_blocks(uint64_t seed, uint64_t sequence, uint64_t first_place, int64_t blocks,
                    float shift, float scale, float* y);
void normal_blocks(uint64_t seed, uint64_t sequence, uint64_t first_place, int64_t blocks,
                   float shift, float scale, float* y);

}  // namespace sslcuda::cpu
