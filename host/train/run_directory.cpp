#include "host/train/run_directory.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include "host/failure.hpp"
#include "host/train/file.hpp"

namespace host {
namespace {

namespace fs = std::filesystem;

// Everything that runs and the commands on them write. config.json comes first: a directory without
// it is no run's, so one whose removal was cut short is not taken for a run.
constexpr const char* kFiles[] = {RunDirectory::kConfig,        RunDirectory::kMetrics,
                                  RunDirectory::kSummary,       RunDirectory::kLog,
                                  RunDirectory::kReport,        RunDirectory::kEmbeddings,
                                  RunDirectory::kLabels,        RunDirectory::kReconstructionsArray,
                                  RunDirectory::kLast,          RunDirectory::kBest,
                                  RunDirectory::kLossPlot,      RunDirectory::kReconstructions,
                                  RunDirectory::kEmbeddingPca,  RunDirectory::kEmbeddingTsne,
                                  RunDirectory::kSimilarity,    RunDirectory::kFilters,
                                  RunDirectory::kConfusion,     RunDirectory::kSamples,
                                  RunDirectory::kInterpolation, RunDirectory::kDenoised};
constexpr const char* kFolders[] = {RunDirectory::kCheckpoints, RunDirectory::kPlots,
                                    RunDirectory::kTensorBoard};
constexpr std::string_view kEpochPrefix = "epoch-", kEpochSuffix = ".safetensors";
constexpr std::string_view kEventFile = "events.out.tfevents.";  // what TensorBoard looks for

[[noreturn]] void cannot_write(const fs::path& path, const std::string& why) {
  throw Failure(Exit::kOutput, "cannot write to {}: {}; choose another --out", path.string(), why);
}

void check_empty(const fs::path& path) {
  std::error_code error;
  const fs::directory_iterator entries(path, error);
  if (error) cannot_write(path, error.message());
  if (entries != fs::directory_iterator()) {
    throw Failure(Exit::kOutput,
                  "{} is not empty; choose another --out, or pass --overwrite to replace the run "
                  "in it",
                  path.string());
  }
}

// The part of `path` that exists already must be a directory in which we may make the rest.
void check_writable(const fs::path& path) {
  fs::path existing = fs::absolute(path);
  std::error_code error;
  while (!fs::exists(fs::symlink_status(existing, error)) && existing.has_relative_path()) {
    existing = existing.parent_path();
  }
  if (!fs::is_directory(existing, error)) {
    cannot_write(path, existing.string() + " is not a directory");
  }
  if (access(existing.c_str(), W_OK | X_OK) != 0) cannot_write(path, std::strerror(errno));
}

void remove_file(const fs::path& path) {
  std::error_code error;
  fs::remove(path, error);
  if (error) cannot_write(path, error.message());
}

std::optional<int64_t> epoch_of(std::string_view name) {
  if (!name.starts_with(kEpochPrefix) || !name.ends_with(kEpochSuffix)) return std::nullopt;
  name.remove_prefix(kEpochPrefix.size());
  name.remove_suffix(kEpochSuffix.size());
  int64_t epoch = 0;
  const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), epoch);
  const bool whole = error == std::errc() && rest == name.data() + name.size();
  if (!whole || epoch < 1) return std::nullopt;
  return epoch;
}

}  // namespace

std::string RunDirectory::epoch_checkpoint(int64_t epoch) {
  return fmt::format("{}/{}{}{}", kCheckpoints, kEpochPrefix, epoch, kEpochSuffix);
}

RunDirectory::RunDirectory(fs::path path, Use use) : path_(std::move(path)), use_(use) {
  std::error_code error;
  if (use_ == Use::kExisting) {
    if (fs::exists(file(kConfig), error)) return;
    throw Failure(Exit::kUsage,
                  "{} is not the directory of a run: it has no {}; name the --out of "
                  "a run that was started",
                  path_.string(), kConfig);
  }
  check_writable(path_);
  if (use_ == Use::kNew && fs::exists(path_, error)) check_empty(path_);
}

RunDirectory::~RunDirectory() {
  if (lock_ >= 0) close(lock_);
}

void RunDirectory::create() {
  std::error_code error;
  fs::create_directories(path_, error);
  if (error) cannot_write(path_, error.message());
  lock();
  if (use_ == Use::kNew) check_empty(path_);
  if (use_ == Use::kOverwrite) remove_run();
  for (const char* name : kFolders) {
    fs::create_directory(file(name), error);
    if (error) cannot_write(file(name), error.message());
  }
}

void RunDirectory::lock() {
  lock_ = open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (lock_ < 0) cannot_write(path_, std::strerror(errno));
  if (flock(lock_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    throw Failure(Exit::kOutput,
                  "another run is writing to {}; wait for it or choose another --out",
                  path_.string());
  }
}

void RunDirectory::remove_run() const {
  for (const char* name : kFiles) {
    remove_file(file(name));
    remove_file(temporary_of(file(name)));
  }
  for (const int64_t epoch : epoch_checkpoints()) remove_file(file(epoch_checkpoint(epoch)));
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(file(kTensorBoard), error)) {
    if (entry.path().filename().string().starts_with(kEventFile)) remove_file(entry.path());
  }
}

void RunDirectory::write(std::string_view name, std::string_view bytes) const {
  write_file(file(name), bytes);
}

std::vector<int64_t> RunDirectory::epoch_checkpoints() const {
  std::vector<int64_t> epochs;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(file(kCheckpoints), error)) {
    if (const auto epoch = epoch_of(entry.path().filename().string())) epochs.push_back(*epoch);
  }
  std::ranges::sort(epochs);
  return epochs;
}

void update_summary(const RunDirectory& directory, const std::string& key, const Json& value) {
  const fs::path path = directory.file(RunDirectory::kSummary);
  std::error_code error;
  Json summary = fs::exists(path, error) ? read_json(path) : Json::object();
  summary[key].merge_patch(value);
  directory.write(RunDirectory::kSummary, format_json(summary));
}

}  // namespace host
