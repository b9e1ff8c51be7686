#include "host/train/trainer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include "host/train/config.hpp"
#include "host/train/file.hpp"
#include "host/train/interrupt.hpp"

namespace host {
namespace {

// A run that is killed loses no more than this, however long its epochs are.
constexpr std::chrono::minutes kSaveInterval{1};

bool all_finite(const std::vector<Tensor>& tensors) {
  return std::ranges::all_of(tensors, [](const Tensor& tensor) {
    return std::ranges::all_of(tensor.values, [](float value) { return std::isfinite(value); });
  });
}

struct Divergence : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace

Trainer::Trainer(const TrainOptions& options, const Schedule& schedule, Program& program,
                 Stepper& stepper, const Outputs& outputs, std::function<double()> knn)
    : options_(options),
      schedule_(schedule),
      program_(program),
      stepper_(stepper),
      outputs_(outputs),
      knn_(std::move(knn)) {}

void Trainer::resume(const TrainingState& state, std::vector<double> epoch_losses) {
  state_ = state;
  record_.epoch_losses = std::move(epoch_losses);
  record_.first_step = queued_steps_ = saved_step_ = state.step;
  stepper_.restore(state.step);
  prune();  // what ended the run may have come right before that
}

TrainingRecord Trainer::run() {
  start_ = saved_ = Clock::now();
  try {
    train();
  } catch (const Divergence& divergence) {
    record_.divergence = divergence.what();
  }
  const bool cut_short = !record_.divergence.empty() || !epoch_is_complete();
  const bool counted = std::ssize(record_.epoch_losses) >= state_.epoch;
  if (state_.epoch_steps > 0 && cut_short && !counted) {
    record_.epoch_losses.push_back(mean_loss());
    show(mean_loss(), true);
  }
  record_.state = state_;
  return std::move(record_);
}

void Trainer::train() {
  while (!stopping()) {
    begin_epoch();
    run_epoch();
    collect();
    if (epoch_is_complete()) finish_epoch();
  }
  if (saved_step_ != state_.step) save({});
}

bool Trainer::stopping() const { return queued_steps_ >= schedule_.steps || interrupted(); }

bool Trainer::epoch_is_complete() const { return state_.position == schedule_.images_per_epoch(); }

// Starts the next epoch, or goes on in the one that a checkpoint was taken in.
void Trainer::begin_epoch() {
  if (state_.epoch == 0 || epoch_is_complete()) {
    ++state_.epoch;
    state_.position = 0;
    state_.epoch_steps = 0;
    state_.epoch_loss_sum = 0;
  }
  // Stream 0 of the seed initialises the parameters, stream e belongs to epoch e.
  Random random(options_.seed, static_cast<uint64_t>(state_.epoch));
  std::vector<int64_t> order(static_cast<size_t>(schedule_.images));
  std::iota(order.begin(), order.end(), 0);
  if (options_.shuffle) random.shuffle(std::span(order));
  stepper_.begin_epoch(order);
  program_.begin_epoch(random, options_.shuffle);
}

void Trainer::run_epoch() {
  while (!stopping() && !epoch_is_complete()) {
    step(std::min(schedule_.batch, schedule_.images_per_epoch() - state_.position));
  }
}

void Trainer::step(int64_t n) {
  stepper_.step(n);
  ++queued_steps_;
  state_.position += n;
  record_.images += n;
  if (epoch_is_complete()) return;  // finish_epoch() does the rest
  if (outputs_.progress.due()) {
    collect();
    show(last_loss_, false);
  }
  if (save_is_due()) {
    collect();
    save({});
  }
}

void Trainer::collect() {
  for (const float loss : stepper_.take_losses()) take(loss);
  outputs_.metrics.flush();
  if (outputs_.events) outputs_.events->flush();
  record_.seconds = std::chrono::duration<double>(Clock::now() - start_).count();
}

void Trainer::take(float loss) {
  const int64_t step = state_.step + 1;
  if (!std::isfinite(loss)) {
    outputs_.metrics.flush();
    throw Divergence(fmt::format("the loss is {} at step {} (epoch {})",
                                 std::isnan(loss) ? "NaN" : "infinite", step, state_.epoch));
  }
  state_.step = step;
  ++state_.epoch_steps;
  state_.epoch_loss_sum += loss;
  last_loss_ = loss;
  if (step % options_.log_every != 0) return;
  outputs_.metrics.loss(step, state_.epoch, loss);
  if (!outputs_.events) return;
  outputs_.events->scalar(step, "train/loss", loss);
  outputs_.events->scalar(step, "train/learning_rate",
                          learning_rate(options_, schedule_.steps_per_epoch, step - 1));
}

void Trainer::finish_epoch() {
  const double mean = mean_loss();
  record_.epoch_losses.push_back(mean);
  outputs_.metrics.value(state_.step, state_.epoch, "mean_loss", mean);
  if (outputs_.events) outputs_.events->scalar(state_.step, "train/mean_loss", mean);
  show(mean, true);
  if (options_.eval_every > 0 && state_.epoch % options_.eval_every == 0) evaluate();
  std::vector<std::string> names;
  if (mean < state_.best_loss) {
    state_.best_loss = mean;
    state_.best_epoch = state_.epoch;
    names.emplace_back(RunDirectory::kBest);
  }
  if (state_.epoch % options_.checkpoint_every == 0) {
    names.push_back(RunDirectory::epoch_checkpoint(state_.epoch));
  }
  if (!names.empty() || save_is_due()) save(std::move(names));
}

// Not cut short by an interrupt: a resumed run would lack the line.
void Trainer::evaluate() {
  const auto begin = Clock::now();
  const double accuracy = knn_();
  start_ += Clock::now() - begin;
  outputs_.metrics.value(state_.step, state_.epoch, "knn", accuracy);
  if (outputs_.events) outputs_.events->scalar(state_.step, "eval/knn", accuracy);
  outputs_.progress.note(
      fmt::format("epoch {}/{}  kNN {:.2f} %", state_.epoch, options_.epochs, 100 * accuracy));
}

void Trainer::show(double loss, bool epoch_done) {
  outputs_.progress.training({.epoch = state_.epoch,
                              .epochs = options_.epochs,
                              .first_step = record_.first_step,
                              .step = queued_steps_,
                              .steps = schedule_.steps,
                              .loss = loss,
                              .images_per_second = record_.images_per_second(),
                              .epoch_done = epoch_done});
}

bool Trainer::save_is_due() const {
  const bool by_steps =
      options_.checkpoint_steps > 0 && queued_steps_ % options_.checkpoint_steps == 0;
  return by_steps || Clock::now() - saved_ >= kSaveInterval;
}

// Writes the checkpoint under these names and, once they are there, as `last`: from that a run goes
// on, and what comes before it is then written again, the same.
void Trainer::save(std::vector<std::string> names) {
  const auto begin = Clock::now();
  const Checkpoint checkpoint{program_.parameters().download_state(), state_,
                              results_config_json(options_)};
  if (!all_finite(checkpoint.tensors)) {
    throw Divergence(fmt::format("a parameter is not finite after step {} (epoch {})", state_.step,
                                 state_.epoch));
  }
  outputs_.metrics.sync();
  names.emplace_back(RunDirectory::kLast);
  std::vector<std::filesystem::path> paths;
  for (const std::string& name : names) paths.push_back(outputs_.directory.file(name));
  write_file(paths, format_checkpoint(checkpoint));
  saved_ = Clock::now();
  start_ += saved_ - begin;
  saved_step_ = state_.step;
  prune();
}

void Trainer::prune() const {
  if (options_.keep == 0) return;
  std::vector<int64_t> epochs = outputs_.directory.epoch_checkpoints();
  const auto count = static_cast<int64_t>(epochs.size());
  for (int64_t i = 0; i < count - options_.keep; ++i) {
    std::error_code ignored;  // one too many does no harm
    std::filesystem::remove(
        outputs_.directory.file(RunDirectory::epoch_checkpoint(epochs[static_cast<size_t>(i)])),
        ignored);
  }
}

}  // namespace host
