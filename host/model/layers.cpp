#include "host/model/layers.hpp"

namespace host {
namespace {

constexpr float kEps = 1e-5f;  // of the norms, PyTorch's default

}  // namespace

Linear::Linear(Context& context, Parameters& parameters, const std::string& prefix, int64_t in,
               int64_t out, int32_t activation)
    : context_(context),
      in_(in),
      out_(out),
      activation_(activation),
      weight_(parameters.add(prefix + ".weight", {out, in}, in)),
      bias_(parameters.add(prefix + ".bias", {out}, in)) {}

void Linear::forward(int64_t n, Mode /*mode*/, const float* x, float* y) {
  forward(n, x, activation_, y);
}

void Linear::forward(int64_t n, const float* x, int64_t out, int32_t activation, float* y) {
  context_.run(sslcuda_linear_forward, SSLCUDA_F32, n, in_, out, x, weight_.value.data(),
               bias_.value.data(), activation, y);
}

void Linear::backward(int64_t n, const float* x, const float* y, const float* grad_y,
                      float* grad_x) {
  context_.run(sslcuda_linear_backward, SSLCUDA_F32, n, in_, out_, x, weight_.value.data(), y,
               grad_y, activation_, grad_x, weight_.grad.data(), bias_.grad.data());
}

Conv::Conv(Context& context, Parameters& parameters, const std::string& prefix, Extent in,
           int64_t out, int64_t kernel)
    : context_(context),
      in_(in),
      out_(out),
      kernel_(kernel),
      weight_(parameters.add(prefix + ".weight", {out, in.c, kernel, kernel},
                             in.c * kernel * kernel)) {}

sslcuda_conv2d_shape Conv::shape(int64_t n) const {
  sslcuda_conv2d_shape shape{};
  shape.size = sizeof(shape);
  shape.n = n;
  shape.c = in_.c;
  shape.h = in_.h;
  shape.w = in_.w;
  shape.out = out_;
  shape.kernel_h = shape.kernel_w = kernel_;
  shape.pad_h = shape.pad_w = kernel_ / 2;
  return shape;
}

void Conv::forward(int64_t n, Mode /*mode*/, const float* x, float* y) {
  const sslcuda_conv2d_shape conv = shape(n);
  context_.run(sslcuda_conv2d_forward, SSLCUDA_F32, &conv, x, weight_.value.data(), nullptr,
               SSLCUDA_ACTIVATION_NONE, y);
}

void Conv::backward(int64_t n, const float* x, const float* /*y*/, const float* grad_y,
                    float* grad_x) {
  const sslcuda_conv2d_shape conv = shape(n);
  context_.run(sslcuda_conv2d_backward, SSLCUDA_F32, &conv, x, weight_.value.data(), nullptr,
               grad_y, SSLCUDA_ACTIVATION_NONE, grad_x, weight_.grad.data(), nullptr);
}

MaxPool::MaxPool(Context& context, Extent in, int64_t kernel)
    : context_(context), in_(in), kernel_(kernel) {}

sslcuda_pool2d_shape MaxPool::shape(int64_t n) const {
  sslcuda_pool2d_shape shape{};
  shape.size = sizeof(shape);
  shape.n = n;
  shape.c = in_.c;
  shape.h = in_.h;
  shape.w = in_.w;
  shape.kernel_h = shape.kernel_w = kernel_;
  return shape;
}

void MaxPool::forward(int64_t n, Mode /*mode*/, const float* x, float* y) {
  const sslcuda_pool2d_shape pool = shape(n);
  context_.run(sslcuda_pool2d_forward, SSLCUDA_F32, SSLCUDA_POOL_MAX, &pool, x, y);
}

void MaxPool::backward(int64_t n, const float* x, const float* y, const float* grad_y,
                       float* grad_x) {
  if (!grad_x) return;
  const sslcuda_pool2d_shape pool = shape(n);
  context_.run(sslcuda_pool2d_backward, SSLCUDA_F32, SSLCUDA_POOL_MAX, &pool, x, y, grad_y, grad_x);
}

BatchNorm::BatchNorm(Context& context, Parameters& parameters, const std::string& prefix, Extent in)
    : context_(context),
      in_(in),
      weight_(parameters.add_constant(prefix + ".weight", {in.c}, 1)),
      bias_(parameters.add_constant(prefix + ".bias", {in.c}, 0)),
      running_mean_(parameters.add_buffer(prefix + ".running_mean", {in.c}, 0)),
      running_var_(parameters.add_buffer(prefix + ".running_var", {in.c}, 1)),
      mean_(context, in.c),
      rstd_(context, in.c) {}

void BatchNorm::forward(int64_t n, Mode mode, const float* x, float* y) {
  constexpr float kMomentum = 0.1f;  // PyTorch's default
  context_.run(sslcuda_batch_norm_forward, SSLCUDA_F32, n, in_.c, in_.plane(), x,
               weight_.value.data(), bias_.value.data(), running_mean_.value.data(),
               running_var_.value.data(), mode == Mode::kTraining, kMomentum, kEps,
               SSLCUDA_ACTIVATION_RELU, y, mean_.data(), rstd_.data());
}

void BatchNorm::backward(int64_t n, const float* x, const float* y, const float* grad_y,
                         float* grad_x) {
  context_.run(sslcuda_batch_norm_backward, SSLCUDA_F32, n, in_.c, in_.plane(), x,
               weight_.value.data(), y, mean_.data(), rstd_.data(), grad_y, 1,
               SSLCUDA_ACTIVATION_RELU, grad_x, weight_.grad.data(), bias_.grad.data());
}

GroupNorm::GroupNorm(Context& context, Parameters& parameters, const std::string& prefix, Extent in,
                     int64_t groups, int64_t batch)
    : context_(context),
      in_(in),
      groups_(groups),
      weight_(parameters.add_constant(prefix + ".weight", {in.c}, 1)),
      bias_(parameters.add_constant(prefix + ".bias", {in.c}, 0)),
      mean_(context, batch * groups),
      rstd_(context, batch * groups) {}

void GroupNorm::forward(int64_t n, Mode /*mode*/, const float* x, float* y) {
  context_.run(sslcuda_group_norm_forward, SSLCUDA_F32, n, in_.c, in_.plane(), groups_, x,
               weight_.value.data(), bias_.value.data(), kEps, SSLCUDA_ACTIVATION_RELU, y,
               mean_.data(), rstd_.data());
}

void GroupNorm::backward(int64_t n, const float* x, const float* y, const float* grad_y,
                         float* grad_x) {
  context_.run(sslcuda_group_norm_backward, SSLCUDA_F32, n, in_.c, in_.plane(), groups_, x,
               weight_.value.data(), y, mean_.data(), rstd_.data(), grad_y, SSLCUDA_ACTIVATION_RELU,
               grad_x, weight_.grad.data(), bias_.grad.data());
}

}  // namespace host
