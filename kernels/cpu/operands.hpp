// operands.hpp - rows that a product takes as float32, of unit length if wanted, and the way back:
// from the gradient of those rows to that of the tensor.
#pragma once

#include "kernels/args.hpp"
#include "kernels/cpu/arena.hpp"

namespace sslcuda::cpu {

// Rows of a tensor in its storage type, ld elements apart.
struct Rows {
  DType dtype;
  bool normalize;
  int64_t n, d;
  const void* data;
  int64_t ld;
};

// The tensor's own rows where they are float32 and count as they are, else a copy.
struct Operand {
  const float* rows;
  int64_t ld;
  const double* norms;  // [n]; null unless normalised

  const float* row(int64_t i) const { return rows + i * ld; }
};

Operand make_operand(const Rows& x, Arena& arena);

// One row as an operand has it: its place, or `copy` [d] with what is there now.
const float* operand_row(const Rows& x, int64_t i, float* copy, double* norm);

// Where a gradient with respect to operand rows is gathered in float32: in the output itself if
// that is float32. Null rows: not wanted.
struct Gathered {
  float* rows;
  int64_t ld;

  float* row(int64_t i) const { return rows + i * ld; }
};

Gathered make_gathered(const Rows& x, void* output, Arena& arena);

// Turns row i of the gradient, at `grad`, into that of the tensor, which goes to `output`.
void finish_gradient_row(const Rows& x, int64_t i, const float* row, double norm, float* grad,
                         void* output);
void finish_gradient(const Rows& x, const Operand& operand, const Gathered& grad, void* output);

}  // namespace sslcuda::cpu
