// loss_chart.hpp - the loss of a run as a chart in a page. Unlike that in plots/loss.png its words
// stay readable at any width, and its colours are those of the page.
#pragma once

#include <string>

#include "host/train/metrics.hpp"

namespace host {

// A figure; empty without losses.
std::string loss_chart_html(const Metrics& metrics);

}  // namespace host
