// linear.cu - y = act(x W^T + bias) as one product; its gradients as two products and a column sum.
#include "kernels/cuda/linear/linear.cuh"

#include "kernels/cuda/gemm/gemm.hpp"
#include "kernels/cuda/ops.hpp"
#include "kernels/cuda/sum/sum.hpp"

namespace sslcuda::cuda {

namespace {

Product forward_product(const LinearForwardArgs& a) {
  return {a.dtype, false, true, a.n, a.out, a.in, a.x, a.in, a.weight, a.in};
}

// g: grad_y act'(u)
Product grad_x_product(const LinearBackwardArgs& a, const void* g) {
  return {a.dtype, false, false, a.n, a.in, a.out, g, a.out, a.weight, a.in};
}

Product grad_weight_product(const LinearBackwardArgs& a, const void* g) {
  return {a.dtype, true, false, a.out, a.in, a.n, g, a.out, a.x, a.in};
}

struct LinearBackwardWorkspace {
  LinearBackwardWorkspace(const LinearBackwardArgs& a, void* base) {
    WorkspaceLayout layout(base);
    const bool has_g = a.activation != Activation::kNone;
    g = has_g ? layout.bytes(a.n * a.out * element_size(a.dtype)) : nullptr;
    const size_t grad_x = a.grad_x ? gemm_workspace(grad_x_product(a, g)) : 0;
    const size_t grad_weight = a.grad_weight ? gemm_workspace(grad_weight_product(a, g)) : 0;
    const size_t grad_bias = a.grad_bias ? column_sum_workspace(a.n, a.out) : 0;
    shared = layout.bytes(std::max({grad_x, grad_weight, grad_bias}));
    used = layout.used();
  }

  void* g;  // [n, out]; null without an activation
  void* shared;
  size_t used;
};

cudaError_t launch_activation_gradient(cudaStream_t stream, const LinearBackwardArgs& a, void* g) {
  using Tile = ActivationGradientTile;
  return visit_storage(a.dtype, [&](auto storage) {
    using T = decltype(storage);
    return simt::launch(activation_gradient_kernel<Tile, T>,
                        {grid_1d(ceil_div(a.n * a.out, Tile::kThreads)), Tile::kThreads, 0, stream},
                        a, static_cast<T*>(g));
  });
}

}  // namespace

size_t linear_forward_workspace(const LinearForwardArgs& a) {
  return gemm_workspace(forward_product(a));
}

int linear_forward(const Exec& exec, const LinearForwardArgs& a) {
  return gemm(stream_of(exec), exec.workspace, forward_product(a),
              {.c = a.y, .ldc = a.out, .bias = a.bias, .activation = a.activation});
}

size_t linear_backward_workspace(const LinearBackwardArgs& a) {
  return LinearBackwardWorkspace(a, nullptr).used;
}

int linear_backward(const Exec& exec, const LinearBackwardArgs& a) {
  const cudaStream_t stream = stream_of(exec);
  const LinearBackwardWorkspace workspace(a, exec.workspace);
  const void* g = a.grad_y;
  if (workspace.g) {
    SSLCUDA_TRY(launch_activation_gradient(stream, a, workspace.g));
    g = workspace.g;
  }
  if (a.grad_x) {
    SSLCUDA_TRY(gemm(stream, workspace.shared, grad_x_product(a, g), {.c = a.grad_x, .ldc = a.in}));
  }
  if (a.grad_weight) {
    SSLCUDA_TRY(gemm(stream, workspace.shared, grad_weight_product(a, g),
                     {.c = a.grad_weight, .ldc = a.in}));
  }
  if (!a.grad_bias) return cudaSuccess;
  return launch_column_sum(stream, workspace.shared, g, a.n, a.out, a.grad_bias, a.dtype);
}

}  // namespace sslcuda::cuda
