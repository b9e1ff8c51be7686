#include "host/eval/study.hpp"

#include <fmt/format.h>

#include "host/eval/labels.hpp"
#include "host/eval/reconstruction.hpp"
#include "host/failure.hpp"

namespace host {
namespace {

Json rows_of(const std::vector<int64_t>& matrix, int64_t width) {
  Json rows = Json::array();
  for (auto row = matrix.begin(); row != matrix.end(); row += width) {
    rows.push_back(std::vector<int64_t>(row, row + width));
  }
  return rows;
}

}  // namespace

Advance Study::begin(const std::string& what) {
  progress_.note(what);
  return [this, what](double done) { progress_.evaluating(what, done); };
}

const std::vector<std::vector<uint8_t>>& Study::knn_classes(FeatureKind kind) {
  const auto known = knn_classes_.find(kind);
  if (known != knn_classes_.end()) return known->second;
  const Advance advance = begin(fmt::format("kNN on {}", words_of(kind)));
  return knn_classes_.emplace(kind, knn_predictions(session_, kind, advance)).first->second;
}

const std::vector<float>& Study::test_features() {
  if (test_features_.empty()) {
    test_features_ =
        download(Features(session_, FeatureKind::kBackbone).of_all(session_.test_images));
  }
  return test_features_;
}

double Study::knn_accuracy(FeatureKind kind) {
  return accuracy(session_.data.test.labels, knn_classes(kind).front());
}

Json Study::knn() {
  Json result;
  for (const FeatureKind kind : feature_kinds(*session_.program)) {
    Json& entry = result[key_of(kind)];
    for (size_t i = 0; i < std::size(kVotes); ++i) {
      entry[fmt::format("k{}", kVotes[i].k)] = {
          {"accuracy", accuracy(session_.data.test.labels, knn_classes(kind)[i])},
          {"temperature", kVotes[i].temperature}};
    }
    entry["width"] = Features(session_, kind).width();
  }
  return result;
}

Json Study::linear(const ProbeOptions& options) {
  if (session_.train_images.count() < 2) {
    throw Failure(Exit::kData, "a linear probe needs at least 2 training images; use other data");
  }
  Json result = {{"epochs", options.epochs},
                 {"batch_size", options.batch},
                 {"lr", options.lr},
                 {"momentum", options.momentum},
                 {"seed", options.seed}};
  for (const FeatureKind kind : feature_kinds(*session_.program)) {
    result[key_of(kind)] = linear_of(kind, options);
  }
  return result;
}

Json Study::linear_of(FeatureKind kind, const ProbeOptions& options) {
  const Images &train_part = session_.data.train, &test_part = session_.data.test;
  const int64_t classes = class_count(session_.data);
  const Advance advance = begin(fmt::format("linear probe on {}", words_of(kind)));
  Features features(session_, kind);
  LinearProbe probe(session_.context, features.width(), classes, options);
  Buffer<float> train = features.of_all(session_.train_images);
  const std::vector<double> losses = probe.train(train, train_part.labels, advance);
  const std::vector<uint8_t> seen = probe.predict_standardised(train);
  Buffer<float> test = features.of_all(session_.test_images);
  const std::vector<uint8_t> predicted = probe.predict(test);
  return {{"accuracy", accuracy(test_part.labels, predicted)},
          {"train_accuracy", accuracy(train_part.labels, seen)},
          {"loss", losses.back()},
          {"width", features.width()},
          {"confusion", rows_of(confusion_matrix(test_part.labels, predicted, classes), classes)}};
}

Json Study::reconstruction() {
  if (!session_.program->reconstructs()) {
    throw Failure(Exit::kUsage,
                  "{} does not reconstruct images; use a run of autoencoder, denoise or vae",
                  session_.options.program);
  }
  note("reconstruction error");
  const ReconstructionError error = reconstruction_error(session_);
  Json result = {{"mse", error.method}};
  if (error.pca) result["pca_mse"] = *error.pca;
  result["width"] = error.width;
  return result;
}

void save_result(const RunDirectory& directory, const std::string& evaluation, const Json& result,
                 const std::string& checkpoint) {
  Json saved = result;
  for (auto& entry : saved) {
    if (entry.is_object()) entry.erase("confusion");  // long; the command prints it with --json
  }
  saved["checkpoint"] = checkpoint;
  update_summary(directory, "eval", {{evaluation, saved}});
}

}  // namespace host
