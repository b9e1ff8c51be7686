#include "host/eval/pca.hpp"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>

#include "host/eval/features.hpp"

namespace host {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

}  // namespace

Pca::Pca(Context& context, Buffer<float>& x, int64_t width, int64_t components)
    : context_(context),
      width_(width),
      components_(components),
      encoder_weight_(context, components * width),
      encoder_bias_(context, components),
      decoder_weight_(context, components * width),
      decoder_bias_(context, width) {
  centre(x);
  decompose(covariance(x));
  const Eigen::Map<const Matrix> vectors(vectors_.data(), components, width);
  const Eigen::Map<const Eigen::VectorXf> mean(mean_.data(), width);
  const Matrix decoder = vectors.transpose();
  const Eigen::VectorXf bias = -(vectors.cast<double>() * mean.cast<double>()).cast<float>();
  const auto span_of = [](const auto& matrix) {
    return std::span(matrix.data(), static_cast<size_t>(matrix.size()));
  };
  encoder_weight_.upload(vectors_);
  encoder_bias_.upload(span_of(bias));
  decoder_weight_.upload(span_of(decoder));
  decoder_bias_.upload(mean_);
}

// x -= ones mean, as a product of rank one.
void Pca::centre(Buffer<float>& x) {
  const int64_t n = x.size() / width_;
  const std::vector<float> one(static_cast<size_t>(n), 1.0f);
  const Buffer<float> ones(context_, one), mean(context_, width_);
  const auto program = [&] {
    context_.run(sslcuda_matmul, SSLCUDA_F32, 1, width_, n, ones.data(), n, 0, x.data(), width_, 0,
                 1.0f / static_cast<float>(n), 0.0f, mean.data(), width_);
    context_.run(sslcuda_matmul, SSLCUDA_F32, n, width_, 1, ones.data(), 1, 0, mean.data(), width_,
                 0, -1.0f, 1.0f, x.data(), width_);
  };
  context_.reserve_for(program);
  program();
  mean_ = download(mean);
}

std::vector<float> Pca::covariance(const Buffer<float>& x) const {
  const int64_t n = x.size() / width_;
  const Buffer<float> product(context_, width_ * width_);
  const auto program = [&] {
    context_.run(sslcuda_matmul, SSLCUDA_F32, width_, width_, n, x.data(), width_, 1, x.data(),
                 width_, 0, 1.0f / static_cast<float>(n), 0.0f, product.data(), width_);
  };
  context_.reserve_for(program);
  program();
  return download(product);
}

void Pca::decompose(const std::vector<float>& covariance) {
  const Eigen::Map<const Matrix> matrix(covariance.data(), width_, width_);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(matrix.cast<double>());
  const double total = std::max(matrix.cast<double>().trace(), 0.0);
  vectors_.resize(static_cast<size_t>(components_ * width_));
  Eigen::Map<Matrix> vectors(vectors_.data(), components_, width_);
  for (int64_t i = 0; i < components_; ++i) {
    const int64_t rank = width_ - 1 - i;  // eigenvalues rise
    const double variance = std::max(solver.eigenvalues()[rank], 0.0);
    shares_.push_back(total > 0 ? variance / total : 0);
    Eigen::VectorXd vector = solver.eigenvectors().col(rank);
    // Either sign would do; the largest element decides.
    Eigen::Index largest = 0;
    vector.cwiseAbs().maxCoeff(&largest);
    if (vector[largest] < 0) vector = -vector;
    vectors.row(i) = vector.transpose().cast<float>();
  }
}

void Pca::project(int64_t n, const float* x, float* y) const {
  context_.run(sslcuda_linear_forward, SSLCUDA_F32, n, width_, components_, x,
               encoder_weight_.data(), encoder_bias_.data(), SSLCUDA_ACTIVATION_NONE, y);
}

void Pca::reconstruct(int64_t n, const float* x, float* y) const {
  context_.run(sslcuda_linear_forward, SSLCUDA_F32, n, components_, width_, x,
               decoder_weight_.data(), decoder_bias_.data(), SSLCUDA_ACTIVATION_NONE, y);
}

}  // namespace host
