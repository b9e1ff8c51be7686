// backend.cu - the table of ops.
#include "kernels/cuda/ops.hpp"

namespace sslcuda::cuda {

const OpTable& op_table() {
  static constexpr OpTable kTable = {
      .matmul = {matmul, matmul_workspace},
      .linear_forward = {linear_forward, linear_forward_workspace},
      .linear_backward = {linear_backward, linear_backward_workspace},
      .linear_mse = {linear_mse, linear_mse_workspace},
      .conv2d_forward = {conv2d_forward, nullptr},
      .conv2d_backward = {conv2d_backward, conv2d_backward_workspace},
      .l2_normalize_forward = {l2_normalize_forward, nullptr},
      .l2_normalize_backward = {l2_normalize_backward, nullptr},
      .norm_forward = {norm_forward, norm_forward_workspace},
      .norm_backward = {norm_backward, norm_backward_workspace},
      .pool2d_forward = {pool2d_forward, nullptr},
      .pool2d_backward = {pool2d_backward, nullptr},
      .reparameterize_forward = {reparameterize_forward, reparameterize_forward_workspace},
      .reparameterize_backward = {reparameterize_backward, nullptr},
      .similarity_forward = {similarity_forward, similarity_forward_workspace},
      .similarity_backward = {similarity_backward, similarity_backward_workspace},
      .contrastive = {contrastive, contrastive_workspace},
      .lse_merge = {lse_merge, nullptr},
      .cross_entropy = {cross_entropy, cross_entropy_workspace},
      .pointwise_loss = {pointwise_loss, pointwise_loss_workspace},
      .adam_step = {adam_step, nullptr},
      .sgd_step = {sgd_step, sgd_step_workspace},
      .random = {random, nullptr},
      .gather_images = {gather_images, nullptr},
      .gather_rows = {gather_rows, nullptr},
      .rotate90 = {rotate90, nullptr},
      .rotate = {rotate, nullptr},
      .augment = {augment, augment_workspace},
      .counter_add = {counter_add, nullptr},
  };
  return kTable;
}

}  // namespace sslcuda::cuda
