// rotate.cuh - rotations of images [n, c, h, w] about their centre, counter-clockwise: quarter
// turns exactly, any angle by the nearest pixel. Threads share rows of y: 8 bytes per pixel.
#pragma once

#include <device/rows.cuh>

namespace sslcuda::cuda {

// One turn: y[p,q] = x[q, h-1-p].
template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads) rotate90_kernel(const Rotate90Args a, int lanes) {
  const RowShare share = row_share(lanes);
  const int64_t rows = a.n * a.c * a.h, last = a.h - 1;
  for (int64_t row = share.first_row; row < rows; row += share.row_step) {
    const int64_t image = row / a.h, p = row % a.h;
    const float* const x = a.x + image * a.h * a.h;
    const int64_t turns = a.turns[image / a.c] & 3;  // modulo 4, for negative numbers too
    for (int64_t q = share.lane; q < a.h; q += lanes) {
      const int64_t from_p = turns == 0 ? p : turns == 1 ? q : turns == 2 ? last - p : last - q;
      const int64_t from_q = turns == 0 ? q : turns == 1 ? last - p : turns == 2 ? last - q : p;
      a.y[row * a.h + q] = x[from_p * a.h + from_q];
    }
  }
}

// The pixel of x that the rotation brings to (p, q):
//   xs = cos(t) (q - cx) - sin(t) (p - cy) + cx        ys = sin(t) (q - cx) + cos(t) (p - cy) + cy
// In double, so that ties between two pixels fall as they do on the CPU.
template <class Tile>
__global__ void __launch_bounds__(Tile::kThreads) rotate_kernel(const RotateArgs a, int lanes) {
  constexpr double kRadians = 3.14159265358979323846 / 180.0;
  const RowShare share = row_share(lanes);
  const int64_t rows = a.n * a.c * a.h;
  const double cx = 0.5 * static_cast<double>(a.w - 1), cy = 0.5 * static_cast<double>(a.h - 1);
  for (int64_t row = share.first_row; row < rows; row += share.row_step) {
    const int64_t image = row / a.h;
    const float* const x = a.x + image * a.h * a.w;
    const double angle = kRadians * a.degrees[image / a.c];
    const double sine = sin(angle), cosine = cos(angle);
    const double up = static_cast<double>(row % a.h) - cy;
    for (int64_t q = share.lane; q < a.w; q += lanes) {
      const double right = static_cast<double>(q) - cx;
      const double xs = rint(cosine * right - sine * up + cx);
      const double ys = rint(sine * right + cosine * up + cy);
      const bool inside =
          xs >= 0.0 && ys >= 0.0 && xs < static_cast<double>(a.w) && ys < static_cast<double>(a.h);
      a.y[row * a.w + q] =
          inside ? x[static_cast<int64_t>(ys) * a.w + static_cast<int64_t>(xs)] : a.fill;
    }
  }
}

}  // namespace sslcuda::cuda
