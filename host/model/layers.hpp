// layers.hpp - what a Network is made of.
#pragma once

#include <string>

#include "host/model/parameters.hpp"

namespace host {

// Of one image's activations. A vector has h = w = 1.
struct Extent {
  int64_t c, h, w;
  int64_t plane() const { return h * w; }
  int64_t size() const { return c * h * w; }
};

// Batch normalisation takes its statistics from the batch, or those that it has collected.
enum class Mode { kTraining, kEvaluation };

class Module {
 public:
  virtual ~Module() = default;

  virtual Extent extent() const = 0;  // of the output

  // Queues y [n, extent().size()] of the input x.
  virtual void forward(int64_t n, Mode mode, const float* x, float* y) = 0;
  // Queues the gradients of a forward in training. grad_x may be null.
  virtual void backward(int64_t n, const float* x, const float* y, const float* grad_y,
                        float* grad_x) = 0;
};

class Linear : public Module {
 public:
  // Parameters <prefix>.weight and <prefix>.bias.
  Linear(Context& context, Parameters& parameters, const std::string& prefix, int64_t in,
         int64_t out, int32_t activation);

  Extent extent() const override { return {out_, 1, 1}; }
  void forward(int64_t n, Mode mode, const float* x, float* y) override;
  void backward(int64_t n, const float* x, const float* y, const float* grad_y,
                float* grad_x) override;

  void forward(int64_t n, const float* x, float* y) { forward(n, x, activation_, y); }
  // With another activation than the layer's own.
  void forward(int64_t n, const float* x, int32_t activation, float* y) {
    forward(n, x, out_, activation, y);
  }
  // And with the first `out` outputs alone.
  void forward(int64_t n, const float* x, int64_t out, int32_t activation, float* y);

 private:
  Context& context_;
  int64_t in_, out_;
  int32_t activation_;
  const Parameter& weight_;
  const Parameter& bias_;
};

// Convolution of stride 1 without bias that keeps height and width.
class Conv : public Module {
 public:
  // Parameter <prefix>.weight. `kernel` is odd.
  Conv(Context& context, Parameters& parameters, const std::string& prefix, Extent in, int64_t out,
       int64_t kernel);

  Extent extent() const override { return {out_, in_.h, in_.w}; }
  void forward(int64_t n, Mode mode, const float* x, float* y) override;
  void backward(int64_t n, const float* x, const float* y, const float* grad_y,
                float* grad_x) override;

 private:
  sslcuda_conv2d_shape shape(int64_t n) const;

  Context& context_;
  Extent in_;
  int64_t out_, kernel_;
  const Parameter& weight_;
};

// Largest value of each kernel x kernel window; what is left at the edges does not count.
class MaxPool : public Module {
 public:
  MaxPool(Context& context, Extent in, int64_t kernel);

  Extent extent() const override { return {in_.c, in_.h / kernel_, in_.w / kernel_}; }
  void forward(int64_t n, Mode mode, const float* x, float* y) override;
  void backward(int64_t n, const float* x, const float* y, const float* grad_y,
                float* grad_x) override;

 private:
  sslcuda_pool2d_shape shape(int64_t n) const;

  Context& context_;
  Extent in_;
  int64_t kernel_;
};

// Batch normalisation and ReLU. Parameters <prefix>.weight and <prefix>.bias, buffers
// <prefix>.running_mean and <prefix>.running_var.
class BatchNorm : public Module {
 public:
  BatchNorm(Context& context, Parameters& parameters, const std::string& prefix, Extent in);

  Extent extent() const override { return in_; }
  void forward(int64_t n, Mode mode, const float* x, float* y) override;
  void backward(int64_t n, const float* x, const float* y, const float* grad_y,
                float* grad_x) override;

 private:
  Context& context_;
  Extent in_;
  const Parameter& weight_;
  const Parameter& bias_;
  const Variable& running_mean_;
  const Variable& running_var_;
  Buffer<float> mean_, rstd_;  // [c]
};

// Group normalisation and ReLU. Parameters <prefix>.weight and <prefix>.bias.
class GroupNorm : public Module {
 public:
  // `batch`: largest n
  GroupNorm(Context& context, Parameters& parameters, const std::string& prefix, Extent in,
            int64_t groups, int64_t batch);

  Extent extent() const override { return in_; }
  void forward(int64_t n, Mode mode, const float* x, float* y) override;
  void backward(int64_t n, const float* x, const float* y, const float* grad_y,
                float* grad_x) override;

 private:
  Context& context_;
  Extent in_;
  int64_t groups_;
  const Parameter& weight_;
  const Parameter& bias_;
  Buffer<float> mean_, rstd_;  // [batch, groups]
};

}  // namespace host
