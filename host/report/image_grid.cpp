#include "host/report/image_grid.hpp"

#include <algorithm>
#include <cmath>

#include "host/report/canvas.hpp"

namespace host {

std::string image_pairs_png(std::span<const float> originals, std::span<const float> copies,
                            int64_t h, int64_t w, const std::string& title) {
  constexpr int64_t kColumns = 8;
  constexpr double kMargin = 24, kTitle = 36, kGap = 8, kPairGap = 2, kTitleSize = 15;
  constexpr double kSide = 84;  // about that, whatever the size of the images
  const int64_t count = static_cast<int64_t>(originals.size()) / (h * w);
  const int64_t columns = std::min(count, kColumns), rows = (count + kColumns - 1) / kColumns;
  const double cell = std::max(1.0, std::round(kSide / static_cast<double>(std::max(h, w))));
  const double image_w = cell * static_cast<double>(w), image_h = cell * static_cast<double>(h);
  const double pitch_x = image_w + kGap, pitch_y = 2 * image_h + kPairGap + 2 * kGap;
  const double width = std::max(2 * kMargin + pitch_x * static_cast<double>(columns) - kGap, 480.0);
  const double height = 2 * kMargin + kTitle + pitch_y * static_cast<double>(rows) - 2 * kGap;

  Canvas canvas(static_cast<int>(width), static_cast<int>(height), 1.0);
  canvas.set({0.1, 0.1, 0.1});
  canvas.text(kMargin, kMargin + kTitleSize / 2, title, kTitleSize, Align::kLeft, true);
  for (int64_t i = 0; i < count; ++i) {
    const double x = kMargin + pitch_x * static_cast<double>(i % kColumns);
    const double y = kMargin + kTitle + pitch_y * static_cast<double>(i / kColumns);
    canvas.grey_image(x, y, &originals[static_cast<size_t>(i * h * w)], h, w, cell);
    canvas.grey_image(x, y + image_h + kPairGap, &copies[static_cast<size_t>(i * h * w)], h, w,
                      cell);
  }
  return canvas.png();
}

}  // namespace host
