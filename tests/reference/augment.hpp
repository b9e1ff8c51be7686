// augment.hpp - random views of images: the stages one after another, each pixel traced back
// through the map step by step.
#pragma once

#include <algorithm>

#include "sslcuda.h"
#include "tests/reference/philox.hpp"

namespace sslcuda::reference {

struct ImageShape {
  int64_t n, c, h, w;
  int64_t pixels() const { return h * w; }
};

// The quarters of a sequence that the draws come from.
enum : uint64_t { kViewQuarter = 1, kNoiseQuarter = 2, kDropQuarter = 3 };

// What is drawn for a view, in this order.
struct ViewDraws {
  double area, ratio, left, top, degrees, shear, right, down;
  bool flip;
  double brightness, contrast;
  bool blur;
  double sigma;

  ViewDraws(const sslcuda_augmentation& a, const RandomSequence& random, int64_t image) {
    int64_t i = 0;
    const auto draw = [&](float low, float high) {
      return random.uniform(4 * static_cast<uint64_t>(image), i++, low, high, kViewQuarter);
    };
    area = draw(a.scale_low, a.scale_high);
    const double low = a.ratio_low, high = a.ratio_high;
    ratio = low * std::pow(high / low, draw(0, 1));
    left = draw(0, 1);
    top = draw(0, 1);
    degrees = draw(-a.degrees, a.degrees);
    shear = draw(-a.shear, a.shear);
    right = draw(-a.translate, a.translate);
    down = draw(-a.translate, a.translate);
    flip = draw(0, 1) < a.flip;
    brightness = draw(-a.brightness, a.brightness);
    contrast = draw(-a.contrast, a.contrast);
    blur = draw(0, 1) < a.blur;
    sigma = draw(a.sigma_low, a.sigma_high);
  }
};

struct Point {
  double x, y;
};

// Where pixel (row p, column q) of the view lies in the image: through flip, shift, shear, rotation
// and crop backward.
inline Point trace_back(const ViewDraws& d, int64_t h, int64_t w, int64_t p, int64_t q) {
  constexpr double kRadians = std::numbers::pi / 180;
  Point at{q - (w - 1) / 2.0, p - (h - 1) / 2.0};
  if (d.flip) at.x = -at.x;
  at = {at.x - d.right * w, at.y - d.down * h};
  at.x -= std::tan(kRadians * d.shear) * at.y;
  const double t = kRadians * d.degrees;
  at = {std::cos(t) * at.x - std::sin(t) * at.y, std::sin(t) * at.x + std::cos(t) * at.y};
  const double across = std::min(1.0, std::sqrt(d.area * d.ratio));
  const double down = std::min(1.0, std::sqrt(d.area / d.ratio));
  const double left = d.left * (w - across * w), top = d.top * (h - down * h);
  return {left + across * w / 2 + across * at.x - 0.5, top + down * h / 2 + down * at.y - 0.5};
}

inline double bilinear(const double* x, int64_t h, int64_t w, const Point& at, double fill) {
  const auto left = static_cast<int64_t>(std::floor(at.x));
  const auto top = static_cast<int64_t>(std::floor(at.y));
  double sum = 0;
  for (const int64_t p : {top, top + 1}) {
    for (const int64_t q : {left, left + 1}) {
      const bool inside = p >= 0 && p < h && q >= 0 && q < w;
      const double weight = (1 - std::fabs(at.y - p)) * (1 - std::fabs(at.x - q));
      sum += weight * (inside ? x[p * w + q] : fill);
    }
  }
  return sum;
}

// Along both directions at once; beyond the image its edge goes on.
inline Vector blurred(const Vector& x, int64_t h, int64_t w, double sigma) {
  const auto radius = static_cast<int64_t>(std::ceil(3 * sigma));
  Vector y(x.size());
  for (int64_t p = 0; p < h; ++p) {
    for (int64_t q = 0; q < w; ++q) {
      double sum = 0, weights = 0;
      for (int64_t dp = -radius; dp <= radius; ++dp) {
        for (int64_t dq = -radius; dq <= radius; ++dq) {
          const double weight =
              std::exp(-static_cast<double>(dp * dp + dq * dq) / (2 * sigma * sigma));
          const int64_t row = std::clamp<int64_t>(p + dp, 0, h - 1);
          const int64_t column = std::clamp<int64_t>(q + dq, 0, w - 1);
          sum += weight * x[row * w + column];
          weights += weight;
        }
      }
      y[p * w + q] = sum / weights;
    }
  }
  return y;
}

// Channel `channel` of image `image` of y, counted through the views, made of its plane of x.
inline Vector augmented_plane(const sslcuda_augmentation& a, const RandomSequence& random,
                              const ImageShape& s, const double* x, int64_t image,
                              int64_t channel) {
  const ViewDraws draws(a, random, image);
  Vector y;
  for (int64_t p = 0; p < s.h; ++p) {
    for (int64_t q = 0; q < s.w; ++q) {
      const double value = bilinear(x, s.h, s.w, trace_back(draws, s.h, s.w, p, q), a.fill);
      y.push_back((value - a.fill) * (1 + draws.contrast) + a.fill + draws.brightness);
    }
  }
  if (draws.blur) y = blurred(y, s.h, s.w, draws.sigma);
  const int64_t blocks = (s.pixels() + 3) / 4;  // of random numbers per plane
  const auto noise = static_cast<uint64_t>((image * s.c + channel) * blocks);
  const auto drops = static_cast<uint64_t>(image * blocks);
  for (int64_t i = 0; i < s.pixels(); ++i) {
    y[i] += a.noise * random.normal(noise, i, kNoiseQuarter);
    if (random.uniform(drops, i, 0, 1, kDropQuarter) < a.drop) y[i] = a.fill;
  }
  return y;
}

inline Vector augment(const sslcuda_augmentation& a, const RandomSequence& random,
                      const ImageShape& s, const Vector& x, int64_t views) {
  Vector y;
  for (int64_t image = 0; image < views * s.n; ++image) {
    for (int64_t channel = 0; channel < s.c; ++channel) {
      const int64_t plane = image % s.n * s.c + channel;
      const Vector view =
          augmented_plane(a, random, s, x.data() + plane * s.pixels(), image, channel);
      y.insert(y.end(), view.begin(), view.end());
    }
  }
  return y;
}

}  // namespace sslcuda::reference
