// contrastive_input.hpp - one valid set of arguments per kind, of any size.
#pragma once

#include "tests/ops/number.hpp"
#include "tests/reference/contrastive.hpp"

namespace sslcuda::test {

using reference::ContrastiveInput;
using reference::Integers;

constexpr int32_t kKinds[] = {SSLCUDA_INFONCE,   SSLCUDA_CLIP,   SSLCUDA_NTXENT, SSLCUDA_SUPCON,
                              SSLCUDA_SUPCON_IN, SSLCUDA_SIGLIP, SSLCUDA_SAMPLED};

inline const char* kind_name(int32_t kind) {
  constexpr const char* kNames[] = {"INFONCE",   "CLIP",   "NTXENT", "SUPCON",
                                    "SUPCON_IN", "SIGLIP", "SAMPLED"};
  return kNames[kind];
}

inline Integers random_integers(int64_t count, int64_t below, uint64_t seed) {
  std::mt19937_64 generator(seed);
  Integers values(static_cast<size_t>(count));
  for (int64_t& value : values) value = static_cast<int64_t>(generator() % below);
  return values;
}

// Rows of unit length but for the rounding to storage.
inline Vector unit_rows(int32_t dtype, int64_t n, int64_t d, const Floats& x) {
  return wide(rounded(dtype, narrow(reference::l2_normalize_forward(n, d, wide(x)).y)));
}
inline Vector unit_rows(int32_t dtype, int64_t n, int64_t d, uint64_t seed) {
  return unit_rows(dtype, n, d, normal(n * d, seed));
}

// m counts where the kind allows another number of columns than n. SAMPLED has six candidates per
// row, some of them twice and some the row's positive itself.
inline ContrastiveInput contrastive_input(int32_t kind, int32_t dtype, int64_t n, int64_t m,
                                          int64_t d, uint64_t seed = 1) {
  ContrastiveInput in{kind, n, m, d, unit_rows(dtype, n, d, seed), {}};
  in.tau = 0.1f;
  if (in.within_a()) {
    in.m = n;
    if (kind != SSLCUDA_NTXENT) in.labels = random_integers(n, n / 3 + 1, seed + 2);
    return in;
  }
  if (kind == SSLCUDA_CLIP) in.m = n;
  in.b = unit_rows(dtype, in.m, d, seed + 1);
  if (kind == SSLCUDA_INFONCE && in.m < n) in.labels = random_integers(n, in.m, seed + 2);
  if (kind == SSLCUDA_SIGLIP) in.bias = -2;
  if (kind == SSLCUDA_SAMPLED) {
    in.sampled = 6;
    in.indices = random_integers(n * in.sampled, in.m, seed + 2);
    for (int64_t i = 0; i < n; ++i) {
      const auto row = in.indices.begin() + i * in.sampled;
      row[3] = row[2];
      if (i % 2) row[4] = row[0];
    }
  }
  return in;
}

}  // namespace sslcuda::test
