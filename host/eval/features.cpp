#include "host/eval/features.hpp"

#include <algorithm>

namespace host {
namespace {

Layer layer_of(FeatureKind kind) {
  return kind == FeatureKind::kProjector ? Layer::kProjector : Layer::kBackbone;
}

}  // namespace

const char* key_of(FeatureKind kind) {
  if (kind == FeatureKind::kRawPixels) return "raw_pixels";
  return kind == FeatureKind::kProjector ? "projector" : "backbone";
}

const char* words_of(FeatureKind kind) {
  return kind == FeatureKind::kRawPixels ? "raw pixels" : key_of(kind);
}

std::vector<FeatureKind> feature_kinds(const Program& program) {
  if (!program.has_projector()) return {FeatureKind::kBackbone, FeatureKind::kRawPixels};
  return {FeatureKind::kBackbone, FeatureKind::kProjector, FeatureKind::kRawPixels};
}

Features::Features(Session& session, FeatureKind kind)
    : session_(session),
      kind_(kind),
      width_(kind == FeatureKind::kRawPixels ? session.test_images.width()
                                             : session.program->feature_width(layer_of(kind))),
      x_(session.context,
         kind == FeatureKind::kRawPixels ? 0 : session.batch * session.test_images.width()) {}

void Features::compute(const DeviceImages& images, int64_t first, int64_t n, float* y) {
  if (kind_ == FeatureKind::kRawPixels) {
    images.gather(n, first, PixelScale{}, y);
    return;
  }
  Program& program = *session_.program;
  for (int64_t i = 0; i < n; i += session_.batch) {
    const int64_t part = std::min(session_.batch, n - i);
    images.gather(part, first + i, program.pixel_scale(), x_.data());
    program.features(layer_of(kind_), part, x_.data(), y + i * width_);
  }
}

Buffer<float> Features::of_all(const DeviceImages& images) {
  Buffer<float> y(session_.context, images.count() * width_);
  const auto program = [&] { compute(images, 0, images.count(), y.data()); };
  session_.context.reserve_for(program);
  program();
  return y;
}

std::vector<float> download(const Buffer<float>& buffer) {
  std::vector<float> values(static_cast<size_t>(buffer.size()));
  buffer.download(values);
  return values;
}

}  // namespace host
