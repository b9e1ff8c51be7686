// counter_add.cu - launch.
#include "kernels/cuda/counter_add/counter_add.cuh"

#include <device/launch.hpp>

#include "kernels/cuda/ops.hpp"

namespace sslcuda::cuda {

int counter_add(const Exec& exec, const CounterAddArgs& a) {
  return simt::launch(counter_add_kernel<CounterTile>,
                      {grid_1d(1), CounterTile::kThreads, 0, stream_of(exec)}, a);
}

}  // namespace sslcuda::cuda
