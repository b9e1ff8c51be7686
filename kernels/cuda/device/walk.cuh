// walk.cuh - every step-th place of a matrix, as row and column, without a division for each.
#pragma once

#include <device/simt.cuh>

namespace sslcuda::cuda {

struct Walk {
  int64_t row, column, width;
  int64_t row_step, column_step;

  __device__ Walk(int64_t first, int64_t step, int64_t row_width)
      : row(first / row_width),
        column(first % row_width),
        width(row_width),
        row_step(step / row_width),
        column_step(step % row_width) {}

  __device__ void next() {
    row += row_step;
    column += column_step;
    if (column < width) return;
    column -= width;
    ++row;
  }
};

}  // namespace sslcuda::cuda
