#include "host/train/metrics.hpp"

#include <fmt/format.h>

#include <fstream>
#include <limits>
#include <string>

#include "host/train/json.hpp"

namespace host {
namespace {

// Calls take(line's object) for each whole line up to the step; returns how many bytes they are.
template <class Take>
uint64_t for_each_line(const std::filesystem::path& path, int64_t last_step, Take take) {
  std::ifstream file(path, std::ios::binary);
  uint64_t bytes = 0;
  std::string line;
  while (std::getline(file, line) && !file.eof()) {
    const Json json = Json::parse(line, nullptr, false);
    const bool whole = json.is_object() && json.contains("step") && json["step"].is_number();
    if (!whole || json["step"].get<int64_t>() > last_step) break;
    take(json);
    bytes += line.size() + 1;
  }
  return bytes;
}

uint64_t bytes_until(const std::filesystem::path& path, int64_t step) {
  return step > 0 ? for_each_line(path, step, [](const Json&) {}) : 0;
}

}  // namespace

MetricsFile::MetricsFile(const std::filesystem::path& path, int64_t last_step) : file_(path, "a") {
  file_.truncate(bytes_until(path, last_step));
}

// fmt, unlike printf, writes a point in every locale, and by default as many digits as tell a
// number from its neighbours.
void MetricsFile::loss(int64_t step, int64_t epoch, float loss) {
  file_.write(fmt::format("{{\"step\":{},\"epoch\":{},\"loss\":{:.9g}}}\n", step, epoch, loss));
}

void MetricsFile::value(int64_t step, int64_t epoch, const char* name, double value) {
  file_.write(fmt::format("{{\"step\":{},\"epoch\":{},\"{}\":{}}}\n", step, epoch, name, value));
}

Metrics read_metrics(const std::filesystem::path& path) {
  Metrics metrics;
  for_each_line(path, std::numeric_limits<int64_t>::max(), [&](const Json& line) {
    if (const auto loss = line.find("loss"); loss != line.end()) {
      metrics.steps.push_back(line["step"].get<int64_t>());
      metrics.losses.push_back(loss->get<float>());
    } else if (const auto mean = line.find("mean_loss"); mean != line.end()) {
      metrics.epoch_losses.push_back(mean->get<double>());
    }
  });
  return metrics;
}

}  // namespace host
