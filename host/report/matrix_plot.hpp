// matrix_plot.hpp - matrices whose rows and columns belong to classes.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "host/report/heading.hpp"

namespace host {

// similarities [n, n] of images in the order of their labels [n]. Returns the bytes of a PNG.
std::string similarity_plot_png(std::span<const float> similarities,
                                std::span<const uint8_t> labels, const Heading& heading);

// counts [classes, classes]: rows are the true class, columns the predicted one.
std::string confusion_plot_png(std::span<const int64_t> counts, int64_t classes,
                               const Heading& heading);

}  // namespace host
