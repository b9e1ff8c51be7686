// map.hpp - maps of the features of test images in the plane.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/eval/study.hpp"

namespace host {

// At most n of the numbers 0..count-1, evenly spaced.
std::vector<int64_t> spread_out(int64_t count, int64_t n);

// The chosen ones of rows of `width` values, and of labels.
std::vector<float> pick_rows(std::span<const float> rows, int64_t width,
                             std::span<const int64_t> chosen);
std::vector<uint8_t> pick_labels(std::span<const uint8_t> labels, std::span<const int64_t> chosen);

// Writes one by PCA and one by t-SNE; returns their names. Fails with Exit::kData if there are too
// few images.
std::vector<std::string> draw_maps(Study& study, const RunDirectory& directory);

}  // namespace host
