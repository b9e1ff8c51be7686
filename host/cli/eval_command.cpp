// sslcuda eval: measures how good the model of a trained run is.
#include <fmt/format.h>

#include <algorithm>

#include "host/cli/run_options.hpp"
#include "host/report/table.hpp"
#include "host/report/words.hpp"

namespace host {
namespace {

using Rows = std::vector<std::vector<std::string>>;

struct Options : RunOptions {
  ProbeOptions probe;
};

// A heading and a row for each kind of features.
std::string features_table(Study& study, const Json& result, std::vector<std::string> heading,
                           std::vector<std::string> (*cells)(const Json&)) {
  heading.insert(heading.begin(), {"features", "width"});
  Rows rows = {heading};
  for (const FeatureKind kind : feature_kinds(*study.session().program)) {
    const Json& entry = result.at(key_of(kind));
    std::vector<std::string>& row = rows.emplace_back();
    row = {words_of(kind), grouped(entry.at("width").get<int64_t>())};
    for (const std::string& cell : cells(entry)) row.push_back(cell);
  }
  return format_table(rows);
}

std::string share(const Json& value) { return percent(value.get<double>()); }

std::string checkpoint_name(const OpenRun& run) { return run.checkpoint.filename().string(); }

void eval_knn(const Options& options) {
  OpenStudy open(options);
  const Json result = open.study().knn();
  save_result(open.run().directory, "knn", result, checkpoint_name(open.run()));
  std::vector<std::string> heading;
  for (const Vote& vote : kVotes) {
    heading.push_back(fmt::format("k = {}, T = {}", vote.k, vote.temperature));
  }
  open.finish(result, features_table(open.study(), result, heading, [](const Json& entry) {
                std::vector<std::string> cells;
                for (const Vote& vote : kVotes) {
                  cells.push_back(share(entry.at(fmt::format("k{}", vote.k)).at("accuracy")));
                }
                return cells;
              }));
}

void check_probe(const ProbeOptions& probe) {
  const auto require = [](bool holds, const char* option, auto value, const char* rule) {
    if (!holds) throw Failure(Exit::kUsage, "{} is {} but {}; see --help", option, value, rule);
  };
  constexpr int64_t kMost = int64_t{1} << 20;
  require(probe.epochs >= 1 && probe.epochs <= kMost, "--epochs", probe.epochs,
          "must be in 1..1048576");
  require(probe.batch >= 1 && probe.batch <= kMost, "--batch-size", probe.batch,
          "must be in 1..1048576");
  require(probe.lr > 0 && probe.lr <= 1e6, "--lr", probe.lr, "must be above 0 and at most 1e6");
}

void eval_linear(const Options& options) {
  check_probe(options.probe);
  OpenStudy open(options);
  const Json result = open.study().linear(options.probe);
  save_result(open.run().directory, "linear", result, checkpoint_name(open.run()));
  const auto cells = [](const Json& entry) {
    return std::vector<std::string>{share(entry.at("accuracy")), share(entry.at("train_accuracy")),
                                    fmt::format("{:.4f}", entry.at("loss").get<double>())};
  };
  open.finish(result, features_table(open.study(), result,
                                     {"test images", "training images", "training loss"}, cells));
}

void eval_reconstruction(const Options& options) {
  OpenStudy open(options);
  const Json result = open.study().reconstruction();
  save_result(open.run().directory, "reconstruction", result, checkpoint_name(open.run()));
  Rows rows = {{"code", "width", "squared error per pixel"}};
  const auto add_row = [&](const std::string& name, const char* key) {
    if (!result.contains(key)) return;
    rows.push_back({name, grouped(result.at("width").get<int64_t>()),
                    fmt::format("{:.6f}", result.at(key).get<double>())});
  };
  add_row(open.run().options.program, "mse");
  add_row("PCA", "pca_mse");
  open.finish(result, format_table(rows));
}

}  // namespace

void add_eval_command(CLI::App& app, Action& chosen) {
  CLI::App* eval = app.add_subcommand("eval", "Evaluate a trained run");
  eval->require_subcommand(1);
  eval->footer(help_footer("sslcuda eval knn --run runs/first"));
  add_run_command<Options>(*eval, chosen, "knn",
                           "Classify test images by their nearest training images",
                           "sslcuda eval knn --run runs/first --checkpoint best", eval_knn);
  const auto options = add_run_command<Options>(
      *eval, chosen, "linear", "Train a linear classifier on the frozen features",
      "sslcuda eval linear --run runs/first", eval_linear);
  CLI::App* linear = eval->get_subcommand("linear");
  ProbeOptions& probe = options->probe;
  linear->add_option("--epochs", probe.epochs, "Passes over the training images")
      ->type_name("N")
      ->capture_default_str();
  linear->add_option("--batch-size", probe.batch, "Images per step")
      ->type_name("N")
      ->capture_default_str();
  linear->add_option("--lr", probe.lr, "Initial learning rate for a batch of 256; others scale it")
      ->type_name("X")
      ->capture_default_str();
  linear->add_option("--seed", probe.seed, "Random seed of the order of the images")
      ->type_name("N")
      ->capture_default_str();
  add_run_command<Options>(*eval, chosen, "reconstruction",
                           "Compare the error of reconstructed test images with that of PCA",
                           "sslcuda eval reconstruction --run runs/vae", eval_reconstruction);
}

}  // namespace host
