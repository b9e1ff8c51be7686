// Lines of a channel are short and far from those of the next one: no stream that a cache foresees.
// So with each the same place of the next image is asked for; past the last image there is none,
// and asking has no effect.
#include "kernels/cpu/by_pixel.hpp"

#include <algorithm>

namespace sslcuda::cpu {
namespace {

#define SSLCUDA_INLINE __attribute__((always_inline)) inline

// Calls loop.operator()<n>() for the largest n that neither kLanes nor the count is smaller than.
template <int kLanes, class Loop>
SSLCUDA_INLINE void run_fitting(int64_t count, const Loop& loop) {
  if constexpr (kLanes > 1) {
    if (count < kLanes) return run_fitting<kLanes / 2>(count, loop);
  }
  loop.template operator()<kLanes>();
}

// Calls body(k) for squares of kLanes positions of [0, count), of which the last ends with them.
template <int kLanes, class Body>
SSLCUDA_INLINE void for_each_square(int64_t count, const Body& body) {
  for (int64_t k = 0; k < count; k += kLanes) body(std::min(k, count - kLanes));
}

// Where position k of lines that are w long lies in lines that are `width` long.
struct Place {
  int64_t w, width, lanes;

  int64_t operator()(int64_t k) const { return (k + k / w * (width - w)) * lanes; }
};

template <int kLanes>
SSLCUDA_INLINE void lines_to_pixels(const Lines& x, const Place& place, int64_t lane,
                                    const float* data, float* by_pixel) {
  const float* const from = data + lane * x.channel;
  const int64_t channels = std::min<int64_t>(kLanes, x.channels - lane);
  for_each_square<kLanes>(
      x.count * x.w, [&](int64_t k) __attribute__((always_inline)) {
        Lanes<kLanes> square[kLanes];
#pragma GCC unroll 16
        for (int j = 0; j < kLanes; ++j) {
          const float* const row = from + j * x.channel + k;
          square[j] = j < channels ? load<kLanes>(row) : Lanes<kLanes>{};
          __builtin_prefetch(row + x.channels * x.channel, 0, 2);
        }
        transpose<kLanes>(square);
        float* to = by_pixel + place(k) + lane;
        int64_t column = k % x.w;
#pragma GCC unroll 16
        for (int j = 0; j < kLanes; ++j) {
          store(square[j], to);
          to += place.lanes;
          if (++column == x.w) {
            column = 0;
            to += (place.width - place.w) * place.lanes;
          }
        }
      });
}

template <int kLanes>
SSLCUDA_INLINE void pixels_to_lines(const float* by_pixel, const Place& place, int64_t lane,
                                    const Lines& y, float* data) {
  float* const to = data + lane * y.channel;
  const int64_t channels = std::min<int64_t>(kLanes, y.channels - lane);
  for_each_square<kLanes>(
      y.count * y.w, [&](int64_t k) __attribute__((always_inline)) {
        Lanes<kLanes> square[kLanes];
        const float* from = by_pixel + place(k) + lane;
        int64_t column = k % y.w;
#pragma GCC unroll 16
        for (int j = 0; j < kLanes; ++j) {
          square[j] = load<kLanes>(from);
          from += place.lanes;
          if (++column == y.w) {
            column = 0;
            from += (place.width - place.w) * place.lanes;
          }
        }
        transpose<kLanes>(square);
#pragma GCC unroll 16
        for (int j = 0; j < kLanes; ++j) {
          if (j < channels) store(square[j], to + j * y.channel + k);
          __builtin_prefetch(to + j * y.channel + k + y.channels * y.channel, 1, 2);
        }
      });
}

#undef SSLCUDA_INLINE

}  // namespace

void to_pixels(const Lines& lines, const float* from, int64_t width, float* by_pixel) {
  const Place place{lines.w, width, padded(lines.channels)};
  run_widest([&]<int kWidest>() __attribute__((always_inline)) {
    run_fitting<kWidest>(
        lines.count * lines.w, [&]<int kLanes>() __attribute__((always_inline)) {
          for (int64_t lane = 0; lane < place.lanes; lane += kLanes) {
            lines_to_pixels<kLanes>(lines, place, lane, from, by_pixel);
          }
        });
  });
}

void from_pixels(const Lines& lines, const float* by_pixel, int64_t width, float* to) {
  const Place place{lines.w, width, padded(lines.channels)};
  run_widest([&]<int kWidest>() __attribute__((always_inline)) {
    run_fitting<kWidest>(
        lines.count * lines.w, [&]<int kLanes>() __attribute__((always_inline)) {
          for (int64_t lane = 0; lane < lines.channels; lane += kLanes) {
            pixels_to_lines<kLanes>(by_pixel, place, lane, lines, to);
          }
        });
  });
}

}  // namespace sslcuda::cpu
