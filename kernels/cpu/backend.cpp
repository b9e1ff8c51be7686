#include "kernels/cpu/device.hpp"
#include "kernels/cpu/ops.hpp"

namespace sslcuda::cpu {

const OpTable& op_table() {
  static constexpr OpTable kTable{
      .matmul = {matmul, matmul_workspace},
      .linear_forward = {linear_forward, linear_forward_workspace},
      .linear_backward = {linear_backward, linear_backward_workspace},
      .linear_mse = {linear_mse, linear_mse_workspace},
      .conv2d_forward = {conv2d_forward, conv2d_forward_workspace},
      .conv2d_backward = {conv2d_backward, conv2d_backward_workspace},
      .l2_normalize_forward = {l2_normalize_forward},
      .l2_normalize_backward = {l2_normalize_backward},
      .norm_forward = {norm_forward, norm_forward_workspace},
      .norm_backward = {norm_backward, norm_backward_workspace},
      .pool2d_forward = {pool2d_forward},
      .pool2d_backward = {pool2d_backward},
      .reparameterize_forward = {reparameterize_forward, reparameterize_forward_workspace},
      .reparameterize_backward = {reparameterize_backward},
      .similarity_forward = {similarity_forward, similarity_forward_workspace},
      .similarity_backward = {similarity_backward, similarity_backward_workspace},
      .contrastive = {contrastive, contrastive_workspace},
      .lse_merge = {lse_merge},
      .cross_entropy = {cross_entropy, cross_entropy_workspace},
      .pointwise_loss = {pointwise_loss, pointwise_loss_workspace},
      .adam_step = {adam_step},
      .sgd_step = {sgd_step, sgd_step_workspace},
      .random = {random},
      .gather_images = {gather_images},
      .gather_rows = {gather_rows},
      .rotate90 = {rotate90},
      .rotate = {rotate},
      .augment = {augment},
      .counter_add = {counter_add},
  };
  return kTable;
}

}  // namespace sslcuda::cpu
