#include "kernels/cpu/conv3x3_blocks.hpp"

#include <algorithm>

#include "kernels/cpu/activation.hpp"

namespace sslcuda::cpu {
namespace {

constexpr int64_t kBlockFloats = 1 << 16;

// The lines of tiles of a block: if there is room, such that its tiles fill whole products.
int64_t block_lines(const Correlation& s) {
  const int64_t floats = kFrequencies * s.tiles_across() * (s.in.lanes() + s.out.lanes());
  const int64_t lines = std::max<int64_t>(kBlockFloats / floats, 1);
  return lines < kProductRows ? lines : lines / kProductRows * kProductRows;
}

int64_t block_tiles(const Correlation& s) {
  return ceil_div(block_lines(s) * s.tiles_across(), kProductRows) * kProductRows;
}

int64_t in_floats(const Correlation& s) { return kWindowSide * s.window_width() * s.in.lanes(); }

int64_t out_floats(const Correlation& s) { return kTileSide * s.tile_width() * s.out.lanes(); }

// Rims stay as they are now.
void clear(const Correlation& s, const BlockWork& w) {
  std::fill_n(w.in_pixels, in_floats(s), 0.0f);
  std::fill_n(w.out_pixels, out_floats(s), 0.0f);
}

// Lines `first` and `first` + 1, with zeros for those that are outside.
void gather(const Images& x, int64_t image, int64_t first, int64_t width, int64_t pad,
            float* scratch, float* by_pixel) {
  const Planes& planes = x.planes;
  const int64_t begin = std::max<int64_t>(first, 0);
  const int64_t count = std::clamp<int64_t>(planes.h - begin, 0, first + kTileSide - begin);
  const int64_t line = width * planes.lanes();
  if (count < kTileSide) std::fill_n(by_pixel, kTileSide * line, 0.0f);
  float* const to = by_pixel + (begin - first) * line + pad * planes.lanes();
  const int64_t at = image * planes.size() + begin * planes.w, run = count * planes.w;
  if (!x.y) {
    to_pixels({planes.channels, planes.plane(), count, planes.w}, x.data + at, width, to);
    return;
  }
  for (int64_t c = 0; c < planes.channels; ++c) {
    const int64_t plane = at + c * planes.plane();
    activation_gradient(x.activation, run, x.y + plane, x.data + plane, scratch + c * run);
  }
  to_pixels({planes.channels, run, count, planes.w}, scratch, width, to);
}

// Calls body(first, count) for the blocks of a number of lines.
template <class Body>
void for_each_block(const Correlation& s, int64_t lines, const Body& body) {
  const int64_t block = block_lines(s);
  for (int64_t first = 0; first < lines; first += block) {
    body(first, std::min(block, lines - first));
  }
}

// Some images' pixels to frequencies, for `count` lines of tiles from line `first` of the images
// from `image` on.
void take_pixels(const Correlation& s, const Images& x, int64_t image, int64_t first, int64_t count,
                 const BlockWork& w) {
  const int64_t width = s.window_width(), pair = kTileSide * width * s.in.lanes();
  for (int64_t i = 0; i < count; ++i) {
    const int64_t at = image + (first + i) / s.tiles_down(), down = (first + i) % s.tiles_down();
    const int64_t line = down * kTileSide - s.pad_h;
    // Two lines of pixels were the lower ones of the tiles above.
    float* const upper = w.in_pixels + down % 2 * pair;
    float* const lower = w.in_pixels + (down + 1) % 2 * pair;
    if (i == 0 || down == 0) gather(x, at, line, width, s.pad_w, w.lines, upper);
    gather(x, at, line + kTileSide, width, s.pad_w, w.lines, lower);
    transform_pixels(s, w.in_pixels, down % 2 * kTileSide, w.in, i * s.tiles_across());
  }
}

void finish_lines(const Finish& finish, const Planes& planes, int64_t count, float* y) {
  if (!finish.bias && finish.activation == Activation::kNone) return;
  for (int64_t c = 0; c < planes.channels; ++c, y += planes.plane()) {
    const float bias = finish.bias ? finish.bias[c] : 0.0f;
    for (int64_t k = 0; k < count; ++k) y[k] += bias;
    activate(finish.activation, count, nullptr, y);
  }
}

}  // namespace

BlockWork::BlockWork(const Correlation& s, Arena& arena)
    : in_pixels(arena.take<float>(in_floats(s))),
      out_pixels(arena.take<float>(out_floats(s))),
      lines(arena.take<float>(kTileSide *
                              std::max(s.in.channels * s.in.w, s.out.channels * s.out.w))),
      in(Spectrum::of(arena, block_tiles(s), s.in.lanes())),
      out(Spectrum::of(arena, block_tiles(s), s.out.lanes())) {}

size_t BlockWork::bytes(const Correlation& s) {
  Arena arena(nullptr);
  const BlockWork work(s, arena);
  return arena.bytes();
}

void correlate(const Correlation& s, const Images& x, const Spectrum& weight, int64_t begin,
               int64_t end, const Finish& finish, const BlockWork& w, float* y) {
  clear(s, w);
  for_each_block(s, (end - begin) * s.tiles_down(), [&](int64_t first, int64_t count) {
    take_pixels(s, x, begin, first, count, w);
    multiply(w.in, count * s.tiles_across(), s.in.channels, weight, w.out);
    for (int64_t i = 0; i < count; ++i) {
      const int64_t image = begin + (first + i) / s.tiles_down();
      const int64_t line = (first + i) % s.tiles_down() * kTileSide;
      const int64_t lines = std::min(kTileSide, s.out.h - line);
      float* const to = y + image * s.out.size() + line * s.out.w;
      transform_sums(s, w.out, i * s.tiles_across(), w.out_pixels);
      from_pixels({s.out.channels, s.out.plane(), lines, s.out.w}, w.out_pixels, s.tile_width(),
                  to);
      finish_lines(finish, s.out, lines * s.out.w, to);
    }
  });
}

void add_weight_gradient(const Correlation& s, const Images& x, const Images& g, int64_t begin,
                         int64_t end, const BlockWork& w, const Spectrum& grad_weight) {
  clear(s, w);
  for_each_block(s, (end - begin) * s.tiles_down(), [&](int64_t first, int64_t count) {
    take_pixels(s, x, begin, first, count, w);
    for (int64_t i = 0; i < count; ++i) {
      gather(g, begin + (first + i) / s.tiles_down(), (first + i) % s.tiles_down() * kTileSide,
             s.tile_width(), 0, w.lines, w.out_pixels);
      transform_gradient(s, w.out_pixels, w.out, i * s.tiles_across());
    }
    add_product(w.in, w.out, count * s.tiles_across(), grad_weight);
  });
}

}  // namespace sslcuda::cpu
