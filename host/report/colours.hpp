// colours.hpp - the colours that all pictures of a run share.
#pragma once

#include <cstdint>
#include <vector>

#include "host/report/canvas.hpp"

namespace host {

constexpr Colour kInk{0.15, 0.17, 0.20}, kQuietInk{0.42, 0.45, 0.49}, kGrid{0.88, 0.89, 0.91};
constexpr double kTextSize = 12.5, kTitleSize = 16;
constexpr double kSharp = 2.0;  // pixels per unit, for sharp text on dense screens

// Of class i out of `classes`: the ten of a common chart palette, more as hues in equal steps.
Colour class_colour(int64_t i, int64_t classes);

// share 0..1: white to dark blue.
Colour sequential_colour(double share);
// value -1..1: blue through white to red.
Colour diverging_colour(double value);

Pixel pixel_of(const Colour& colour);
// value 0..1: black to white.
Pixel grey_pixel(double value);

}  // namespace host
