// norm_backward.cpp - gradients of batch and group normalisation, as norm_work.hpp has it.
#include "kernels/cpu/norm_image.hpp"
#include "kernels/cpu/norm_work.hpp"
#include "kernels/cpu/ops.hpp"

namespace sslcuda::cpu {
namespace {

// Neighbouring channels of one image, as a backward pass sees them.
struct ImagePart {
  const float *x, *y, *grad_y;
  float* grad_x;

  ImagePart(const NormBackwardArgs& a, int64_t image, int64_t channel) {
    const int64_t at = (image * a.shape.c + channel) * a.shape.plane;
    x = a.x + at;
    y = a.activation == Activation::kRelu ? a.y + at : nullptr;
    grad_y = a.grad_y + at;
    grad_x = a.grad_x ? a.grad_x + at : nullptr;
  }
};

// What image_gradient() wants of a channel, from the sums over its set of weight g and of
// weight g (x - mean), divided by their number.
enum { kGradMean, kGradScale, kOffset, kSlope };

struct ChannelGradient {
  float *mean, *scale, *offset, *slope;

  ChannelGradient(const NormWork& work, int64_t chunk, int64_t channel)
      : mean(work.coefficients(kGradMean, chunk, channel)),
        scale(work.coefficients(kGradScale, chunk, channel)),
        offset(work.coefficients(kOffset, chunk, channel)),
        slope(work.coefficients(kSlope, chunk, channel)) {}

  void set(int64_t j, float weight, double rstd, double sum, double product) const {
    scale[j] = static_cast<float>(weight * rstd);
    offset[j] = static_cast<float>(rstd * sum);
    slope[j] = static_cast<float>(rstd * rstd * rstd * product);
  }
  ImageGradient from(int64_t j) const { return {mean + j, scale + j, offset + j, slope + j}; }
};

void batch_backward(const NormBackwardArgs& a, const NormWork& work) {
  const NormShape& s = a.shape;
  for_each_piece(s, [&](const NormPiece& p) {
    work.clear(0, p);
    work.clear(1, p);
    for (int64_t i = p.image_begin; i < p.image_end; ++i) {
      const ImagePart part(a, i, p.channel);
      add_gradient_sums(p.channels, s.plane, part.x, a.mean + p.channel, part.y, part.grad_y,
                        work.sums(0, p.chunk, p.channel), work.sums(1, p.chunk, p.channel));
    }
  });
  const ChannelGradient channel(work, 0, 0);
  const auto count = static_cast<double>(s.count());
  for (int64_t j = 0; j < s.c; ++j) {
    const double sum = work.total(0, j), product = work.total(1, j), rstd = a.rstd[j];
    const float weight = weight_of(a.weight, j);
    if (a.grad_bias) a.grad_bias[j] = static_cast<float>(sum);
    if (a.grad_weight) a.grad_weight[j] = static_cast<float>(product * rstd);
    channel.mean[j] = a.mean[j];
    channel.set(j, weight, rstd, weight * sum / count, weight * product / count);
  }
  if (!a.grad_x) return;
  for_each_piece(s, [&](const NormPiece& p) {
    for (int64_t i = p.image_begin; i < p.image_end; ++i) {
      const ImagePart part(a, i, p.channel);
      image_gradient(p.channels, s.plane, a.training ? part.x : nullptr, channel.from(p.channel),
                     part.y, part.grad_y, part.grad_x);
    }
  });
}

// One group of one image; its channels' sums are added to those of the chunk.
void group_backward_image(const NormBackwardArgs& a, const NormWork& work, const NormPiece& p,
                          int64_t image) {
  const NormShape& s = a.shape;
  const ImagePart part(a, image, p.channel);
  const int64_t set = image * s.groups + p.channel / p.channels;
  const double rstd = a.rstd[set];
  const ChannelGradient channel(work, p.chunk, p.channel);
  double* const sum = work.sums(2, p.chunk, p.channel);
  double* const product = work.sums(3, p.chunk, p.channel);
  work.clear(2, p);
  work.clear(3, p);
  std::fill_n(channel.mean, p.channels, a.mean[set]);
  add_gradient_sums(p.channels, s.plane, part.x, channel.mean, part.y, part.grad_y, sum, product);
  double group_sum = 0, group_product = 0;
  for (int64_t j = 0; j < p.channels; ++j) {
    group_sum += weight_of(a.weight, p.channel + j) * sum[j];
    group_product += weight_of(a.weight, p.channel + j) * product[j];
    *work.sums(0, p.chunk, p.channel + j) += sum[j];
    *work.sums(1, p.chunk, p.channel + j) += product[j] * rstd;
  }
  if (!a.grad_x) return;
  const auto count = static_cast<double>(s.count());
  for (int64_t j = 0; j < p.channels; ++j) {
    channel.set(j, weight_of(a.weight, p.channel + j), rstd, group_sum / count,
                group_product / count);
  }
  image_gradient(p.channels, s.plane, part.x, channel.from(0), part.y, part.grad_y, part.grad_x);
}

void group_backward(const NormBackwardArgs& a, const NormWork& work) {
  for_each_piece(a.shape, [&](const NormPiece& p) {
    work.clear(0, p);
    work.clear(1, p);
    for (int64_t i = p.image_begin; i < p.image_end; ++i) group_backward_image(a, work, p, i);
  });
  for (int64_t j = 0; j < a.shape.c; ++j) {
    if (a.grad_bias) a.grad_bias[j] = static_cast<float>(work.total(0, j));
    if (a.grad_weight) a.grad_weight[j] = static_cast<float>(work.total(1, j));
  }
}

}  // namespace

size_t norm_backward_workspace(const NormBackwardArgs& a) {
  return NormWork(a.shape, nullptr).bytes();
}

int norm_backward(const Exec& exec, const NormBackwardArgs& a) {
  const NormWork work(a.shape, exec.workspace);
  a.shape.per_image() ? group_backward(a, work) : batch_backward(a, work);
  return kOk;
}

}  // namespace sslcuda::cpu
