// metrics.hpp - metrics.jsonl, one JSON object per line:
//   {"step":1,"epoch":1,"loss":2.30258512}        a logged step
//   {"step":5,"epoch":1,"mean_loss":2.1438572}    after the last step of an epoch
//   {"step":5,"epoch":1,"knn":0.9712}             an evaluation after it
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "host/train/file.hpp"

namespace host {

class MetricsFile {
 public:
  // Goes on after step `last_step` of an earlier run: lines of later steps are removed, and with 0
  // all of them. Fails with Exit::kOutput, as all that writes does.
  MetricsFile(const std::filesystem::path& path, int64_t last_step);

  void loss(int64_t step, int64_t epoch, float loss);
  void value(int64_t step, int64_t epoch, const char* name, double value);
  void flush() { file_.flush(); }
  void sync() { file_.sync(); }

 private:
  GrowingFile file_;
};

struct Metrics {
  std::vector<int64_t> steps;        // logged ones
  std::vector<float> losses;         // of them
  std::vector<double> epoch_losses;  // means of complete epochs
};

// A line that was cut short, and what follows it, does not count.
Metrics read_metrics(const std::filesystem::path& path);

}  // namespace host
