// rotate.hpp - rotation of one image [h, w] counter-clockwise, by quarter turns and by an angle.
#pragma once

#include <numbers>

#include "tests/reference/vector.hpp"

namespace sslcuda::reference {

// One quarter turn counter-clockwise of an [h, h] image: the right column becomes the top line.
template <class T>
std::vector<T> quarter_turn(int64_t h, const std::vector<T>& x) {
  std::vector<T> y(x.size());
  for (int64_t p = 0; p < h; ++p) {
    for (int64_t q = 0; q < h; ++q) y[p * h + q] = x[q * h + h - 1 - p];
  }
  return y;
}

template <class T>
std::vector<T> rotate90(int64_t h, std::vector<T> x, int64_t turns) {
  const int64_t quarters = (turns % 4 + 4) % 4;
  for (int64_t i = 0; i < quarters; ++i) x = quarter_turn(h, x);
  return x;
}

// Where pixel (line p, column q) of the result comes from, in pixels of the source.
struct SourcePoint {
  double line, column;
};

inline SourcePoint rotation_source(int64_t h, int64_t w, double degrees, int64_t p, int64_t q) {
  const double t = degrees * std::numbers::pi / 180;
  const double centre_line = (h - 1) / 2.0, centre_column = (w - 1) / 2.0;
  const double dp = p - centre_line, dq = q - centre_column;
  return {std::sin(t) * dq + std::cos(t) * dp + centre_line,
          std::cos(t) * dq - std::sin(t) * dp + centre_column};
}

// Is a coordinate so near to the middle between two pixels that rounding errors may decide?
inline bool near_rounding_boundary(double coordinate, double margin = 1e-3) {
  return std::fabs(std::fabs(coordinate - std::floor(coordinate)) - 0.5) < margin;
}

// Nearest pixel of the source, `fill` outside.
inline double nearest(int64_t h, int64_t w, const double* x, const SourcePoint& point,
                      double fill) {
  const double line = std::floor(point.line + 0.5), column = std::floor(point.column + 0.5);
  const bool inside = line >= 0 && line < h && column >= 0 && column < w;
  return inside ? x[static_cast<int64_t>(line) * w + static_cast<int64_t>(column)] : fill;
}

}  // namespace sslcuda::reference
