// image_grid.hpp - small pictures of one size in rows and columns.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/report/heading.hpp"

namespace host {

struct Tiles {
  int64_t h, w;
  std::vector<Pixel> pixels;  // [count, h, w]

  int64_t count() const { return static_cast<int64_t>(pixels.size()) / (h * w); }
};

// images [count, h, w] in 0..1.
Tiles grey_tiles(std::span<const float> images, int64_t h, int64_t w);
// weights [count, h, w], positive ones red and negative ones blue, each tile scaled by itself.
Tiles weight_tiles(std::span<const float> weights, int64_t h, int64_t w);

struct GridLayout {
  int64_t columns;
  int64_t rows_together = 1;  // a wider gap follows so many rows
  double side = 48;           // of a tile, about
  double gap = 3;             // between tiles
};

// Row by row. Returns the bytes of a PNG.
std::string image_grid_png(const Tiles& tiles, const GridLayout& layout, const Heading& heading);

}  // namespace host
