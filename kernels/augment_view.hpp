// augment_view.hpp - what an augmentation draws for one view of an image, for every backend: a
// function of the place alone.
#pragma once

#include "kernels/philox.hpp"

namespace sslcuda {

// Pixel (q, p) of the view comes from the point (x, y) of the image:
//   x = xq q + xp p + x0        y = yq q + yp p + y0
struct AffineMap {
  float xq, xp, x0, yq, yp, y0;
};

struct AugmentView {
  AffineMap map;
  float gain, offset;                             // value -> (value - fill) gain + offset
  int radius;                                     // of the blur; 0: none
  float weight[AugmentSettings::kMaxRadius + 1];  // of the pixels at a distance, up to the radius
};

// The draws of a view, in the order of the words of its blocks.
struct ViewDraws {
  uint32_t word[16];

  // Uniform in [low, high), as an element of sslcuda_random_uniform.
  SSLCUDA_ANYWHERE float between(int i, float low, float high) const {
    return fmaf(high - low, unit_uniform(word[i]), low);
  }
  SSLCUDA_ANYWHERE float around(int i, float reach) const { return between(i, -reach, reach); }
  SSLCUDA_ANYWHERE bool chance(int i, float probability) const {
    return unit_uniform(word[i]) < probability;
  }
};

SSLCUDA_ANYWHERE ViewDraws draw_words(uint64_t seed, uint64_t sequence, int64_t image) {
  ViewDraws draws;
  for (int k = 0; k < 4; ++k) {
    const uint64_t place = first_place(Purpose::kView) + 4 * static_cast<uint64_t>(image) + k;
    const PhiloxBlock block = philox(seed, sequence, place);
    for (int i = 0; i < 4; ++i) draws.word[4 * k + i] = block.word[i];
  }
  return draws;
}

// The image is cropped and stretched to w x h, turned, sheared and shifted about its centre, then
// flipped; a pixel goes back through these in reverse order. Pixel i covers [i, i + 1), and its
// value stands at its middle. In double, so that the identity comes out exact.
SSLCUDA_ANYWHERE AffineMap draw_map(const AugmentSettings& s, const ViewDraws& draws, int64_t h,
                                    int64_t w) {
  constexpr double kRadians = 3.14159265358979323846 / 180;
  const auto width = static_cast<double>(w), height = static_cast<double>(h);
  const double area = draws.between(0, s.scale_low, s.scale_high);
  const double low = s.ratio_low, high = s.ratio_high;
  const double ratio = low * exp(draws.between(1, 0, 1) * log(high / low));
  const double across = fmin(1.0, sqrt(area * ratio)), down = fmin(1.0, sqrt(area / ratio));
  const double left = draws.between(2, 0, 1) * (1 - across) * width;
  const double top = draws.between(3, 0, 1) * (1 - down) * height;
  const double turn = kRadians * draws.around(4, s.degrees);
  const double slope = tan(kRadians * draws.around(5, s.shear));
  const double right_by = draws.around(6, s.translate) * width;
  const double down_by = draws.around(7, s.translate) * height;
  const double mirror = draws.chance(8, s.flip) ? -1 : 1;

  // u = mirror (q - centre_q) - right_by - slope v,  v = p - centre_p - down_by
  const double centre_q = 0.5 * (width - 1), centre_p = 0.5 * (height - 1);
  const double v0 = -centre_p - down_by;
  const double u0 = -mirror * centre_q - right_by - slope * v0;
  const double cosine = cos(turn), sine = sin(turn);
  const double x_centre = left + 0.5 * across * width - 0.5;
  const double y_centre = top + 0.5 * down * height - 0.5;
  return {static_cast<float>(across * cosine * mirror),
          static_cast<float>(across * (-slope * cosine - sine)),
          static_cast<float>(across * (cosine * u0 - sine * v0) + x_centre),
          static_cast<float>(down * sine * mirror),
          static_cast<float>(down * (-slope * sine + cosine)),
          static_cast<float>(down * (sine * u0 + cosine * v0) + y_centre)};
}

// The image at a point, bilinear between the middles of pixels, `fill` outside. Coordinates are
// held within one pixel of the image, where all is `fill` already.
SSLCUDA_ANYWHERE float sample(const float* x, int32_t h, int32_t w, float xs, float ys,
                              float fill) {
  const auto hold = [](float value, float most) {
    return value > -1.0f ? value < most ? value : most : -1.0f;
  };
  const float x_held = hold(xs, static_cast<float>(w)), y_held = hold(ys, static_cast<float>(h));
  const float x_floor = floorf(x_held), y_floor = floorf(y_held);
  const float across = x_held - x_floor, down = y_held - y_floor;
  const auto left = static_cast<int32_t>(x_floor), top = static_cast<int32_t>(y_floor);
  const auto pixel = [=](int32_t p, int32_t q) {
    const int32_t near_p = p < 0 ? 0 : p < h ? p : h - 1;
    const int32_t near_q = q < 0 ? 0 : q < w ? q : w - 1;
    const float value = x[static_cast<int64_t>(near_p) * w + near_q];
    return p == near_p && q == near_q ? value : fill;
  };
  const float a = pixel(top, left), b = pixel(top, left + 1);
  const float c = pixel(top + 1, left), d = pixel(top + 1, left + 1);
  const float upper = fmaf(across, b - a, a), lower = fmaf(across, d - c, c);
  return fmaf(down, lower - upper, upper);
}

// The weights of a Gaussian up to 3 sigma, and their sum over both sides is 1.
SSLCUDA_ANYWHERE void draw_blur(const AugmentSettings& s, const ViewDraws& draws,
                                AugmentView* view) {
  const double sigma = draws.between(12, s.sigma_low, s.sigma_high);
  view->radius = draws.chance(11, s.blur) ? static_cast<int>(ceil(3 * sigma)) : 0;
  double sum = 0;
  for (int k = -view->radius; k <= view->radius; ++k) sum += exp(-0.5 * k * k / (sigma * sigma));
  for (int k = 0; k <= view->radius; ++k) {
    view->weight[k] = static_cast<float>(exp(-0.5 * k * k / (sigma * sigma)) / sum);
  }
}

// `image` counts through y: view * n + image.
SSLCUDA_ANYWHERE AugmentView draw_view(const AugmentSettings& s, uint64_t seed, uint64_t sequence,
                                       int64_t image, int64_t h, int64_t w) {
  const ViewDraws draws = draw_words(seed, sequence, image);
  AugmentView view;
  view.map = draw_map(s, draws, h, w);
  view.offset = s.fill + draws.around(9, s.brightness);
  view.gain = 1.0f + draws.around(10, s.contrast);
  draw_blur(s, draws, &view);
  return view;
}

}  // namespace sslcuda
