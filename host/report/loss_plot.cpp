#include "host/report/loss_plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "host/report/canvas.hpp"
#include "host/report/colours.hpp"

namespace host {
namespace {

constexpr int kWidth = 860, kHeight = 500;
constexpr double kLeft = 78, kRight = 28, kTop = 56, kBottom = 62;
constexpr Colour kPoint{0.16, 0.44, 0.75, 0.22}, kLine{0.10, 0.30, 0.60};

// A scale from values to canvas units, with ticks at round values.
class Axis {
 public:
  Axis(double low, double high, double from, double to, bool integers)
      : low_(low), high_(high), from_(from), to_(to) {
    constexpr double kTicks = 8;
    const double rough = (high - low) / kTicks;
    const double power = std::pow(10.0, std::floor(std::log10(rough)));
    const double digit = rough / power;
    step_ = power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
    if (integers) step_ = std::max(step_, 1.0);
  }

  double operator()(double value) const {
    return from_ + (to_ - from_) * (value - low_) / (high_ - low_);
  }

  std::vector<double> ticks() const {
    std::vector<double> result;
    for (double i = std::ceil(low_ / step_); i * step_ <= high_ * (1 + 1e-9); ++i) {
      result.push_back(i * step_);
    }
    return result;
  }

  // With as many decimals as the step needs.
  std::string label(double tick) const {
    if (std::abs(high_) >= 1e6 || step_ < 1e-5) return fmt::format("{:g}", tick);
    const int decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step_) + 1e-9)));
    return fmt::format("{:.{}f}", tick, decimals);
  }

 private:
  double low_, high_, from_, to_, step_;
};

// Steps to either side of one that its running mean covers.
size_t smoothing_reach(size_t steps) { return std::min<size_t>(steps / 100, 200); }

// Mean over the window around each step, cut off at the ends.
std::vector<double> running_mean(std::span<const float> losses) {
  const size_t reach = smoothing_reach(losses.size());
  std::vector<double> sums(losses.size() + 1, 0.0);
  for (size_t i = 0; i < losses.size(); ++i) sums[i + 1] = sums[i] + losses[i];
  std::vector<double> means(losses.size());
  for (size_t i = 0; i < losses.size(); ++i) {
    const size_t begin = i - std::min(i, reach), end = std::min(i + reach + 1, losses.size());
    means[i] = (sums[end] - sums[begin]) / static_cast<double>(end - begin);
  }
  return means;
}

// From 0 where that wastes little room; single outliers do not stretch it.
std::pair<double, double> loss_range(std::span<const float> losses, std::span<const double> means) {
  std::vector<float> sorted(losses.begin(), losses.end());
  std::ranges::sort(sorted);
  const double top =
      std::max<double>(sorted[(sorted.size() - 1) * 995 / 1000], *std::ranges::max_element(means));
  const double bottom = sorted.front();
  const double spread = std::max({top - bottom, 1e-6 * std::abs(top), 1e-12});
  const bool from_zero = bottom >= 0 && bottom < spread;
  return {from_zero ? 0.0 : bottom - 0.05 * spread, top + 0.06 * spread};
}

void draw_axes(Canvas& canvas, const Axis& x, const Axis& y, const std::string& x_title) {
  cairo_set_line_width(canvas.cairo(), 1.0);
  for (double tick : y.ticks()) {
    canvas.set(kGrid);
    canvas.line(kLeft, y(tick), kWidth - kRight, y(tick));
    canvas.set(kInk);
    canvas.text(kLeft - 10, y(tick), y.label(tick), kTextSize, Align::kRight);
  }
  for (double tick : x.ticks()) {
    canvas.set(kGrid);
    canvas.line(x(tick), kTop, x(tick), kHeight - kBottom);
    canvas.set(kInk);
    canvas.text(x(tick), kHeight - kBottom + 16, x.label(tick), kTextSize, Align::kCentre);
  }
  canvas.line(kLeft, kHeight - kBottom, kWidth - kRight, kHeight - kBottom);
  canvas.line(kLeft, kTop, kLeft, kHeight - kBottom);
  canvas.text((kLeft + kWidth - kRight) / 2, kHeight - 20, x_title, kTextSize, Align::kCentre);
  canvas.vertical_text(20, (kTop + kHeight - kBottom) / 2, "loss", kTextSize);
}

void draw_legend(Canvas& canvas, size_t window) {
  constexpr double kY = 28, kRadius = 2.5, kSwatch = 22, kSpace = 8, kBetween = 24;
  const std::string mean = fmt::format("mean of {} losses", window), single = "single step";
  double x = kWidth - kRight - canvas.text_width(mean, kTextSize);
  canvas.set(kInk);
  canvas.text(x, kY, mean, kTextSize, Align::kLeft);
  x -= kSpace + kSwatch;
  canvas.set(kLine);
  cairo_set_line_width(canvas.cairo(), 2.0);
  canvas.line(x, kY, x + kSwatch, kY);
  x -= kBetween + canvas.text_width(single, kTextSize);
  canvas.set(kInk);
  canvas.text(x, kY, single, kTextSize, Align::kLeft);
  canvas.set({kPoint.r, kPoint.g, kPoint.b, 0.6});
  canvas.dot(x - kSpace - kRadius, kY, kRadius);
}

void draw_losses(Canvas& canvas, const Axis& x, const Axis& y, std::span<const int64_t> steps,
                 std::span<const float> losses, const std::vector<double>& means) {
  constexpr size_t kMaxPoints = 20000;  // more cannot be told apart
  const size_t stride = 1 + losses.size() / kMaxPoints;
  cairo_t* cairo = canvas.cairo();
  cairo_rectangle(cairo, kLeft, kTop, kWidth - kRight - kLeft, kHeight - kBottom - kTop);
  cairo_clip(cairo);
  canvas.set(kPoint);
  for (size_t i = 0; i < losses.size(); i += stride) {
    canvas.dot(x(static_cast<double>(steps[i])), y(losses[i]), 1.3);
  }
  canvas.set(kLine);
  cairo_set_line_width(cairo, 2.0);
  cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
  for (size_t i = 0; i < means.size(); i += stride) {
    cairo_line_to(cairo, x(static_cast<double>(steps[i])), y(means[i]));
  }
  cairo_stroke(cairo);
}

}  // namespace

std::string loss_plot_png(std::span<const int64_t> steps, std::span<const float> losses,
                          int64_t steps_per_epoch, const std::string& title) {
  const std::vector<double> means = running_mean(losses);
  const auto [low, high] = loss_range(losses, means);
  const Axis x(0, static_cast<double>(steps.back()), kLeft, kWidth - kRight, true);
  const Axis y(low, high, kHeight - kBottom, kTop, false);

  Canvas canvas(kWidth, kHeight, kSharp);
  canvas.set(kInk);
  canvas.text(kLeft, 28, title, kTitleSize, Align::kLeft, true);
  draw_legend(canvas, 2 * smoothing_reach(losses.size()) + 1);
  draw_axes(canvas, x, y, fmt::format("step ({} per epoch)", steps_per_epoch));
  draw_losses(canvas, x, y, steps, losses, means);
  return canvas.png();
}

}  // namespace host
