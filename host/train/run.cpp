#include "host/train/run.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "host/abi/abi.hpp"
#include "host/data/dataset.hpp"
#include "host/report/image_grid.hpp"
#include "host/report/loss_plot.hpp"
#include "host/train/interrupt.hpp"
#include "host/train/knn.hpp"
#include "host/train/run_directory.hpp"
#include "host/train/safetensors.hpp"
#include "host/train/trainer.hpp"

namespace host {
namespace {

using Json = nlohmann::ordered_json;

struct Accuracy {
  double features, raw_pixels;
};

sslcuda_context_options context_options(const TrainOptions& options) {
  sslcuda_context_options result = SSLCUDA_CONTEXT_OPTIONS_INIT;
  result.threads = static_cast<int32_t>(options.threads);
  if (options.device == "cpu") {
    result.device = SSLCUDA_DEVICE_CPU;
  } else if (options.device.starts_with("cuda")) {
    result.device = SSLCUDA_DEVICE_CUDA;
    if (const auto colon = options.device.find(':'); colon != std::string::npos) {
      result.ordinal = std::stoi(options.device.substr(colon + 1));
    }
  }
  return result;
}

// Everything between options and files. Members are in the order in which they come to life.
class Run {
 public:
  explicit Run(const TrainOptions& options);

  Exit run();

 private:
  void write_config();
  FeatureSpace feature_space();
  FeatureSpace pixel_space();
  std::optional<Accuracy> evaluate();
  void plot(const TrainingRecord& record);
  void write_summary(const TrainingRecord& record, const std::optional<Accuracy>& knn) const;
  void print_results(const TrainingRecord& record, const std::optional<Accuracy>& knn) const;

  const TrainOptions& options_;
  RunDirectory directory_;
  Dataset data_;  // its pixels move to the device
  Context context_;
  DeviceImages train_images_, test_images_;
  std::unique_ptr<Program> program_;
  Schedule schedule_;
  Stepper stepper_;
  Buffer<float> x_;  // [batch, h * w], for evaluation
  Progress progress_;
};

Run::Run(const TrainOptions& options)
    : options_(options),
      directory_(options.out, options.overwrite),
      data_(load_dataset(options.data, options.evaluate)),
      context_(context_options(options)),
      train_images_(context_, data_.train),
      test_images_(context_, data_.test),
      program_(make_program(options.program, context_,
                            {.h = data_.train.h,
                             .w = data_.train.w,
                             .images = data_.train.count,
                             .batch = std::min(options.batch_size, data_.train.count),
                             .temperature = options.temperature})),
      schedule_(options, *program_, data_.train.count),
      stepper_(context_, *program_, train_images_, schedule_.batch, options.lr, options.graph),
      x_(context_, schedule_.batch * data_.train.width()),
      progress_(options.progress) {
  data_.train.pixels = {};
  data_.test.pixels = {};
  if (options.verbose) context_.log_to_stderr();
  if (options.init.empty()) {
    Random random(options.seed, 0);
    program_->parameters().initialise(random);
  } else {
    program_->parameters().upload(read_safetensors(options.init), options.init);
  }
}

Exit Run::run() {
  directory_.create();
  write_config();
  progress_.note(fmt::format("{} on {}, {} training images of {}x{} from {}", options_.program,
                             context_.describe(), data_.train.count, data_.train.h, data_.train.w,
                             data_.directory.string()));
  catch_interrupt();
  Trainer trainer(options_, schedule_, *program_, stepper_, directory_, progress_);
  const TrainingRecord record = trainer.run();
  std::optional<Accuracy> knn;
  if (!interrupted()) {
    plot(record);
    if (options_.evaluate) knn = evaluate();
  }
  progress_.clear();
  write_summary(record, knn);
  if (!interrupted()) {
    print_results(record, knn);
    return Exit::kSuccess;
  }
  throw Failure(Exit::kInterrupted, "interrupted after step {}; the parameters are in {}",
                record.losses.size(), directory_.file(RunDirectory::kCheckpoint).string());
}

FeatureSpace Run::feature_space() {
  const int64_t width = program_->feature_width();
  return {width, [this, width](const DeviceImages& images, int64_t first, int64_t n, float* y) {
            for (int64_t i = 0; i < n; i += schedule_.batch) {
              const int64_t part = std::min(schedule_.batch, n - i);
              images.gather(part, first + i, program_->pixel_scale(), x_.data());
              program_->features(part, x_.data(), y + i * width);
            }
          }};
}

FeatureSpace Run::pixel_space() {
  return {train_images_.width(), [](const DeviceImages& images, int64_t first, int64_t n,
                                    float* y) { images.gather(n, first, PixelScale{}, y); }};
}

std::optional<Accuracy> Run::evaluate() {
  progress_.note(fmt::format("kNN evaluation on {} test images", test_images_.count()));
  const LabelledImages train{train_images_, data_.train.labels};
  const LabelledImages test{test_images_, data_.test.labels};
  const auto accuracy = [&](const FeatureSpace& space, const char* what) {
    return knn_accuracy(context_, space, train, test, [&](double done) {
      progress_.evaluating(fmt::format("kNN on {}", what), done);
      return !interrupted();
    });
  };
  const Accuracy result{accuracy(feature_space(), "features"),
                        accuracy(pixel_space(), "raw pixels")};
  if (interrupted()) return std::nullopt;
  return result;
}

void Run::plot(const TrainingRecord& record) {
  directory_.write(RunDirectory::kLossPlot,
                   loss_plot_png(record.losses, schedule_.steps_per_epoch,
                                 fmt::format("{}: training loss", options_.program)));
  if (!program_->reconstructs()) return;
  constexpr int64_t kShown = 32;
  const int64_t n = std::min({kShown, schedule_.batch, test_images_.count()});
  const int64_t width = test_images_.width();
  Buffer<float> y(context_, n * width);
  std::vector<float> originals(static_cast<size_t>(n * width)), copies(originals.size());
  const auto queue = [&] {
    test_images_.gather(n, 0, program_->pixel_scale(), x_.data());
    program_->reconstruct(n, x_.data(), y.data());
  };
  context_.reserve_for(queue);
  queue();
  x_.download(originals);
  y.download(copies);
  directory_.write(RunDirectory::kReconstructions,
                   image_pairs_png(originals, copies, data_.test.h, data_.test.w,
                                   "test images (upper) and their reconstructions (lower)"));
}

void Run::write_config() {
  const Json config = {{"program", options_.program},
                       {"data", data_.directory.string()},
                       {"train_images", data_.train.count},
                       {"test_images", data_.test.count},
                       {"height", data_.train.h},
                       {"width", data_.train.w},
                       {"epochs", options_.epochs},
                       {"steps", schedule_.steps},
                       {"batch_size", schedule_.batch},
                       {"lr", options_.lr},
                       {"temperature", options_.temperature},
                       {"seed", options_.seed},
                       {"shuffle", options_.shuffle},
                       {"init", options_.init},
                       {"log_every", options_.log_every},
                       {"graph", options_.graph},
                       {"eval", options_.evaluate},
                       {"device", context_.describe()},
                       {"library", sslcuda_build_info()}};
  directory_.write(RunDirectory::kConfig, config.dump(2) + "\n");
}

void Run::write_summary(const TrainingRecord& record, const std::optional<Accuracy>& knn) const {
  Json summary = {{"status", interrupted() ? "interrupted" : "completed"},
                  {"program", options_.program},
                  {"steps", record.losses.size()},
                  {"epoch_losses", record.epoch_losses},
                  {"seconds", record.seconds},
                  {"images_per_second", record.images_per_second()}};
  if (knn) {
    summary["knn"] = {{"k", kNeighbours},
                      {"temperature", kVoteTemperature},
                      {"accuracy", knn->features},
                      {"raw_pixels", knn->raw_pixels}};
  }
  directory_.write(RunDirectory::kSummary, summary.dump(2) + "\n");
}

void Run::print_results(const TrainingRecord& record, const std::optional<Accuracy>& knn) const {
  if (options_.quiet) return;
  fmt::print("loss      {:.6g} (mean of the last epoch), {:.6g} (of the first)\n",
             record.epoch_losses.back(), record.epoch_losses.front());
  fmt::print("speed     {:.0f} images/s\n", record.images_per_second());
  if (knn) {
    fmt::print("kNN       {:.2f} % of the test images right (k = {}); raw pixels {:.2f} %\n",
               100 * knn->features, kNeighbours, 100 * knn->raw_pixels);
  }
  fmt::print("results   {}\n", directory_.path().string());
}

}  // namespace

Exit run_training(const TrainOptions& options) { return Run(options).run(); }

}  // namespace host
