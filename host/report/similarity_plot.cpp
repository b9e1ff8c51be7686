// The similarity matrix as a heat map with the borders of the classes.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "host/report/matrix_plot.hpp"

namespace host {
namespace {

constexpr double kLeft = 56, kTop = kHeadingHeight + 22, kSide = 600, kRight = 96, kBottom = 30;

// The bulk of the values: single ones beyond are drawn as its ends.
struct Range {
  explicit Range(std::span<const float> values) {
    std::vector<float> sorted(values.begin(), values.end());
    std::ranges::sort(sorted);
    low = sorted[sorted.size() / 100];
    high = std::max(sorted[sorted.size() * 99 / 100], low + 1e-6f);
  }
  double share(double value) const { return (value - low) / (high - low); }

  float low, high;
};

void draw_colour_bar(Canvas& canvas, const Range& range) {
  constexpr double kX = kLeft + kSide + 20, kWidth = 14, kHeight = 240;
  constexpr int kSteps = 120;
  for (int i = 0; i < kSteps; ++i) {
    canvas.set(sequential_colour(1 - (i + 0.5) / kSteps));
    canvas.rectangle(kX, kTop + kHeight * i / kSteps, kWidth, kHeight / kSteps + 0.5);
  }
  canvas.set(kInk);
  constexpr int kTicks = 4;
  for (int i = 0; i <= kTicks; ++i) {
    const double value = range.high + (range.low - range.high) * i / kTicks;
    canvas.text(kX + kWidth + 6, kTop + kHeight * i / kTicks, fmt::format("{:.2f}", value), 11.5,
                Align::kLeft);
  }
}

// A line before every class and its name in the middle of its rows.
void draw_classes(Canvas& canvas, std::span<const uint8_t> labels) {
  const double unit = kSide / static_cast<double>(labels.size());
  cairo_set_line_width(canvas.cairo(), 0.8);
  size_t begin = 0;
  for (size_t i = 1; i <= labels.size(); ++i) {
    if (i < labels.size() && labels[i] == labels[begin]) continue;
    const double from = unit * static_cast<double>(begin), to = unit * static_cast<double>(i);
    canvas.set(kInk);
    const std::string name = std::to_string(labels[begin]);
    canvas.text(kLeft - 12, kTop + (from + to) / 2, name, kTextSize, Align::kRight);
    canvas.text(kLeft + (from + to) / 2, kTop - 12, name, kTextSize, Align::kCentre);
    if (i < labels.size()) {
      canvas.set({kInk.r, kInk.g, kInk.b, 0.45});
      canvas.line(kLeft + to, kTop, kLeft + to, kTop + kSide);
      canvas.line(kLeft, kTop + to, kLeft + kSide, kTop + to);
    }
    begin = i;
  }
}

}  // namespace

std::string similarity_plot_png(std::span<const float> similarities,
                                std::span<const uint8_t> labels, const Heading& heading) {
  const Range range(similarities);
  std::vector<Pixel> pixels;
  for (const float value : similarities) {
    pixels.push_back(pixel_of(sequential_colour(range.share(value))));
  }
  const auto n = static_cast<int64_t>(labels.size());
  Canvas canvas(static_cast<int>(kLeft + kSide + kRight), static_cast<int>(kTop + kSide + kBottom),
                kSharp);
  draw_heading(canvas, kLeft, heading);
  canvas.image(kLeft, kTop, pixels.data(), n, n, kSide / static_cast<double>(n));
  draw_classes(canvas, labels);
  draw_colour_bar(canvas, range);
  canvas.set(kInk);
  canvas.vertical_text(18, kTop + kSide / 2, "class", kTextSize);
  return canvas.png();
}

}  // namespace host
