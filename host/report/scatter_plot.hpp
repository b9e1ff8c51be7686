// scatter_plot.hpp - points in the plane, coloured by class.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "host/report/heading.hpp"

namespace host {

struct AxisTitles {
  std::string x, y;  // empty: the axis means nothing
};

// x, y: of each point; labels: its class. Returns the bytes of a PNG.
std::string scatter_plot_png(std::span<const float> x, std::span<const float> y,
                             std::span<const uint8_t> labels, const Heading& heading,
                             const AxisTitles& axes);

}  // namespace host
