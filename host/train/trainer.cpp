#include "host/train/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "host/failure.hpp"
#include "host/train/interrupt.hpp"
#include "host/train/safetensors.hpp"

namespace host {

Schedule::Schedule(const TrainOptions& options, const Program& program, int64_t image_count)
    : images(image_count), batch(std::min(options.batch_size, image_count)), rest(images % batch) {
  if (batch < program.smallest_batch()) {
    throw Failure(images < program.smallest_batch() ? Exit::kData : Exit::kUsage,
                  "a batch of {} is too small: the {} program needs at least {} images in each; "
                  "use a larger --batch-size and more images",
                  batch, options.program, program.smallest_batch());
  }
  if (rest < program.smallest_batch()) rest = 0;
  steps_per_epoch = images / batch + (rest > 0 ? 1 : 0);
  steps = options.epochs * steps_per_epoch;
  if (options.steps > 0) steps = std::min(steps, options.steps);
}

Trainer::Trainer(const TrainOptions& options, const Schedule& schedule, Program& program,
                 Stepper& stepper, const RunDirectory& directory, Progress& progress)
    : options_(options),
      schedule_(schedule),
      program_(program),
      stepper_(stepper),
      directory_(directory),
      progress_(progress),
      metrics_(directory.file(RunDirectory::kMetrics)) {}

TrainingRecord Trainer::run() {
  start_ = Clock::now();
  do {
    begin_epoch();
    run_epoch();
    collect(true);
    directory_.write(RunDirectory::kCheckpoint,
                     format_safetensors(program_.parameters().download()));
  } while (!stopping());
  return std::move(record_);
}

bool Trainer::stopping() const { return queued_steps_ == schedule_.steps || interrupted(); }

void Trainer::begin_epoch() {
  ++epoch_;
  epoch_first_loss_ = record_.losses.size();
  record_.epoch_losses.push_back(0);
  // Stream 0 of the seed initialises the parameters, stream e belongs to epoch e.
  Random random(options_.seed, static_cast<uint64_t>(epoch_));
  std::vector<int64_t> order(static_cast<size_t>(schedule_.images));
  std::iota(order.begin(), order.end(), 0);
  if (options_.shuffle) random.shuffle(std::span(order));
  stepper_.begin_epoch(order);
  program_.begin_epoch(random, options_.shuffle);
}

void Trainer::run_epoch() {
  for (int64_t i = 0; i < schedule_.images / schedule_.batch && !stopping(); ++i) {
    step(schedule_.batch);
  }
  if (schedule_.rest > 0 && !stopping()) step(schedule_.rest);
}

void Trainer::step(int64_t n) {
  stepper_.step(n);
  ++queued_steps_;
  record_.images += n;
  if (progress_.due()) collect(false);
}

void Trainer::collect(bool epoch_done) {
  for (float loss : stepper_.take_losses()) {
    record_.losses.push_back(loss);
    const auto step = static_cast<int64_t>(record_.losses.size());
    if (!std::isfinite(loss)) {
      metrics_.flush();
      throw Failure(Exit::kDiverged,
                    "the loss is {} at step {} (epoch {}); try a lower --lr than {:g}", loss, step,
                    epoch_, options_.lr);
    }
    if (step % options_.log_every == 0) metrics_.add(step, epoch_, loss);
  }
  metrics_.flush();
  const auto first = record_.losses.begin() + static_cast<std::ptrdiff_t>(epoch_first_loss_);
  const auto count = static_cast<double>(record_.losses.end() - first);
  if (count == 0) return;
  record_.epoch_losses.back() = std::accumulate(first, record_.losses.end(), 0.0) / count;
  record_.seconds = std::chrono::duration<double>(Clock::now() - start_).count();
  progress_.training({.epoch = epoch_,
                      .epochs = options_.epochs,
                      .step = queued_steps_,
                      .steps = schedule_.steps,
                      .loss = epoch_done ? record_.epoch_losses.back() : record_.losses.back(),
                      .images_per_second = record_.images_per_second(),
                      .epoch_done = epoch_done});
}

}  // namespace host
