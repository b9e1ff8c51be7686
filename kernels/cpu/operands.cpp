#include "kernels/cpu/operands.hpp"

#include "kernels/cpu/convert.hpp"
#include "kernels/cpu/parallel.hpp"
#include "kernels/cpu/rows.hpp"

namespace sslcuda::cpu {
namespace {

bool is_direct(const Rows& x) { return is_float32(x.dtype) && !x.normalize; }

const void* stored_row(const Rows& x, int64_t i) { return element(x.dtype, x.data, i * x.ld); }

}  // namespace

const float* operand_row(const Rows& x, int64_t i, float* copy, double* norm_of_row) {
  const void* const stored = stored_row(x, i);
  *norm_of_row = 1;
  if (is_direct(x)) return static_cast<const float*>(stored);
  to_float(x.dtype, x.d, stored, copy);
  if (x.normalize) {
    *norm_of_row = norm(x.d, copy);
    normalize_row(x.d, copy, *norm_of_row, copy);
  }
  return copy;
}

Operand make_operand(const Rows& x, Arena& arena) {
  if (is_direct(x)) return {static_cast<const float*>(x.data), x.ld, nullptr};
  auto* const rows = arena.take<float>(x.n * x.d);
  auto* const norms = x.normalize ? arena.take<double>(x.n) : nullptr;
  if (!arena.only_counts()) {
    parallel_for(x.n, 4 * x.d, [&](int64_t i) {
      double norm;
      operand_row(x, i, rows + i * x.d, &norm);
      if (norms) norms[i] = norm;
    });
  }
  return {rows, x.d, norms};
}

Gathered make_gathered(const Rows& x, void* output, Arena& arena) {
  if (!output) return {nullptr, 0};
  if (is_float32(x.dtype)) return {static_cast<float*>(output), x.ld};
  return {arena.take<float>(x.n * x.d), x.d};
}

void finish_gradient_row(const Rows& x, int64_t i, const float* row, double norm, float* grad,
                         void* output) {
  if (x.normalize) normalize_row_gradient(x.d, row, norm, grad, grad);
  void* const stored = element(x.dtype, output, i * x.ld);
  if (stored != grad) from_float(x.dtype, x.d, grad, stored);
}

void finish_gradient(const Rows& x, const Operand& operand, const Gathered& grad, void* output) {
  if (!output || is_direct(x)) return;
  parallel_for(x.n, 8 * x.d, [&](int64_t i) {
    finish_gradient_row(x, i, operand.row(i), operand.norms ? operand.norms[i] : 1, grad.row(i),
                        output);
  });
}

}  // namespace sslcuda::cpu
