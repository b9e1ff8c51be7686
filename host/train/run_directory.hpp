// run_directory.hpp - the out directory of a run and the names of the files in it.
#pragma once

#include <filesystem>
#include <string_view>

namespace host {

class RunDirectory {
 public:
  static constexpr const char* kConfig = "config.json";
  static constexpr const char* kMetrics = "metrics.jsonl";
  static constexpr const char* kSummary = "summary.json";
  static constexpr const char* kCheckpoint = "checkpoints/last.safetensors";
  static constexpr const char* kLossPlot = "plots/loss.png";
  static constexpr const char* kReconstructions = "plots/reconstructions.png";

  // Refuses, with Exit::kOutput, a place that cannot become a run's directory: a file, a directory
  // with files in it (unless `overwrite`), a parent that is not writable. Changes nothing.
  RunDirectory(std::filesystem::path path, bool overwrite);
  ~RunDirectory();
  RunDirectory(const RunDirectory&) = delete;
  RunDirectory& operator=(const RunDirectory&) = delete;

  // Makes the directory, locks it against other runs and removes what an earlier run wrote there,
  // and nothing else.
  void create();

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path file(const char* name) const { return path_ / name; }
  void write(const char* name, std::string_view bytes) const;

 private:
  std::filesystem::path path_;
  bool overwrite_;
  int lock_ = -1;
};

}  // namespace host
