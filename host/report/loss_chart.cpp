#include "host/report/loss_chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "host/report/words.hpp"

namespace host {
namespace {

constexpr size_t kMaxPoints = 160;  // on a phone, two pixels each

// Means of equal numbers of losses, the last of what is left.
std::vector<double> part_means(const std::vector<float>& losses) {
  const size_t part = (losses.size() + kMaxPoints - 1) / kMaxPoints;
  std::vector<double> means;
  for (size_t i = 0; i < losses.size(); i += part) {
    const auto begin = losses.begin() + static_cast<std::ptrdiff_t>(i);
    const size_t count = std::min(part, losses.size() - i);
    const auto end = begin + static_cast<std::ptrdiff_t>(count);
    means.push_back(std::accumulate(begin, end, 0.0) / static_cast<double>(count));
  }
  return means;
}

// The next number above that has two digits.
double round_up(double value) {
  const double unit = std::pow(10.0, std::floor(std::log10(value)) - 1);
  return std::ceil(value / unit) * unit;
}

struct Range {
  double low, high;
};

// From 0 where that wastes little room.
Range range_of(const std::vector<double>& values) {
  const auto [low, high] = std::ranges::minmax(values);
  const double spread = std::max({high - low, 1e-6 * std::abs(high), 1e-12});
  if (low >= 0 && low < spread) return {0, round_up(std::max(high, spread))};
  return {low - 0.05 * spread, high + 0.05 * spread};
}

// In a square of 1000 units, which the page stretches.
std::string path_of(const std::vector<double>& values, const Range& range) {
  const double step = values.size() > 1 ? 1000.0 / static_cast<double>(values.size() - 1) : 0;
  std::string path;
  for (size_t i = 0; i < values.size(); ++i) {
    const double y = 1000 * (range.high - values[i]) / (range.high - range.low);
    path += fmt::format("{}{:.0f} {:.0f}", i == 0 ? "M" : "L", static_cast<double>(i) * step, y);
  }
  return path;
}

}  // namespace

std::string loss_chart_html(const Metrics& metrics) {
  const bool finite = std::ranges::all_of(metrics.losses, [](float x) { return std::isfinite(x); });
  if (metrics.losses.empty() || !finite) return {};
  const std::vector<double> means = part_means(metrics.losses);
  const Range range = range_of(means);
  const std::string words =
      fmt::format("Training loss over {} steps, from {:.4g} at the beginning to {:.4g} at the end.",
                  grouped(metrics.steps.back()), means.front(), means.back());
  return fmt::format(
      "<figure class=\"chart\">\n<div class=\"plot\"><div class=\"scale\"><span>{:.4g}</span>"
      "<span>{:.4g}</span><span>{:.4g}</span></div>\n"
      "<svg viewBox=\"0 0 1000 1000\" preserveAspectRatio=\"none\" role=\"img\" "
      "aria-label=\"{}\"><path class=\"grid\" d=\"M0 0H1000M0 500H1000M0 1000H1000\"/>"
      "<path class=\"line\" d=\"{}\"/></svg></div>\n"
      "<div class=\"steps\"><span>step {}</span><span>{}</span></div>\n"
      "<figcaption>{}</figcaption></figure>\n",
      range.high, (range.low + range.high) / 2, range.low, words, path_of(means, range),
      grouped(metrics.steps.front()), grouped(metrics.steps.back()), words);
}

}  // namespace host
