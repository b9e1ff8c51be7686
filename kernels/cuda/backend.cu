// backend.cu - the table of ops.
#include "kernels/cuda/ops.hpp"

namespace sslcuda::cuda {

const OpTable& op_table() {
  static constexpr OpTable kTable = {
      .matmul = {matmul, matmul_workspace},
      .linear_forward = {linear_forward, linear_forward_workspace},
      .linear_backward = {linear_backward, linear_backward_workspace},
      .conv2d_forward = {conv2d_forward, nullptr},
      .conv2d_backward = {conv2d_backward, conv2d_backward_workspace},
      .l2_normalize_forward = {l2_normalize_forward, nullptr},
      .l2_normalize_backward = {l2_normalize_backward, nullptr},
      .similarity_forward = {similarity_forward, similarity_forward_workspace},
      .similarity_backward = {similarity_backward, similarity_backward_workspace},
      .contrastive = {contrastive, contrastive_workspace},
      .lse_merge = {lse_merge, nullptr},
      .cross_entropy = {cross_entropy, cross_entropy_workspace},
      .mse = {mse, mse_workspace},
      .adam_step = {adam_step, nullptr},
      .gather_images = {gather_images, nullptr},
      .gather_rows = {gather_rows, nullptr},
      .rotate90 = {rotate90, nullptr},
      .rotate = {rotate, nullptr},
      .counter_add = {counter_add, nullptr},
  };
  return kTable;
}

}  // namespace sslcuda::cuda
