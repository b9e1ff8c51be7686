// The confusion matrix with its counts and the share of each class that was recognised.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "host/report/matrix_plot.hpp"
#include "host/report/words.hpp"

namespace host {
namespace {

constexpr double kLeft = 74, kTop = kHeadingHeight + 44, kRight = 92, kBottom = 24;

class ConfusionPlot {
 public:
  ConfusionPlot(Canvas& canvas, std::span<const int64_t> counts, int64_t classes, double cell)
      : canvas_(canvas), counts_(counts), classes_(classes), cell_(cell) {}

  void draw() {
    for (int64_t i = 0; i < classes_; ++i) draw_row(i);
    const double side = at(classes_);
    canvas_.set(kInk);
    canvas_.text(kLeft + side / 2, kTop - 34, "predicted class", kTextSize, Align::kCentre);
    canvas_.vertical_text(20, kTop + side / 2, "true class", kTextSize);
    canvas_.text(kLeft + side + 14, kTop - 14, "right", kTextSize, Align::kLeft);
    canvas_.set(kGrid);
    cairo_set_line_width(canvas_.cairo(), 1.0);
    cairo_rectangle(canvas_.cairo(), kLeft, kTop, side, side);
    cairo_stroke(canvas_.cairo());
  }

 private:
  double at(int64_t i) const { return cell_ * static_cast<double>(i); }
  double text_size() const { return std::min(kTextSize, 0.62 * cell_); }

  int64_t count(int64_t i, int64_t j) const {
    return counts_[static_cast<size_t>(i * classes_ + j)];
  }

  void draw_row(int64_t i) {
    int64_t total = 0;
    for (int64_t j = 0; j < classes_; ++j) total += count(i, j);
    for (int64_t j = 0; j < classes_; ++j) draw_cell(i, j, total);
    const double middle = at(i) + cell_ / 2;
    canvas_.set(kInk);
    canvas_.text(kLeft - 12, kTop + middle, std::to_string(i), text_size(), Align::kRight);
    canvas_.text(kLeft + middle, kTop - 14, std::to_string(i), text_size(), Align::kCentre);
    if (total == 0) return;
    canvas_.set(kQuietInk);
    const double share = static_cast<double>(count(i, i)) / static_cast<double>(total);
    canvas_.text(kLeft + at(classes_) + 14, kTop + middle, fmt::format("{:.1f} %", 100 * share),
                 text_size(), Align::kLeft);
  }

  void draw_cell(int64_t i, int64_t j, int64_t total) {
    constexpr double kRoomForCounts = 28, kDark = 0.55;
    if (count(i, j) == 0) return;
    // The root makes single mistakes visible.
    const double shade = std::sqrt(static_cast<double>(count(i, j)) / static_cast<double>(total));
    canvas_.set(sequential_colour(0.9 * shade));
    canvas_.rectangle(kLeft + at(j), kTop + at(i), cell_, cell_);
    if (cell_ < kRoomForCounts) return;
    canvas_.set(shade > kDark ? Colour{1, 1, 1} : kInk);
    canvas_.text(kLeft + at(j) + cell_ / 2, kTop + at(i) + cell_ / 2, grouped(count(i, j)),
                 text_size(), Align::kCentre);
  }

  Canvas& canvas_;
  std::span<const int64_t> counts_;
  int64_t classes_;
  double cell_;
};

}  // namespace

std::string confusion_plot_png(std::span<const int64_t> counts, int64_t classes,
                               const Heading& heading) {
  constexpr double kSide = 540, kLargest = 54, kSmallest = 10, kNarrowest = 520;
  const double cell = std::clamp(kSide / static_cast<double>(classes), kSmallest, kLargest);
  const double side = cell * static_cast<double>(classes);
  Canvas canvas(static_cast<int>(std::max(kLeft + side + kRight, kNarrowest)),
                static_cast<int>(kTop + side + kBottom), kSharp);
  draw_heading(canvas, kLeft, heading);
  ConfusionPlot(canvas, counts, classes, cell).draw();
  return canvas.png();
}

}  // namespace host
