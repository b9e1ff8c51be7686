// linear.cu - y = act(x W^T + bias) as one product; its gradients as two products and a column sum.
#include "kernels/cuda/linear/linear.cuh"

#include "kernels/cuda/gemm/gemm.hpp"
#include "kernels/cuda/ops.hpp"
#include "kernels/cuda/sum/sum.hpp"

namespace sslcuda::cuda {

size_t linear_forward_workspace(const LinearForwardArgs& a) {
  return gemm_workspace(a.n, a.out, a.in);
}

int linear_forward(const Exec& exec, const LinearForwardArgs& a) {
  return gemm(stream_of(exec), exec.workspace,
              {GemmLayout::kNT, a.n, a.out, a.in, a.x, a.in, a.weight, a.in, a.y, a.out},
              BiasActivation{a.bias, a.activation});
}

namespace {

struct LinearBackwardWorkspace {
  LinearBackwardWorkspace(const LinearBackwardArgs& a, void* base) {
    WorkspaceLayout layout(base);
    g = a.activation == Activation::kNone ? nullptr : layout.floats(a.n * a.out);
    const size_t grad_x = a.grad_x ? gemm_workspace(a.n, a.in, a.out) : 0;
    const size_t grad_weight = a.grad_weight ? gemm_workspace(a.out, a.in, a.n) : 0;
    const size_t grad_bias = a.grad_bias ? column_sum_workspace(a.n, a.out) : 0;
    shared = layout.bytes(std::max({grad_x, grad_weight, grad_bias}));
    used = layout.used();
  }

  float* g;  // [n, out]; null without an activation
  void* shared;
  size_t used;
};

}  // namespace

size_t linear_backward_workspace(const LinearBackwardArgs& a) {
  return LinearBackwardWorkspace(a, nullptr).used;
}

int linear_backward(const Exec& exec, const LinearBackwardArgs& a) {
  const cudaStream_t stream = stream_of(exec);
  const LinearBackwardWorkspace workspace(a, exec.workspace);
  const float* g = a.grad_y;
  if (a.activation != Activation::kNone) {
    using Tile = ActivationGradientTile;
    SSLCUDA_TRY(
        simt::launch(activation_gradient_kernel<Tile>,
                     {grid_1d(ceil_div(a.n * a.out, Tile::kThreads)), Tile::kThreads, 0, stream}, a,
                     workspace.g));
    g = workspace.g;
  }
  if (a.grad_x) {
    SSLCUDA_TRY(gemm(stream, workspace.shared,
                     {GemmLayout::kNN, a.n, a.in, a.out, g, a.out, a.weight, a.in, a.grad_x, a.in},
                     Divide{}));
  }
  if (a.grad_weight) {
    SSLCUDA_TRY(gemm(stream, workspace.shared,
                     {GemmLayout::kTN, a.out, a.in, a.n, g, a.out, a.x, a.in, a.grad_weight, a.in},
                     Divide{}));
  }
  if (!a.grad_bias) return cudaSuccess;
  return launch_column_sum(stream, workspace.shared, g, a.n, a.out, a.grad_bias);
}

}  // namespace sslcuda::cuda
