// warp_matrix.hpp - matrices that lie across the registers of a warp: ldmatrix, stmatrix, mma.sync.
#pragma once

#include <cstdint>

#include "tests/emulator/address.hpp"
#include "tests/emulator/wgmma.hpp"

namespace emulator {

// `count` matrices of 8 x 8 16-bit numbers, one register each; lane 8 i + r gives the address of
// row r of matrix i.
void ldmatrix(uint32_t* registers, unsigned count, bool transposed, uint32_t row,
              const Where& where);
void stmatrix(uint32_t row, const uint32_t* registers, unsigned count, bool transposed,
              const Where& where);

// d[16][8] += a[16][k] b[k][8], k 16 (bf16, f16) or 8 (tf32), in the fragments of the PTX ISA.
void mma(MatrixType type, float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2],
         const Where& where);

}  // namespace emulator
