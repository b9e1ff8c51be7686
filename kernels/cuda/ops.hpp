// ops.hpp - the ops of the CUDA backend. Each returns a cudaError_t. An op with scratch has a
// <op>_workspace() that gives the bytes for the same arguments.
#pragma once

#include "kernels/backend.hpp"

namespace sslcuda::cuda {

int matmul(const Exec&, const MatmulArgs&);
size_t matmul_workspace(const MatmulArgs&);
int linear_forward(const Exec&, const LinearForwardArgs&);
size_t linear_forward_workspace(const LinearForwardArgs&);
int linear_backward(const Exec&, const LinearBackwardArgs&);
size_t linear_backward_workspace(const LinearBackwardArgs&);
int linear_mse(const Exec&, const LinearMseArgs&);
size_t linear_mse_workspace(const LinearMseArgs&);
int conv2d_forward(const Exec&, const Conv2dForwardArgs&);
int conv2d_backward(const Exec&, const Conv2dBackwardArgs&);
size_t conv2d_backward_workspace(const Conv2dBackwardArgs&);
int l2_normalize_forward(const Exec&, const L2NormalizeForwardArgs&);
int l2_normalize_backward(const Exec&, const L2NormalizeBackwardArgs&);
int norm_forward(const Exec&, const NormForwardArgs&);
size_t norm_forward_workspace(const NormForwardArgs&);
int norm_backward(const Exec&, const NormBackwardArgs&);
size_t norm_backward_workspace(const NormBackwardArgs&);
int pool2d_forward(const Exec&, const Pool2dForwardArgs&);
int pool2d_backward(const Exec&, const Pool2dBackwardArgs&);
int reparameterize_forward(const Exec&, const ReparameterizeForwardArgs&);
size_t reparameterize_forward_workspace(const ReparameterizeForwardArgs&);
int reparameterize_backward(const Exec&, const ReparameterizeBackwardArgs&);
int similarity_forward(const Exec&, const SimilarityForwardArgs&);
size_t similarity_forward_workspace(const SimilarityForwardArgs&);
int similarity_backward(const Exec&, const SimilarityBackwardArgs&);
size_t similarity_backward_workspace(const SimilarityBackwardArgs&);
int contrastive(const Exec&, const ContrastiveArgs&);
size_t contrastive_workspace(const ContrastiveArgs&);
int lse_merge(const Exec&, const LseMergeArgs&);
int cross_entropy(const Exec&, const CrossEntropyArgs&);
size_t cross_entropy_workspace(const CrossEntropyArgs&);
int pointwise_loss(const Exec&, const PointwiseLossArgs&);
size_t pointwise_loss_workspace(const PointwiseLossArgs&);
int adam_step(const Exec&, const AdamArgs&);
int sgd_step(const Exec&, const SgdArgs&);
size_t sgd_step_workspace(const SgdArgs&);
int random(const Exec&, const RandomArgs&);
int gather_images(const Exec&, const GatherImagesArgs&);
int gather_rows(const Exec&, const GatherRowsArgs&);
int rotate90(const Exec&, const Rotate90Args&);
int rotate(const Exec&, const RotateArgs&);
int augment(const Exec&, const AugmentArgs&);
size_t augment_workspace(const AugmentArgs&);
int counter_add(const Exec&, const CounterAddArgs&);

const OpTable& op_table();

}  // namespace sslcuda::cuda
