// Every sum has one order, whatever tile computes it: lanes over the width for y, rows in order for
// grad_weight, outputs in order for grad_x.
#include "kernels/cpu/narrow.hpp"

#include "kernels/cpu/lanes.hpp"
#include "kernels/cpu/parallel.hpp"

namespace sslcuda::cpu {
namespace {

constexpr int64_t kMostOutputs = 8;
constexpr int64_t kRows = 8;      // of x, in one piece of the work
constexpr int64_t kBlock = 1024;  // columns at a time: four rows of weights stay in the first cache

// sums[r][o] += x[r] * weight[o], lane by lane, over `count` columns of kTile rows.
template <int kLanes, int kTile, int kOutputs>
__attribute__((always_inline)) inline void add_products(int64_t count, int64_t in, const float* x,
                                                        const float* weight,
                                                        Lanes<kLanes> (*sums)[kOutputs]) {
  Lanes<kLanes> held[kTile][kOutputs];
  std::copy(&sums[0][0], &sums[0][0] + kTile * kOutputs, &held[0][0]);
  for (int64_t k = 0; k < count; k += kLanes) {
    Lanes<kLanes> row[kTile];
    for (int r = 0; r < kTile; ++r) row[r] = load<kLanes>(x + r * in + k);
    for (int o = 0; o < kOutputs; ++o) {
      const Lanes<kLanes> w = load<kLanes>(weight + o * in + k);
      for (int r = 0; r < kTile; ++r) held[r][o] += row[r] * w;
    }
  }
  std::copy(&held[0][0], &held[0][0] + kTile * kOutputs, &sums[0][0]);
}

// kOutputs columns of y, for n <= kRows rows.
template <int kLanes, int kOutputs>
__attribute__((always_inline)) inline void forward_group(int64_t n, int64_t in, int64_t out,
                                                         const float* x, const float* weight,
                                                         float* y) {
  Lanes<kLanes> sums[kRows][kOutputs] = {};
  const int64_t whole = in / kLanes * kLanes;
  for (int64_t k = 0; k < whole; k += kBlock) {
    const int64_t count = std::min(kBlock, whole - k);
    int64_t i = 0;
    for (; i + 2 <= n; i += 2) {
      add_products<kLanes, 2, kOutputs>(count, in, x + i * in + k, weight + k, sums + i);
    }
    if (i < n) add_products<kLanes, 1, kOutputs>(count, in, x + i * in + k, weight + k, sums + i);
  }
  for (int64_t i = 0; i < n; ++i) {
    for (int o = 0; o < kOutputs; ++o) {
      float sum = total(sums[i][o]);
      for (int64_t k = whole; k < in; ++k) sum += x[i * in + k] * weight[o * in + k];
      y[i * out + o] = sum;
    }
  }
}

template <int kLanes>
__attribute__((always_inline)) inline void forward_rows(int64_t n, int64_t in, int64_t out,
                                                        const float* x, const float* weight,
                                                        float* y) {
  int64_t o = 0;
  for (; o + 4 <= out; o += 4) forward_group<kLanes, 4>(n, in, out, x, weight + o * in, y + o);
  for (; o < out; ++o) forward_group<kLanes, 1>(n, in, out, x, weight + o * in, y + o);
}

template <int kLanes, int kTile>
__attribute__((always_inline)) inline void grad_x_tile(int64_t in, int64_t out, const float* g,
                                                       const float* weight, float* grad_x) {
  int64_t k = 0;
  for (; k + kLanes <= in; k += kLanes) {
    Lanes<kLanes> sums[kTile] = {};
    for (int64_t o = 0; o < out; ++o) {
      const Lanes<kLanes> w = load<kLanes>(weight + o * in + k);
      for (int r = 0; r < kTile; ++r) sums[r] += g[r * out + o] * w;
    }
    for (int r = 0; r < kTile; ++r) store(sums[r], grad_x + r * in + k);
  }
  for (; k < in; ++k) {
    for (int r = 0; r < kTile; ++r) {
      float sum = 0;
      for (int64_t o = 0; o < out; ++o) sum += g[r * out + o] * weight[o * in + k];
      grad_x[r * in + k] = sum;
    }
  }
}

template <int kLanes>
__attribute__((always_inline)) inline void grad_x_rows(int64_t n, int64_t in, int64_t out,
                                                       const float* g, const float* weight,
                                                       float* grad_x) {
  int64_t i = 0;
  for (; i + 4 <= n; i += 4) grad_x_tile<kLanes, 4>(in, out, g + i * out, weight, grad_x + i * in);
  for (; i < n; ++i) grad_x_tile<kLanes, 1>(in, out, g + i * out, weight, grad_x + i * in);
}

// Columns [begin, end) of kOutputs rows of grad_weight, kStrips strips at a time. Their part of x
// is small enough to be still there for the next outputs.
template <int kLanes, int kOutputs>
__attribute__((always_inline)) inline void grad_weight_group(int64_t n, int64_t in, int64_t out,
                                                             int64_t begin, int64_t end,
                                                             const float* g, const float* x,
                                                             float* grad_weight) {
  constexpr int kStrips = 4;
  int64_t k = begin;
  for (; k + kStrips * kLanes <= end; k += kStrips * kLanes) {
    Lanes<kLanes> sums[kOutputs][kStrips] = {};
    for (int64_t i = 0; i < n; ++i) {
      for (int strip = 0; strip < kStrips; ++strip) {
        const Lanes<kLanes> row = load<kLanes>(x + i * in + k + strip * kLanes);
        for (int o = 0; o < kOutputs; ++o) sums[o][strip] += g[i * out + o] * row;
      }
    }
    for (int o = 0; o < kOutputs; ++o) {
      for (int strip = 0; strip < kStrips; ++strip) {
        store(sums[o][strip], grad_weight + o * in + k + strip * kLanes);
      }
    }
  }
  for (; k < end; ++k) {
    for (int o = 0; o < kOutputs; ++o) {
      float sum = 0;
      for (int64_t i = 0; i < n; ++i) sum += g[i * out + o] * x[i * in + k];
      grad_weight[o * in + k] = sum;
    }
  }
}

template <int kLanes>
__attribute__((always_inline)) inline void grad_weight_columns(int64_t n, int64_t in, int64_t out,
                                                               int64_t begin, int64_t end,
                                                               const float* g, const float* x,
                                                               float* grad_weight) {
  int64_t o = 0;
  for (; o + 2 <= out; o += 2) {
    grad_weight_group<kLanes, 2>(n, in, out, begin, end, g + o, x, grad_weight + o * in);
  }
  if (o < out) grad_weight_group<kLanes, 1>(n, in, out, begin, end, g + o, x, grad_weight + o * in);
}

}  // namespace

bool suits_narrow(int64_t in, int64_t out) { return out <= kMostOutputs && in >= 4 * kMostLanes; }

void narrow_forward(int64_t n, int64_t in, int64_t out, const float* x, const float* weight,
                    float* y) {
  parallel_pieces(n, kRows, in * out, [&](int64_t begin, int64_t end) {
    run_widest([&]<int kLanes>() __attribute__((always_inline)) {
      forward_rows<kLanes>(end - begin, in, out, x + begin * in, weight, y + begin * out);
    });
  });
}

void narrow_grad_x(int64_t n, int64_t in, int64_t out, const float* g, const float* weight,
                   float* grad_x) {
  parallel_pieces(n, kRows, in * out, [&](int64_t begin, int64_t end) {
    run_widest([&]<int kLanes>() __attribute__((always_inline)) {
      grad_x_rows<kLanes>(end - begin, in, out, g + begin * out, weight, grad_x + begin * in);
    });
  });
}

void narrow_grad_weight(int64_t n, int64_t in, int64_t out, const float* g, const float* x,
                        float* grad_weight) {
  constexpr int64_t kColumns = 128;
  parallel_pieces(in, kColumns, n * out, [&](int64_t begin, int64_t end) {
    run_widest([&]<int kLanes>() __attribute__((always_inline)) {
      grad_weight_columns<kLanes>(n, in, out, begin, end, g, x, grad_weight);
    });
  });
}

}  // namespace sslcuda::cpu
