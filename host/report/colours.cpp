#include "host/report/colours.hpp"

#include <algorithm>
#include <cmath>
#include <span>

namespace host {
namespace {

constexpr Colour hex(uint32_t rgb) {
  return {(rgb >> 16 & 0xff) / 255.0, (rgb >> 8 & 0xff) / 255.0, (rgb & 0xff) / 255.0};
}

constexpr Colour kClasses[] = {hex(0x1f77b4), hex(0xff7f0e), hex(0x2ca02c), hex(0xd62728),
                               hex(0x9467bd), hex(0x8c564b), hex(0xe377c2), hex(0x7f7f7f),
                               hex(0xbcbd22), hex(0x17becf)};

constexpr Colour kSequential[] = {hex(0xffffff), hex(0xd6e6f4), hex(0x9cc6e3),
                                  hex(0x4a90c4), hex(0x1a5a9e), hex(0x0a2a5c)};
constexpr Colour kDiverging[] = {hex(0x123f7d), hex(0x4a90c4), hex(0xffffff), hex(0xd9694f),
                                 hex(0x7d1220)};

double mix(double a, double b, double part) { return a + (b - a) * part; }

// place 0..1 along the stops.
Colour between(std::span<const Colour> stops, double place) {
  const double at = std::clamp(place, 0.0, 1.0) * static_cast<double>(stops.size() - 1);
  const size_t i = std::min(static_cast<size_t>(at), stops.size() - 2);
  const double part = at - static_cast<double>(i);
  return {mix(stops[i].r, stops[i + 1].r, part), mix(stops[i].g, stops[i + 1].g, part),
          mix(stops[i].b, stops[i + 1].b, part)};
}

// hue 0..1, of full saturation.
Colour hue_colour(double hue, double value) {
  const auto channel = [&](double shift) {
    const double distance = std::abs(std::fmod(6 * hue + shift, 6.0) - 3) - 1;
    return value * std::clamp(distance, 0.0, 1.0);
  };
  return {channel(0), channel(4), channel(2)};
}

}  // namespace

Colour class_colour(int64_t i, int64_t classes) {
  if (classes <= static_cast<int64_t>(std::size(kClasses))) return kClasses[i];
  const double value = i % 2 == 0 ? 0.9 : 0.6;
  return hue_colour(static_cast<double>(i) / static_cast<double>(classes), value);
}

Colour sequential_colour(double share) { return between(kSequential, share); }

Colour diverging_colour(double value) { return between(kDiverging, (value + 1) / 2); }

Pixel pixel_of(const Colour& colour) {
  const auto byte = [](double channel) { return static_cast<Pixel>(std::lround(255 * channel)); };
  return byte(colour.r) << 16 | byte(colour.g) << 8 | byte(colour.b);
}

Pixel grey_pixel(double value) {
  const double grey = std::clamp(value, 0.0, 1.0);
  return pixel_of({grey, grey, grey});
}

}  // namespace host
