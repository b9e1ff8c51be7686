#include "host/report/image_grid.hpp"

#include <algorithm>
#include <cmath>

namespace host {
namespace {

constexpr double kMargin = 24, kWideGap = 16;

// Where everything lies.
struct Geometry {
  Geometry(const Tiles& tiles, const GridLayout& layout_)
      : layout(layout_),
        rows((tiles.count() + layout.columns - 1) / layout.columns),
        cell(layout.side / static_cast<double>(std::max(tiles.h, tiles.w))) {
    // Whole pixels of the picture for each pixel of a tile.
    if (cell * kSharp >= 1) cell = std::round(cell * kSharp) / kSharp;
    pitch_x = cell * static_cast<double>(tiles.w) + layout.gap;
    pitch_y = cell * static_cast<double>(tiles.h) + layout.gap;
    // Single rows are as far apart as columns.
    group_gap = layout.rows_together > 1 ? kWideGap - layout.gap : 0;
  }

  double x(int64_t i) const { return kMargin + pitch_x * static_cast<double>(i % layout.columns); }
  double y(int64_t i) const {
    const int64_t row = i / layout.columns;
    return kHeadingHeight + pitch_y * static_cast<double>(row) +
           group_gap * static_cast<double>(row / layout.rows_together);
  }
  double width() const {
    return 2 * kMargin + pitch_x * static_cast<double>(layout.columns) - layout.gap;
  }
  double height() const { return y((rows - 1) * layout.columns) + pitch_y - layout.gap + kMargin; }

  GridLayout layout;
  int64_t rows;
  double cell, pitch_x, pitch_y, group_gap;
};

}  // namespace

Tiles grey_tiles(std::span<const float> images, int64_t h, int64_t w) {
  Tiles tiles{h, w, {}};
  for (const float value : images) tiles.pixels.push_back(grey_pixel(value));
  return tiles;
}

Tiles weight_tiles(std::span<const float> weights, int64_t h, int64_t w) {
  Tiles tiles{h, w, {}};
  const auto size = static_cast<size_t>(h * w);
  for (size_t first = 0; first < weights.size(); first += size) {
    const auto tile = weights.subspan(first, size);
    float largest = 1e-12f;
    for (const float weight : tile) largest = std::max(largest, std::abs(weight));
    for (const float weight : tile) {
      tiles.pixels.push_back(pixel_of(diverging_colour(weight / largest)));
    }
  }
  return tiles;
}

std::string image_grid_png(const Tiles& tiles, const GridLayout& layout, const Heading& heading) {
  GridLayout fitting = layout;
  fitting.columns = std::max<int64_t>(1, std::min(layout.columns, tiles.count()));
  const Geometry at(tiles, fitting);
  const double heading_end = 2 * kMargin + [&] {
    Canvas probe(1, 1, 1);
    return heading_width(probe, heading);
  }();
  const double width = std::ceil(std::max(at.width(), heading_end));
  Canvas canvas(static_cast<int>(width), static_cast<int>(std::ceil(at.height())), kSharp);
  draw_heading(canvas, kMargin, heading);
  const auto size = static_cast<size_t>(tiles.h * tiles.w);
  for (int64_t i = 0; i < tiles.count(); ++i) {
    canvas.image(at.x(i), at.y(i), &tiles.pixels[static_cast<size_t>(i) * size], tiles.h, tiles.w,
                 at.cell);
  }
  return canvas.png();
}

}  // namespace host
