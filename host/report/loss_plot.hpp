// loss_plot.hpp - the loss of the logged steps as a PNG: single steps as faint points, their
// running mean as a line.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace host {

// steps: those that were logged, rising, at least one; losses: of them, all finite. Returns the
// bytes of a PNG.
std::string loss_plot_png(std::span<const int64_t> steps, std::span<const float> losses,
                          int64_t steps_per_epoch, const std::string& title);

}  // namespace host
