// study.hpp - what can be found out about a trained model, for the end of training and for the
// commands on a run. What several results need is computed once.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "host/eval/features.hpp"
#include "host/eval/knn.hpp"
#include "host/eval/linear_probe.hpp"
#include "host/report/progress.hpp"
#include "host/train/json.hpp"
#include "host/train/run_directory.hpp"
#include "host/train/session.hpp"

namespace host {

class Study {
 public:
  // Both must outlive it.
  Study(Session& session, Progress& progress) : session_(session), progress_(progress) {}

  Session& session() { return session_; }

  // Results as summary.json holds them under "eval"; for each kind of features an object.
  Json knn();
  Json linear(const ProbeOptions& options);
  // Fails with Exit::kUsage if the method does not reconstruct.
  Json reconstruction();

  // Accuracy of the first of kVotes on the features of one kind.
  double knn_accuracy(FeatureKind kind);

  // Classes of the test images for each of kVotes.
  const std::vector<std::vector<uint8_t>>& knn_classes(FeatureKind kind);
  // Backbone features of the test images [count, width].
  const std::vector<float>& test_features();

  void note(const std::string& line) { progress_.note(line); }
  // Work that takes its time: a line for it, and then the part that is done.
  Advance begin(const std::string& what);

 private:
  Json linear_of(FeatureKind kind, const ProbeOptions& options);

  Session& session_;
  Progress& progress_;
  std::map<FeatureKind, std::vector<std::vector<uint8_t>>> knn_classes_;
  std::vector<float> test_features_;
};

// Puts a result into summary.json, with the checkpoint that it is of.
void save_result(const RunDirectory& directory, const std::string& evaluation, const Json& result,
                 const std::string& checkpoint);

}  // namespace host
