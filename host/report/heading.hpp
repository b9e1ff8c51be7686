// heading.hpp - the title of a picture and a quieter line below it.
#pragma once

#include <string>

#include "host/report/canvas.hpp"
#include "host/report/colours.hpp"

namespace host {

struct Heading {
  std::string title, note;
};

constexpr double kHeadingHeight = 62;  // from the upper edge to where the drawing may begin

inline void draw_heading(Canvas& canvas, double x, const Heading& heading) {
  canvas.set(kInk);
  canvas.text(x, 24, heading.title, kTitleSize, Align::kLeft, true);
  canvas.set(kQuietInk);
  canvas.text(x, 45, heading.note, kTextSize, Align::kLeft);
}

// The width that the heading needs from x = 0 on.
inline double heading_width(Canvas& canvas, const Heading& heading) {
  return std::max(canvas.text_width(heading.title, kTitleSize, true),
                  canvas.text_width(heading.note, kTextSize));
}

}  // namespace host
