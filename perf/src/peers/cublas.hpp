// cublas.hpp - peers on CUDA: cuBLASLt, with the fastest of the algorithms its heuristic offers, in
// the storage type of ours; float32 without TF32. A plug-in.
#pragma once

#include "perf/src/ceilings.hpp"
#include "perf/src/device.hpp"
#include "perf/src/peers/plugin.hpp"
#include "perf/src/peers/tensors.hpp"

namespace sslcuda::perf::cublas {

struct Table {
  GemmRates (*gemm_rates)(const Library& library, Device& device);
  Side (*linear_forward)(const Library& library, const LinearTensors& t);
  Side (*linear_backward)(const Library& library, const LinearTensors& t);
  Side (*products)(const Library& library, const std::vector<Product>& products,
                   const std::string& computes);
  Side (*contrastive)(const Library& library, const ContrastiveTensors& t, bool scores);
};

const Plugin<Table>& plugin();

inline Side absent() { return absent_side("cuBLASLt", plugin().absent); }

// Zero where cuBLAS is absent.
inline GemmRates gemm_rates(const Library& library, Device& device) {
  const Table* const table = plugin().table;
  return table ? table->gemm_rates(library, device) : GemmRates{};
}
inline Side linear_forward(const Library& library, const LinearTensors& t) {
  const Table* const table = plugin().table;
  return table ? table->linear_forward(library, t) : absent();
}
inline Side linear_backward(const Library& library, const LinearTensors& t) {
  const Table* const table = plugin().table;
  return table ? table->linear_backward(library, t) : absent();
}
inline Side products(const Library& library, const std::vector<Product>& products,
                     const std::string& computes) {
  const Table* const table = plugin().table;
  return table ? table->products(library, products, computes) : absent();
}

// The products of a loss of the family, in waves of rows whose scores fit a few hundred megabytes:
// the scores if they are wanted, then a product for each gradient of t.
inline Side contrastive(const Library& library, const ContrastiveTensors& t, bool scores) {
  const Table* const table = plugin().table;
  return table ? table->contrastive(library, t, scores) : absent();
}

}  // namespace sslcuda::perf::cublas
