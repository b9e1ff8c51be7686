// run_pictures.hpp - the pictures of a run as figures of a page, each with a caption and with words
// for those who do not see it.
#pragma once

#include <filesystem>
#include <string>

namespace host {

// Figures of all plots/*.png of a run but that of the loss (see loss_chart.hpp), the known ones
// first and in a fixed order. Empty without any.
std::string run_pictures_html(const std::filesystem::path& run);

}  // namespace host
