// contrastive_own.cpp - the columns that one row alone has. They are few: a dot product each.
#include <limits>

#include "kernels/cpu/contrastive.hpp"
#include "kernels/cpu/convert.hpp"
#include "kernels/cpu/parallel.hpp"
#include "kernels/cpu/rows.hpp"

namespace sslcuda::cpu {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

Rows positives_of(const ContrastiveArgs& a) {
  return {a.dtype, a.normalize, a.n, a.d, a.positives, a.ld_positives};
}
Rows negatives_of(const ContrastiveArgs& a) {
  return {a.dtype, a.normalize, a.n * a.negatives_per_row, a.d, a.negatives, a.d};
}

// Is the index in b? Only a graph meets one that is not.
bool is_row(const ContrastiveArgs& a, int64_t index) { return index >= 0 && index < a.m; }

// Equal as numbers: 0 is -0. By their bits, since denormal numbers may count as zero here. NaN is
// equal to itself, which nobody can see: it spoils the row as a positive already.
template <class Bits, class T>
bool same_numbers(int64_t d, const void* x, const void* y) {
  constexpr Bits kMagnitude = std::numeric_limits<Bits>::max() / 2;
  const T* const first = static_cast<const T*>(x);
  return std::equal(first, first + d, static_cast<const T*>(y), [](T one, T other) {
    const auto a = std::bit_cast<Bits>(one), b = std::bit_cast<Bits>(other);
    return a == b || ((a | b) & kMagnitude) == 0;
  });
}

bool same_rows(const ContrastiveArgs& a, int64_t one, int64_t other) {
  if (one == other) return true;
  const void* const x = element(a.dtype, a.b, one * a.ldb);
  const void* const y = element(a.dtype, a.b, other * a.ldb);
  return is_float32(a.dtype) ? same_numbers<uint32_t, float>(a.d, x, y)
                             : same_numbers<uint16_t, uint16_t>(a.d, x, y);
}

void score_samples(const ContrastiveWork& w, int64_t i, float* s) {
  const ContrastiveArgs& a = w.args;
  const int64_t* const indices = a.indices + i * a.sampled;
  for (int64_t k = 0; k < a.sampled; ++k) {
    if (!is_row(a, indices[k])) {
      s[k] = kNaN;
    } else if (k > 0 && is_row(a, indices[0]) && same_rows(a, indices[0], indices[k])) {
      s[k] = -kInfinity;
    } else {
      s[k] = static_cast<float>(w.scale * dot(a.d, w.a.row(i), w.b.row(indices[k])));
    }
  }
}

// Calls visit(rows, index among them, output of their gradient) for each of row i's own columns in
// order.
template <class Visit>
void for_each_own(const ContrastiveArgs& a, int64_t i, const Visit& visit) {
  if (a.positives) visit(positives_of(a), i, a.grad_positives);
  const Rows negatives = negatives_of(a);
  for (int64_t k = 0; k < a.negatives_per_row; ++k) {
    visit(negatives, i * a.negatives_per_row + k, a.grad_negatives);
  }
}

}  // namespace

void score_own(const ContrastiveWork& w, int64_t i, float* scratch, float* s) {
  if (w.args.indices) return score_samples(w, i, s);
  for_each_own(w.args, i, [&](const Rows& x, int64_t index, void*) {
    double norm;
    const float* const row = operand_row(x, index, scratch, &norm);
    *s++ = static_cast<float>(w.scale * dot(x.d, w.a.row(i), row));
  });
}

void own_gradients(const ContrastiveWork& w, int64_t i, const float* g, float* scratch) {
  const ContrastiveArgs& a = w.args;
  if (a.indices) {
    for (int64_t k = 0; k < a.sampled; ++k) {
      const int64_t index = a.indices[i * a.sampled + k];
      if (w.grad_a.rows && is_row(a, index)) {
        add_scaled(a.d, w.scale * g[k], w.b.row(index), w.grad_a.row(i));
      }
    }
    return;
  }
  for_each_own(a, i, [&](const Rows& x, int64_t index, void* output) {
    const float factor = w.scale * *g++;
    double norm;
    const float* const row = operand_row(x, index, scratch, &norm);
    if (w.grad_a.rows) add_scaled(a.d, factor, row, w.grad_a.row(i));
    if (!output) return;
    float* const grad = scratch + a.d;
    scale_row(a.d, factor, w.a.row(i), grad);
    finish_gradient_row(x, index, row, norm, grad, output);
  });
}

// A thread owns some columns of grad_b, and adds the samples of all rows in order.
void scatter_samples(const ContrastiveWork& w, int64_t first, int64_t rows, const float* g) {
  const ContrastiveArgs& a = w.args;
  constexpr int64_t kColumns = 64;
  parallel_pieces(a.d, kColumns, 2 * rows * a.sampled, [&](int64_t begin, int64_t end) {
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t k = 0; k < a.sampled; ++k) {
        const int64_t index = a.indices[(first + r) * a.sampled + k];
        if (!is_row(a, index)) continue;
        add_scaled(end - begin, w.scale * g[r * w.ld + k], w.a.row(first + r) + begin,
                   w.grad_b.row(index) + begin);
      }
    }
  });
}

}  // namespace sslcuda::cpu
