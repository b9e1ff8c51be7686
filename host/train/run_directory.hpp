// run_directory.hpp - the out directory of a run and the names of all files in it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "host/train/json.hpp"

namespace host {

class RunDirectory {
 public:
  static constexpr const char* kConfig = "config.json";
  static constexpr const char* kMetrics = "metrics.jsonl";
  static constexpr const char* kSummary = "summary.json";
  static constexpr const char* kLog = "train.log";
  static constexpr const char* kReport = "report.html";
  static constexpr const char* kEmbeddings = "embeddings.npy";
  static constexpr const char* kLabels = "labels.npy";
  static constexpr const char* kReconstructionsArray = "reconstructions.npy";
  static constexpr const char* kCheckpoints = "checkpoints";
  static constexpr const char* kLast = "checkpoints/last.safetensors";
  static constexpr const char* kBest = "checkpoints/best.safetensors";
  static constexpr const char* kTensorBoard = "tensorboard";  // folder of the event files
  static constexpr const char* kPlots = "plots";
  static constexpr const char* kLossPlot = "plots/loss.png";
  static constexpr const char* kReconstructions = "plots/reconstructions.png";
  static constexpr const char* kDenoised = "plots/denoised.png";
  static constexpr const char* kEmbeddingPca = "plots/embedding_pca.png";
  static constexpr const char* kEmbeddingTsne = "plots/embedding_tsne.png";
  static constexpr const char* kSimilarity = "plots/similarity.png";
  static constexpr const char* kFilters = "plots/filters.png";
  static constexpr const char* kConfusion = "plots/confusion.png";
  static constexpr const char* kSamples = "plots/samples.png";
  static constexpr const char* kInterpolation = "plots/interpolation.png";

  // checkpoints/epoch-N.safetensors
  static std::string epoch_checkpoint(int64_t epoch);

  enum class Use {
    kNew,        // a directory that is missing or empty
    kOverwrite,  // or one whose run is to be replaced
    kExisting,   // one that holds a run
  };

  // Refuses, with Exit::kOutput, a place that cannot become a run's directory: a file, a directory
  // with files in it (kNew), a parent that is not writable. kExisting: refuses with Exit::kUsage a
  // directory without config.json. Changes nothing.
  RunDirectory(std::filesystem::path path, Use use);
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  // For training: makes the directory and its folders, and locks it against other runs. Of an
  // earlier run kOverwrite removes what that wrote there, and nothing else; kExisting keeps it.
  void create();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path file(std::string_view name) const { return path_ / name; }
  void write(std::string_view name, std::string_view bytes) const;

  // The numbers N of the files checkpoints/epoch-N.safetensors, ascending.
  std::vector<int64_t> epoch_checkpoints() const;

 private:
  void lock();
  void remove_run() const;

  std::filesystem::path path_;
  Use use_;
  int lock_ = -1;
};

// Merges `value` into that of `key` in summary.json, which may be missing: objects key by key, all
// else takes the place of what was there.
void update_summary(const RunDirectory& directory, const std::string& key, const Json& value);

}  // namespace host
