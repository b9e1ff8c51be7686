// reparameterize.cu - launches.
#include "kernels/cuda/reparameterize/reparameterize.cuh"

#include "kernels/cuda/ops.hpp"
#include "kernels/cuda/sum/sum.hpp"

namespace sslcuda::cuda {
namespace {

simt::Launch row_blocks(int64_t n, int64_t d, const Exec& exec) {
  simt::Launch launch = row_launch(n, row_lanes(d), stream_of(exec));
  launch.shared_bytes = sizeof(BlockReduceSmem);
  return launch;
}

}  // namespace

size_t reparameterize_forward_workspace(const ReparameterizeForwardArgs& a) {
  return a.kl ? row_blocks(a.n, a.d, {}).grid.x * sizeof(float) : 0;
}

int reparameterize_forward(const Exec& exec, const ReparameterizeForwardArgs& a) {
  const auto partial = static_cast<float*>(exec.workspace);
  const simt::Launch launch = row_blocks(a.n, a.d, exec);
  SSLCUDA_TRY(simt::launch(reparameterize_kernel, launch, a, row_lanes(a.d), partial));
  if (!a.kl) return cudaSuccess;
  return launch_sum(stream_of(exec), partial, launch.grid.x, {0.5f / static_cast<float>(a.n)},
                    a.kl);
}

int reparameterize_backward(const Exec& exec, const ReparameterizeBackwardArgs& a) {
  return simt::launch(reparameterize_backward_kernel, row_blocks(a.n, a.d, exec), a,
                      row_lanes(a.d));
}

}  // namespace sslcuda::cuda
