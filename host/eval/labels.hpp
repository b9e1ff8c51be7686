// labels.hpp - predicted classes beside the true ones.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/data/dataset.hpp"

namespace host {

// Labels of both parts are in 0..class_count-1.
int64_t class_count(const Dataset& data);

// Share of the labels that are predicted.
double accuracy(std::span<const uint8_t> labels, std::span<const uint8_t> predictions);

// Row-major [classes, classes]: entry (i, j) counts the images of class i that are taken for j.
std::vector<int64_t> confusion_matrix(std::span<const uint8_t> labels,
                                      std::span<const uint8_t> predictions, int64_t classes);

}  // namespace host
