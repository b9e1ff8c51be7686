// loss_plot.hpp - the loss of every step as a PNG: single steps as faint points, their running
// mean as a line.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace host {

// losses: of the steps 1, 2, ...; at least one, all finite. Returns the bytes of a PNG.
std::string loss_plot_png(std::span<const float> losses, int64_t steps_per_epoch,
                          const std::string& title);

}  // namespace host
