// cudnn.hpp - peers on CUDA: cuDNN, with the algorithms that its search finds fastest, in float32
// without TF32, as ours. A plug-in.
#pragma once

#include "perf/src/peers/plugin.hpp"
#include "perf/src/peers/tensors.hpp"

namespace sslcuda::perf::cudnn {

struct Table {
  Side (*conv2d_forward)(const Library& library, const ConvTensors& t);
  Side (*conv2d_backward)(const Library& library, const ConvTensors& t);
  Side (*softmax)(const Library& library, const SoftmaxTensors& t);
};

const Plugin<Table>& plugin();

inline Side absent() { return absent_side("cuDNN", plugin().absent); }

inline Side conv2d_forward(const Library& library, const ConvTensors& t) {
  const Table* const table = plugin().table;
  return table ? table->conv2d_forward(library, t) : absent();
}
inline Side conv2d_backward(const Library& library, const ConvTensors& t) {
  const Table* const table = plugin().table;
  return table ? table->conv2d_backward(library, t) : absent();
}
inline Side softmax(const Library& library, const SoftmaxTensors& t) {
  const Table* const table = plugin().table;
  return table ? table->softmax(library, t) : absent();
}

}  // namespace sslcuda::perf::cudnn
