#include "host/eval/reconstruction.hpp"

#include <algorithm>

#include "host/eval/features.hpp"
#include "host/eval/pca.hpp"

namespace host {
namespace {

// Runs `queue(first, part)` over 0..n-1 in parts that the program takes.
template <class Queue>
void run_in_parts(Session& session, int64_t n, const Queue& queue) {
  const auto program = [&] {
    for (int64_t i = 0; i < n; i += session.batch) queue(i, std::min(session.batch, n - i));
  };
  session.context.reserve_for(program);
  program();
}

Buffer<float> reconstructions(Session& session, const DeviceImages& images, int64_t first,
                              int64_t n) {
  Program& program = *session.program;
  const int64_t pixels = images.width();
  Buffer<float> x(session.context, std::min(session.batch, n) * pixels);
  Buffer<float> y(session.context, n * pixels);
  run_in_parts(session, n, [&](int64_t i, int64_t part) {
    images.gather(part, first + i, program.pixel_scale(), x.data());
    program.reconstruct(part, x.data(), y.data() + i * pixels);
  });
  return y;
}

double mean_squared_error(Session& session, const Buffer<float>& x, const Buffer<float>& target) {
  Buffer<float> loss(session.context, 1);
  const auto program = [&] {
    session.context.run(sslcuda_mse, SSLCUDA_F32, x.size(), x.data(), target.data(), 0, nullptr,
                        loss.data(), nullptr);
  };
  session.context.reserve_for(program);
  program();
  return download(loss).front();
}

Buffer<float> pca_reconstructions(Session& session, int64_t components,
                                  const Buffer<float>& images) {
  const int64_t pixels = session.test_images.width(), n = session.test_images.count();
  Buffer<float> train = Features(session, FeatureKind::kRawPixels).of_all(session.train_images);
  const Pca pca(session.context, train, pixels, components);
  Buffer<float> codes(session.context, n * components), y(session.context, n * pixels);
  const auto program = [&] {
    pca.project(n, images.data(), codes.data());
    pca.reconstruct(n, codes.data(), y.data());
  };
  session.context.reserve_for(program);
  program();
  return y;
}

}  // namespace

ReconstructionError reconstruction_error(Session& session) {
  Program& program = *session.program;
  const int64_t pixels = session.test_images.width();
  const int64_t code =
      program.latent_width() > 0 ? program.latent_width() : program.feature_width(Layer::kBackbone);
  const int64_t width = std::min(code, pixels);
  const Buffer<float> images =
      Features(session, FeatureKind::kRawPixels).of_all(session.test_images);
  const Buffer<float> ours =
      reconstructions(session, session.test_images, 0, session.test_images.count());
  ReconstructionError error{width, mean_squared_error(session, ours, images), std::nullopt};
  if (pixels <= Pca::kMaxWidth) {
    error.pca = mean_squared_error(session, pca_reconstructions(session, width, images), images);
  }
  return error;
}

std::vector<float> reconstruct_images(Session& session, const DeviceImages& images, int64_t first,
                                      int64_t n) {
  return download(reconstructions(session, images, first, n));
}

Restored restore_images(Session& session, int64_t first, int64_t n) {
  Program& program = *session.program;
  const int64_t pixels = session.test_images.width();
  Buffer<float> x(session.context, std::min(session.batch, n) * pixels);
  Buffer<float> corrupted(session.context, n * pixels), y(session.context, n * pixels);
  run_in_parts(session, n, [&](int64_t i, int64_t part) {
    const auto sequence = kOutsideTraining + static_cast<uint64_t>(first + i);
    session.test_images.gather(part, first + i, program.pixel_scale(), x.data());
    program.corrupt(part, x.data(), sequence, corrupted.data() + i * pixels);
    program.reconstruct(part, corrupted.data() + i * pixels, y.data() + i * pixels);
  });
  return {download(corrupted), download(y)};
}

std::vector<float> decode_images(Session& session, const std::vector<float>& codes) {
  Program& program = *session.program;
  const int64_t width = program.latent_width(), pixels = session.test_images.width();
  const int64_t n = static_cast<int64_t>(codes.size()) / width;
  const Buffer<float> z(session.context, codes);
  Buffer<float> y(session.context, n * pixels);
  run_in_parts(session, n, [&](int64_t i, int64_t part) {
    program.decode(part, z.data() + i * width, y.data() + i * pixels);
  });
  return download(y);
}

}  // namespace host
