#include "host/report/scatter_plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace host {
namespace {

constexpr double kLeft = 48, kTop = kHeadingHeight, kSide = 620, kBottom = 44, kLegend = 96;
constexpr double kPadding = 16;  // between the frame and the outermost points

// One scale for both axes, so that distances are as they are.
class Scale {
 public:
  Scale(std::span<const float> x, std::span<const float> y) {
    const auto [left, right] = std::ranges::minmax(x);
    const auto [bottom, top] = std::ranges::minmax(y);
    centre_x_ = (left + right) / 2;
    centre_y_ = (bottom + top) / 2;
    unit_ = (kSide - 2 * kPadding) / std::max({right - left, top - bottom, 1e-12f});
  }
  double x(double value) const { return kLeft + kSide / 2 + unit_ * (value - centre_x_); }
  double y(double value) const { return kTop + kSide / 2 - unit_ * (value - centre_y_); }

 private:
  double centre_x_, centre_y_, unit_;
};

std::vector<size_t> members_of(std::span<const uint8_t> labels, int64_t label) {
  std::vector<size_t> members;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == label) members.push_back(i);
  }
  return members;
}

double median(std::span<const float> values, const std::vector<size_t>& members) {
  std::vector<float> chosen;
  for (const size_t i : members) chosen.push_back(values[i]);
  const auto middle = chosen.begin() + static_cast<std::ptrdiff_t>(chosen.size() / 2);
  std::ranges::nth_element(chosen, middle);
  return *middle;
}

void draw_frame(Canvas& canvas, const AxisTitles& axes) {
  canvas.set(kGrid);
  cairo_set_line_width(canvas.cairo(), 1.0);
  cairo_rectangle(canvas.cairo(), kLeft, kTop, kSide, kSide);
  cairo_stroke(canvas.cairo());
  canvas.set(kInk);
  canvas.text(kLeft + kSide / 2, kTop + kSide + 22, axes.x, kTextSize, Align::kCentre);
  canvas.vertical_text(kLeft - 20, kTop + kSide / 2, axes.y, kTextSize);
}

void draw_legend(Canvas& canvas, int64_t classes, const std::vector<bool>& present) {
  constexpr double kRow = 22, kX = kLeft + kSide + 22;
  canvas.set(kQuietInk);
  canvas.text(kX - 5, kTop + 10, "class", kTextSize, Align::kLeft);
  const double row = std::min(kRow, (kSide - 40) / static_cast<double>(classes));
  double y = kTop + 34;
  for (int64_t label = 0; label < classes; ++label) {
    if (!present[static_cast<size_t>(label)]) continue;
    canvas.set(class_colour(label, classes));
    canvas.dot(kX, y, 5);
    canvas.set(kInk);
    canvas.text(kX + 14, y, std::to_string(label), std::min(kTextSize, row), Align::kLeft);
    y += row;
  }
}

}  // namespace

std::string scatter_plot_png(std::span<const float> x, std::span<const float> y,
                             std::span<const uint8_t> labels, const Heading& heading,
                             const AxisTitles& axes) {
  constexpr double kRadius = 2.6, kLabelSize = 17;
  constexpr int64_t kMostLabelled = 20;  // more would hide the points
  const int64_t classes = *std::ranges::max_element(labels) + 1;
  const Scale scale(x, y);
  Canvas canvas(static_cast<int>(kLeft + kSide + kLegend), static_cast<int>(kTop + kSide + kBottom),
                kSharp);
  draw_heading(canvas, kLeft, heading);
  draw_frame(canvas, axes);
  // In the order of the images: no class lies on top of the others.
  for (size_t i = 0; i < labels.size(); ++i) {
    Colour colour = class_colour(labels[i], classes);
    colour.a = 0.75;
    canvas.set(colour);
    canvas.dot(scale.x(x[i]), scale.y(y[i]), kRadius);
  }
  std::vector<bool> present(static_cast<size_t>(classes));
  for (int64_t label = 0; label < classes; ++label) {
    const std::vector<size_t> members = members_of(labels, label);
    present[static_cast<size_t>(label)] = !members.empty();
    if (members.empty() || classes > kMostLabelled) continue;
    canvas.rimmed_text(scale.x(median(x, members)), scale.y(median(y, members)),
                       std::to_string(label), kLabelSize);
  }
  draw_legend(canvas, classes, present);
  return canvas.png();
}

}  // namespace host
