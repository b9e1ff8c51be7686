// data.cpp - gathers, rotations and the counter: each output element is read from one place.
#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>

#include "kernels/cpu/ops.hpp"
#include "kernels/cpu/parallel.hpp"

namespace sslcuda::cpu {
namespace {

// Row of the set that row i of the batch comes from, or -1 for a bad index.
int64_t source_row(const RowSource& source, int64_t i) {
  const int64_t cursor = source.cursor ? *source.cursor : 0;
  if (cursor < 0) return -1;
  const int64_t length = source.indices_count;
  const int64_t position = (cursor % length + i % length) % length;
  const int64_t row = source.indices ? source.indices[position] : position;
  return row >= 0 && row < source.count ? row : -1;
}

// Asks for a row ahead of its turn; the rows of a batch lie anywhere in the set.
void prefetch(const uint8_t* row, int64_t bytes) {
  constexpr int64_t kLine = 64;
  for (int64_t k = 0; k < bytes; k += kLine) __builtin_prefetch(row + k);
}

SSLCUDA_CLONES void look_up(int64_t count, const uint8_t* x, const float* value, float* y) {
  for (int64_t k = 0; k < count; ++k) y[k] = value[x[k]];
}

// How a quarter turn reads its source: y[p, q] = x[origin + p * down + q * right].
struct Walk {
  int64_t origin, down, right;
};

Walk quarter_turns(int64_t turns, int64_t h) {
  switch (turns & 3) {  // also right for negative turns
    case 0:
      return {0, h, 1};
    case 1:
      return {h - 1, -1, h};
    case 2:
      return {h * h - 1, -h, -1};
    default:
      return {(h - 1) * h, 1, -h};
  }
}

}  // namespace

int gather_images(const Exec&, const GatherImagesArgs& a) {
  float value[256];
  for (int i = 0; i < 256; ++i) value[i] = static_cast<float>((i / 255.0 - a.mean) / a.std);
  parallel_for(a.n, a.width, [&](int64_t i) {
    float* const y = a.y + i * a.width;
    const int64_t row = source_row(a.source, i);
    if (row < 0) {
      std::fill(y, y + a.width, std::numeric_limits<float>::quiet_NaN());
      return;
    }
    const int64_t next = source_row(a.source, i + 1);
    if (next >= 0) prefetch(a.images + next * a.width, a.width);
    look_up(a.width, a.images + row * a.width, value, y);
  });
  return kOk;
}

int gather_rows(const Exec&, const GatherRowsArgs& a) {
  parallel_for(a.n, a.row_bytes, [&](int64_t i) {
    uint8_t* const y = a.y + i * a.row_bytes;
    const int64_t row = source_row(a.source, i);
    if (row < 0) {
      std::memset(y, 0xff, a.row_bytes);
    } else {
      std::memcpy(y, a.rows + row * a.row_bytes, a.row_bytes);
    }
  });
  return kOk;
}

int rotate90(const Exec&, const Rotate90Args& a) {
  const int64_t pixels = a.h * a.h;
  parallel_for(a.n * a.c, pixels, [&](int64_t image) {
    const Walk walk = quarter_turns(a.turns[image / a.c], a.h);
    const float* const x = a.x + image * pixels + walk.origin;
    float* const y = a.y + image * pixels;
    for (int64_t p = 0; p < a.h; ++p) {
      for (int64_t q = 0; q < a.h; ++q) y[p * a.h + q] = x[p * walk.down + q * walk.right];
    }
  });
  return kOk;
}

int rotate(const Exec&, const RotateArgs& a) {
  const int64_t pixels = a.h * a.w;
  const double centre_x = (a.w - 1) / 2.0, centre_y = (a.h - 1) / 2.0;
  parallel_for(a.n * a.c, 8 * pixels, [&](int64_t image) {
    const double angle = a.degrees[image / a.c] * (std::numbers::pi / 180);
    const double cosine = std::cos(angle), sine = std::sin(angle);
    const float* const x = a.x + image * pixels;
    float* const y = a.y + image * pixels;
    for (int64_t p = 0; p < a.h; ++p) {
      for (int64_t q = 0; q < a.w; ++q) {
        const double dx = q - centre_x, dy = p - centre_y;
        const double column = std::nearbyint(cosine * dx - sine * dy + centre_x);
        const double line = std::nearbyint(sine * dx + cosine * dy + centre_y);
        const bool inside = column >= 0 && column < a.w && line >= 0 && line < a.h;
        y[p * a.w + q] =
            inside ? x[static_cast<int64_t>(line) * a.w + static_cast<int64_t>(column)] : a.fill;
      }
    }
  });
  return kOk;
}

int counter_add(const Exec&, const CounterAddArgs& a) {
  // Wraps around, as on the GPU.
  *a.counter =
      static_cast<int64_t>(static_cast<uint64_t>(*a.counter) + static_cast<uint64_t>(a.delta));
  return kOk;
}

}  // namespace sslcuda::cpu
