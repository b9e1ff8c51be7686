// norm_forward.cpp - batch and group normalisation, as norm_work.hpp has it.
#include <cmath>

#include "kernels/cpu/norm_image.hpp"
#include "kernels/cpu/norm_work.hpp"
#include "kernels/cpu/ops.hpp"

namespace sslcuda::cpu {
namespace {

struct Statistics {
  double mean, variance, rstd;
};

Statistics statistics(const Deviations& sums, float shift, int64_t count, float eps) {
  const double mean = sums.sum / static_cast<double>(count);
  const double variance = sums.squares / static_cast<double>(count) - mean * mean;
  const double least = variance < 0 ? 0 : variance;  // keeps NaN
  return {shift + mean, least, 1 / std::sqrt(least + eps)};
}

void keep_statistics(const NormForwardArgs& a, int64_t set, const Statistics& s) {
  if (a.mean) a.mean[set] = static_cast<float>(s.mean);
  if (a.rstd) a.rstd[set] = static_cast<float>(s.rstd);
}

// What normalize_image() wants of a channel.
enum { kMean, kScale, kBias, kShift };

// The bias makes up for what the mean loses in float32.
void set_coefficients(const NormForwardArgs& a, int64_t channel, const Statistics& s, float* mean,
                      float* scale, float* bias) {
  const double slope = weight_of(a.weight, channel) * s.rstd;
  *mean = static_cast<float>(s.mean);
  *scale = static_cast<float>(slope);
  *bias = static_cast<float>((a.bias ? a.bias[channel] : 0.0) - (s.mean - *mean) * slope);
}

// The running ones are moved on in training.
Statistics channel_statistics(const NormForwardArgs& a, const NormWork& work, int64_t channel) {
  if (!a.training) {
    const double variance = a.running_var[channel];
    return {a.running_mean[channel], variance, 1 / std::sqrt(variance + a.eps)};
  }
  const int64_t count = a.shape.count();
  const Statistics s = statistics({work.total(0, channel), work.total(1, channel)},
                                  work.coefficients(kShift)[channel], count, a.eps);
  if (a.running_mean) {
    const double old = 1 - static_cast<double>(a.momentum);
    const double unbiased =
        s.variance * static_cast<double>(count) / static_cast<double>(count - 1);
    float &mean = a.running_mean[channel], &variance = a.running_var[channel];
    mean = static_cast<float>(old * mean + a.momentum * s.mean);
    variance = static_cast<float>(old * variance + a.momentum * unbiased);
  }
  return s;
}

void sum_batch(const NormForwardArgs& a, const NormWork& work) {
  const NormShape& s = a.shape;
  float* const shift = work.coefficients(kShift);
  for (int64_t j = 0; j < s.c; ++j) shift[j] = a.x[j * s.plane];
  for_each_piece(s, [&](const NormPiece& p) {
    work.clear(0, p);
    work.clear(1, p);
    for (int64_t i = p.image_begin; i < p.image_end; ++i) {
      add_deviations(p.channels, s.plane, a.x + (i * s.c + p.channel) * s.plane, shift + p.channel,
                     work.sums(0, p.chunk, p.channel), work.sums(1, p.chunk, p.channel));
    }
  });
}

void batch_forward(const NormForwardArgs& a, const NormWork& work) {
  const NormShape& s = a.shape;
  if (a.training) sum_batch(a, work);
  float* const mean = work.coefficients(kMean);
  float* const scale = work.coefficients(kScale);
  float* const bias = work.coefficients(kBias);
  for (int64_t j = 0; j < s.c; ++j) {
    const Statistics of_channel = channel_statistics(a, work, j);
    keep_statistics(a, j, of_channel);
    set_coefficients(a, j, of_channel, mean + j, scale + j, bias + j);
  }
  for_each_piece(s, [&](const NormPiece& p) {
    for (int64_t i = p.image_begin; i < p.image_end; ++i) {
      const int64_t at = (i * s.c + p.channel) * s.plane;
      normalize_image(p.channels, s.plane, a.x + at, mean + p.channel, scale + p.channel,
                      bias + p.channel, a.activation == Activation::kRelu, a.y + at);
    }
  });
}

void group_forward(const NormForwardArgs& a, const NormWork& work) {
  const NormShape& s = a.shape;
  for_each_piece(s, [&](const NormPiece& p) {
    float* const mean = work.coefficients(kMean, p.chunk, p.channel);
    float* const scale = work.coefficients(kScale, p.chunk, p.channel);
    float* const bias = work.coefficients(kBias, p.chunk, p.channel);
    for (int64_t i = p.image_begin; i < p.image_end; ++i) {
      const int64_t at = (i * s.c + p.channel) * s.plane;
      const float shift = a.x[at];
      const Statistics of_group =
          statistics(deviations(s.count(), a.x + at, shift), shift, s.count(), a.eps);
      keep_statistics(a, i * s.groups + p.channel / p.channels, of_group);
      for (int64_t j = 0; j < p.channels; ++j) {
        set_coefficients(a, p.channel + j, of_group, mean + j, scale + j, bias + j);
      }
      normalize_image(p.channels, s.plane, a.x + at, mean, scale, bias,
                      a.activation == Activation::kRelu, a.y + at);
    }
  });
}

}  // namespace

size_t norm_forward_workspace(const NormForwardArgs& a) {
  return NormWork(a.shape, nullptr).bytes();
}

int norm_forward(const Exec& exec, const NormForwardArgs& a) {
  const NormWork work(a.shape, exec.workspace);
  a.shape.per_image() ? group_forward(a, work) : batch_forward(a, work);
  return kOk;
}

}  // namespace sslcuda::cpu
