#include "host/eval/labels.hpp"

#include <algorithm>

namespace host {

int64_t class_count(const Dataset& data) {
  int64_t last = 0;
  for (const Images* part : {&data.train, &data.test}) {
    for (const uint8_t label : part->labels) last = std::max<int64_t>(last, label);
  }
  return last + 1;
}

double accuracy(std::span<const uint8_t> labels, std::span<const uint8_t> predictions) {
  size_t right = 0;
  for (size_t i = 0; i < labels.size(); ++i) right += labels[i] == predictions[i];
  return static_cast<double>(right) / static_cast<double>(labels.size());
}

std::vector<int64_t> confusion_matrix(std::span<const uint8_t> labels,
                                      std::span<const uint8_t> predictions, int64_t classes) {
  std::vector<int64_t> counts(static_cast<size_t>(classes * classes), 0);
  for (size_t i = 0; i < labels.size(); ++i) {
    ++counts[static_cast<size_t>(labels[i] * classes + predictions[i])];
  }
  return counts;
}

}  // namespace host
