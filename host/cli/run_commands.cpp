// sslcuda embed, reconstruct and plot: what can be made of a trained run.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "host/cli/commands.hpp"
#include "host/cli/run_options.hpp"
#include "host/eval/npy.hpp"
#include "host/eval/plots.hpp"
#include "host/eval/reconstruction.hpp"
#include "host/report/html_report.hpp"
#include "host/report/words.hpp"
#include "host/train/file.hpp"

namespace host {
namespace {

namespace fs = std::filesystem;

struct Options : RunOptions {
  std::string layer = "backbone", split = "test";
  std::string out;
  bool npy = false;
  std::vector<std::string> plots;
};

void write_to(const fs::path& folder, const char* name, const std::string& bytes) {
  std::error_code error;
  fs::create_directories(folder, error);  // what is wrong with it, writing the file tells
  write_file(folder / name, bytes);
}

FeatureKind kind_of(const Options& options, const Program& program) {
  for (const FeatureKind kind : {FeatureKind::kBackbone, FeatureKind::kProjector}) {
    if (options.layer != key_of(kind)) continue;
    if (kind == FeatureKind::kBackbone || program.has_projector()) return kind;
    throw Failure(Exit::kUsage,
                  "--layer is projector but {} has none; use backbone, or a run of simclr",
                  options.choice.run);
  }
  throw Failure(Exit::kUsage, "--layer is {} but must be backbone or projector; see --help",
                options.layer);
}

void embed(const Options& options) {
  if (options.split != "test" && options.split != "train") {
    throw Failure(Exit::kUsage, "--split is {} but must be test or train; see --help",
                  options.split);
  }
  OpenStudy open(options);
  OpenRun& run = open.run();
  const bool test = options.split == "test";
  const DeviceImages& images = test ? run.test_images : run.train_images;
  const std::vector<uint8_t>& labels = (test ? run.data.test : run.data.train).labels;
  Features features(run, kind_of(options, *run.program));
  const std::vector<int64_t> shape = {images.count(), features.width()};
  const fs::path folder = options.out.empty() ? run.directory.path() : fs::path(options.out);
  write_to(folder, RunDirectory::kEmbeddings, format_npy(download(features.of_all(images)), shape));
  write_to(folder, RunDirectory::kLabels, format_npy(labels, {images.count()}));
  const std::string file = (folder / RunDirectory::kEmbeddings).string();
  const std::string labels_file = (folder / RunDirectory::kLabels).string();
  open.finish(
      {{"embeddings", file}, {"labels", labels_file}, {"shape", shape}},
      fmt::format("{}  {} x {}, {} features of the {} images\n{}\n", file, grouped(shape[0]),
                  grouped(shape[1]), options.layer, test ? "test" : "training", labels_file));
}

void add_embed(CLI::App& app, Action& chosen) {
  const auto options =
      add_run_command<Options>(app, chosen, "embed", "Write features and labels as files for NumPy",
                               "sslcuda embed --run runs/first --split train", embed);
  CLI::App* command = app.get_subcommand("embed");
  command->add_option("--layer", options->layer, "backbone or projector")
      ->type_name("NAME")
      ->capture_default_str();
  command->add_option("--split", options->split, "test or train: of which images")
      ->type_name("NAME")
      ->capture_default_str();
  command
      ->add_option("--out", options->out,
                   "For embeddings.npy and labels.npy (default: the run's directory)")
      ->type_name("DIR");
}

const PlotKind& plot_kind(const std::string& name) {
  const auto kinds = plot_kinds();
  const auto kind = std::ranges::find(kinds, name, &PlotKind::name);
  if (kind != kinds.end()) return *kind;
  std::string names = "all, loss";
  for (const PlotKind& known : kinds) names += fmt::format(", {}", known.name);
  throw Failure(Exit::kUsage, "there is no plot of {}; take one of {}", name, names);
}

// Files that were written, as paths.
std::string lines_of(const Json& files) {
  std::string text;
  for (const Json& file : files) text += file.get<std::string>() + '\n';
  return text;
}

Json paths_of(const RunDirectory& directory, const std::vector<std::string>& names) {
  Json files = Json::array();
  for (const std::string& name : names) files.push_back(directory.file(name).string());
  return files;
}

void reconstruct(const Options& given) {
  Options options = given;
  options.choice.labels = false;
  OpenStudy open(options);
  OpenRun& run = open.run();
  std::vector<std::string> names =
      draw_plot(plot_kind("reconstructions"), open.study(), run.directory);
  if (options.npy) {
    const int64_t n = run.test_images.count();
    const std::vector<float> images = reconstruct_images(run, run.test_images, 0, n);
    run.directory.write(RunDirectory::kReconstructionsArray,
                        format_npy(images, {n, run.data.test.h, run.data.test.w}));
    names.emplace_back(RunDirectory::kReconstructionsArray);
  }
  const Json files = paths_of(run.directory, names);
  open.finish({{"files", files}}, lines_of(files));
}

void add_reconstruct(CLI::App& app, Action& chosen) {
  const auto options = add_run_command<Options>(
      app, chosen, "reconstruct", "Draw test images beside their reconstructions",
      "sslcuda reconstruct --run runs/vae --npy", reconstruct);
  app.get_subcommand("reconstruct")
      ->add_flag("--npy", options->npy, "Also write all reconstructed test images, for NumPy");
}

void plot_loss(const Options& options) {
  const RunDirectory directory(options.choice.run, RunDirectory::Use::kExisting);
  const Json files = paths_of(directory, draw_loss_plot(directory));
  write_report(directory.path());
  print_result(options, {{"files", files}}, lines_of(files));
}

void plot(const Options& given) {
  Options options = given;
  if (options.plots.empty()) options.plots = {"all"};
  if (options.plots == std::vector<std::string>{"loss"}) return plot_loss(options);
  bool all = false, labels = false;
  for (const std::string& name : options.plots) {
    all = all || name == "all";
    labels = labels || (name != "all" && name != "loss" && plot_kind(name).needs_labels);
  }
  options.choice.labels = all || labels;
  OpenStudy open(options);
  const RunDirectory& directory = open.run().directory;
  std::vector<std::string> names;
  if (all) names = plot_run(open.study(), directory);
  for (const std::string& name : options.plots) {
    if (all) break;
    const auto drawn = name == "loss" ? draw_loss_plot(directory)
                                      : draw_plot(plot_kind(name), open.study(), directory);
    names.insert(names.end(), drawn.begin(), drawn.end());
  }
  const Json files = paths_of(directory, names);
  open.finish({{"files", files}}, lines_of(files));
}

void add_plot(CLI::App& app, Action& chosen) {
  const auto options =
      add_run_command<Options>(app, chosen, "plot", "Draw pictures of a run into its plots/",
                               "sslcuda plot map confusion --run runs/first", plot);
  std::string kinds = "all (default); loss, the training loss";
  for (const PlotKind& kind : plot_kinds()) {
    kinds += fmt::format("; {}, {}", kind.name, kind.description);
  }
  app.get_subcommand("plot")->add_option("kind", options->plots, kinds)->type_name("NAME");
}

}  // namespace

void add_run_commands(CLI::App& app, Action& chosen) {
  add_eval_command(app, chosen);
  add_embed(app, chosen);
  add_reconstruct(app, chosen);
  add_plot(app, chosen);
}

}  // namespace host
