#include "host/train/run.hpp"

#include <algorithm>
#include <optional>

#include "host/eval/plots.hpp"
#include "host/eval/study.hpp"
#include "host/report/html_report.hpp"
#include "host/train/config.hpp"
#include "host/train/interrupt.hpp"
#include "host/train/log.hpp"
#include "host/train/resolved.hpp"
#include "host/train/trainer.hpp"

namespace host {
namespace {

RunDirectory::Use use_of(const TrainOptions& options) {
  if (options.resume) return RunDirectory::Use::kExisting;
  return options.overwrite ? RunDirectory::Use::kOverwrite : RunDirectory::Use::kNew;
}

std::string how_to_resume(const TrainOptions& options) {
  return fmt::format("continue with: sslcuda train {} --out {} --resume", options.program,
                     options.out);
}

Json resolved_of(const std::filesystem::path& config) {
  return read_json(config).value(kResolved, Json::object());
}

// Everything between options and files.
class Run : Session {
 public:
  // Writes nothing.
  Run(const TrainOptions& options, RunDirectory& directory);

  // Returns once all is trained and reported.
  void run();

 private:
  void load_parameters();
  void check_resumed(const Json& before) const;
  void write_config() const;
  void note_start();
  TrainingRecord train();
  void report();
  void write_summary(const TrainingRecord& record) const;
  void print_results(const TrainingRecord& record);
  void draw_loss() const;
  [[noreturn]] void stop_diverged(const TrainingRecord& record) const;
  [[noreturn]] void stop_interrupted(const TrainingRecord& record) const;

  RunDirectory& directory_;
  Schedule schedule_;
  Stepper stepper_;
  Progress progress_;
  Json resolved_;
  Json knn_;  // results, once there are any
  std::string data_warning_;
  std::optional<FoundCheckpoint> checkpoint_;  // from which the run goes on
};

Run::Run(const TrainOptions& given, RunDirectory& directory)
    : Session(given, given.evaluate),
      directory_(directory),
      schedule_(options, *program, data.train.count),
      stepper_(context, *program, train_images, schedule_, options),
      progress_(options.progress),
      resolved_(resolved_json(*this, schedule_)) {
  options.data = std::filesystem::absolute(data.directory).string();
  if (!options.init.empty()) options.init = std::filesystem::absolute(options.init).string();
  if (options.resume) {
    checkpoint_ = newest_checkpoint(directory_);
    check_resumed(resolved_of(directory_.file(RunDirectory::kConfig)));
  } else if (!options.config.empty()) {
    data_warning_ = data_difference(resolved_of(options.config), resolved_);
  }
  load_parameters();
}

void Run::load_parameters() {
  Parameters& parameters = program->parameters();
  if (checkpoint_) {
    parameters.upload_state(checkpoint_->checkpoint.tensors, checkpoint_->path.string());
  } else if (options.init.empty()) {
    Random random(options.seed, 0);
    parameters.initialise(random);
  } else {
    parameters.upload(read_weights(options.init), options.init);
  }
}

void Run::check_resumed(const Json& before) const {
  if (const std::string difference = data_difference(before, resolved_); !difference.empty()) {
    throw Failure(Exit::kData, "--resume: {}; pass the data of the run with --data", difference);
  }
  if (checkpoint_ && checkpoint_->checkpoint.state.step > schedule_.steps) {
    throw Failure(Exit::kUsage,
                  "--resume: the run has done {} steps already and these options end it at {}; "
                  "raise --epochs or --steps",
                  checkpoint_->checkpoint.state.step, schedule_.steps);
  }
}

void Run::run() {
  write_config();
  LogFile log(directory_.file(RunDirectory::kLog));
  progress_.log_to([&](const std::string& line) { log.line(line); });
  try {
    note_start();
    const TrainingRecord record = train();
    write_summary(record);
    if (!record.divergence.empty()) stop_diverged(record);
    if (interrupted()) stop_interrupted(record);
    report();
    print_results(record);
  } catch (const std::exception& error) {
    progress_.log_to({});
    try {
      log.line(error.what());
    } catch (const Failure&) {  // a full disk; the first error is the one to report
    }
    throw;
  }
}

void Run::write_config() const {
  Json config = config_json(options);
  config[kResolved] = resolved_;
  directory_.write(RunDirectory::kConfig, format_json(config));
}

void Run::note_start() {
  progress_.note(fmt::format("{} on {}, {} training images of {}x{} from {}", options.program,
                             context.describe(), data.train.count, data.train.h, data.train.w,
                             data.directory.string()));
  if (!data_warning_.empty()) {
    progress_.note(fmt::format("not the data of {}: {}", options.config, data_warning_));
  }
  if (!options.resume) return;
  if (!checkpoint_) {
    progress_.note("no checkpoint yet: the run starts at its first step");
    return;
  }
  for (const std::string& reason : checkpoint_->skipped) progress_.note(reason);
  progress_.note(fmt::format("resuming after step {} from {}", checkpoint_->checkpoint.state.step,
                             checkpoint_->path.string()));
}

TrainingRecord Run::train() {
  const TrainingState state = checkpoint_ ? checkpoint_->checkpoint.state : TrainingState{};
  MetricsFile metrics(directory_.file(RunDirectory::kMetrics), state.step);
  std::optional<TensorBoardFile> events;
  if (options.tensorboard) {
    events.emplace(directory_.file(RunDirectory::kTensorBoard), state.step + 1);
  }
  begin_interrupts();
  Trainer trainer(options, schedule_, *program, stepper_,
                  {directory_, metrics, events ? &*events : nullptr, progress_},
                  [this] { return Study(*this, progress_).knn_accuracy(FeatureKind::kBackbone); });
  if (checkpoint_) {
    trainer.resume(state, read_metrics(directory_.file(RunDirectory::kMetrics)).epoch_losses);
    checkpoint_->checkpoint.tensors.clear();
  }
  TrainingRecord record = trainer.run();
  end_interrupts();
  return record;
}

// All is saved by now: a signal ends the process, and --resume comes back here.
void Run::report() {
  const std::string checkpoint = std::filesystem::path(RunDirectory::kLast).filename().string();
  if (options.evaluate) {
    Study study(*this, progress_);
    knn_ = study.knn();
    save_result(directory_, "knn", knn_, checkpoint);
    if (program->reconstructs()) {
      save_result(directory_, "reconstruction", study.reconstruction(), checkpoint);
    }
    plot_run(study, directory_);
  } else {
    draw_loss();
  }
  write_report(directory_.path());
}

void Run::draw_loss() const {
  const Metrics metrics = read_metrics(directory_.file(RunDirectory::kMetrics));
  if (!metrics.losses.empty()) draw_loss_plot(directory_);
}

void Run::print_results(const TrainingRecord& record) {
  progress_.clear();
  if (options.quiet) return;
  fmt::print("loss      {:.6g} (mean of the last epoch), {:.6g} (of the first)\n",
             record.epoch_losses.back(), record.epoch_losses.front());
  if (record.images > 0) fmt::print("speed     {:.0f} images/s\n", record.images_per_second());
  if (!knn_.empty()) {
    const auto accuracy = [&](FeatureKind kind) {
      return 100 * knn_.at(key_of(kind)).at("k20").at("accuracy").get<double>();
    };
    fmt::print("kNN       {:.2f} % of the test images right (k = 20); raw pixels {:.2f} %\n",
               accuracy(FeatureKind::kBackbone), accuracy(FeatureKind::kRawPixels));
  }
  fmt::print("results   {}\n", (directory_.path() / RunDirectory::kReport).string());
}

// A run that was complete already keeps what it says, evaluations included.
void Run::write_summary(const TrainingRecord& record) const {
  const bool complete = record.state.step >= schedule_.steps;
  const bool diverged = !record.divergence.empty();
  Json summary = {{"status", diverged   ? "diverged"
                             : complete ? "completed"
                                        : "interrupted"},
                  {"program", options.program},
                  {"steps", record.state.step},
                  {"epochs", record.state.epoch},
                  {"epoch_losses", record.epoch_losses},
                  {"best_epoch", record.state.best_epoch},
                  {"resumed_at_step", record.first_step},
                  {"seconds", record.seconds},
                  {"images_per_second", record.images_per_second()}};
  if (diverged) summary["reason"] = record.divergence;
  const std::filesystem::path path = directory_.file(RunDirectory::kSummary);
  std::error_code error;
  if (record.images == 0 && std::filesystem::exists(path, error)) {
    const Json before = read_json(path);
    if (before.value("steps", Json()) == summary["steps"]) return;
  }
  directory_.write(RunDirectory::kSummary, format_json(summary));
}

// No evaluation of a broken model, but the curve that led there.
void Run::stop_diverged(const TrainingRecord& record) const {
  draw_loss();
  write_report(directory_.path());
  throw Failure(Exit::kDiverged, "{}; try a lower --lr than {:g}, and see {}", record.divergence,
                options.lr, directory_.file(RunDirectory::kReport).string());
}

void Run::stop_interrupted(const TrainingRecord& record) const {
  throw Failure(Exit::kInterrupted, "interrupted after step {} and saved; {}", record.state.step,
                how_to_resume(options));
}

}  // namespace

Exit run_training(const TrainOptions& options) {
  RunDirectory directory(options.out, use_of(options));
  Run run(options, directory);
  directory.create();
  try {
    run.run();
  } catch (const StatusError& error) {
    if (error.status() != SSLCUDA_CONTEXT_LOST) throw;
    throw Failure(Exit::kDeviceLost, "{}; {}", error.what(), how_to_resume(options));
  } catch (const Failure& failure) {
    if (failure.code() != Exit::kOutput) throw;
    throw Failure(Exit::kOutput, "{}, then {}", failure.what(), how_to_resume(options));
  }
  return Exit::kSuccess;
}

}  // namespace host
