#include "host/cli/cli.hpp"

#include <sslcuda.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <ctime>
#include <limits>

#include "host/abi/abi.hpp"
#include "host/failure.hpp"
#include "host/train/run.hpp"

namespace host {
namespace {

constexpr const char* kExitCodes =
    "Exit codes: 0 success, 1 internal error, 2 wrong usage, 3 unusable data, 4 device failure,\n"
    "5 the loss diverged, 6 output cannot be written, 130 interrupted (parameters are saved).";

struct ProgramHelp {
  const char *name, *description;
};

constexpr ProgramHelp kPrograms[] = {
    {"contrastive", "Linear encoder with InfoNCE: every image against the rest of its batch"},
    {"rotation", "Convolution that tells by how many quarter turns an image was rotated"},
    {"autoencoder", "Linear encoder and decoder that reproduce an image"},
};

void require(bool holds, const char* option, const std::string& rule) {
  if (!holds) throw Failure(Exit::kUsage, "{} {}; see --help", option, rule);
}

bool is_device(const std::string& name) {
  if (name == "auto" || name == "cpu" || name == "cuda") return true;
  const std::string prefix = "cuda:";
  if (!name.starts_with(prefix)) return false;
  int32_t ordinal = -1;
  const char* end = name.data() + name.size();
  const auto result = std::from_chars(name.data() + prefix.size(), end, ordinal);
  return result.ec == std::errc() && result.ptr == end && ordinal >= 0;
}

// What the library would refuse anyway is refused here in the words of the command line.
void validate(const TrainOptions& options) {
  constexpr int64_t kMax = std::numeric_limits<int32_t>::max();
  const auto in_range = [](int64_t value, int64_t low) { return value >= low && value <= kMax; };
  const auto positive = [](double value) { return std::isfinite(value) && value > 0; };
  require(in_range(options.epochs, 1), "--epochs", "must be at least 1");
  require(in_range(options.batch_size, 1), "--batch-size", "must be at least 1");
  require(in_range(options.log_every, 1), "--log-every", "must be at least 1");
  require(in_range(options.steps, 0), "--steps", "must be at least 1, or 0 for all steps");
  require(options.threads >= 0 && options.threads <= 1024, "--threads", "must be in 0..1024");
  require(positive(options.lr), "--lr", "must be finite and greater than 0");
  require(positive(static_cast<float>(options.temperature)), "--temperature",
          "must be finite and greater than 0");
  require(is_device(options.device), "--device", "must be auto, cpu, cuda or cuda:N");
}

std::string default_out(const std::string& program) {
  const std::time_t now = std::time(nullptr);
  char stamp[32];
  std::strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", std::localtime(&now));
  return fmt::format("runs/{}-{}", program, stamp);
}

void add_options(CLI::App& app, TrainOptions& options) {
  app.add_option("--data", options.data,
                 "Directory of the IDX files, plain or .gz (default: $SSLCUDA_DATA, then the\n"
                 "system's Fashion-MNIST)");
  app.add_option("--out", options.out,
                 "Directory for the results (default: runs/<program>-<date>-<time>)");
  app.add_flag("--overwrite", options.overwrite, "Replace the run in a non-empty --out");
  app.add_option("--epochs", options.epochs, "Passes over the training images")
      ->capture_default_str();
  app.add_option("--steps", options.steps, "Stop after this many steps (default: all epochs)");
  app.add_option("--batch-size", options.batch_size, "Images per step")->capture_default_str();
  app.add_option("--lr", options.lr, "Learning rate of Adam")->capture_default_str();
  app.add_option("--seed", options.seed, "Seed of parameters, order and rotations")
      ->capture_default_str();
  app.add_option("--init", options.init, "Start from the parameters in a safetensors file");
  app.add_flag("!--no-shuffle", options.shuffle,
               "Keep the order of the file; rotation then turns image i by (i mod 4) * 90 degrees");
  app.add_option("--device", options.device, "auto, cpu, cuda or cuda:N")->capture_default_str();
  app.add_option("--threads", options.threads, "CPU threads (default: all)");
  app.add_flag("!--no-graph", options.graph, "Queue every step anew instead of replaying a graph");
  app.add_flag("!--no-eval", options.evaluate, "Skip the kNN evaluation; needs no labels");
  app.add_option("--log-every", options.log_every,
                 "Steps from one line of metrics.jsonl to the next")
      ->capture_default_str();
  const std::map<std::string, ProgressMode> modes = {{"auto", ProgressMode::kAuto},
                                                     {"bar", ProgressMode::kBar},
                                                     {"plain", ProgressMode::kPlain},
                                                     {"none", ProgressMode::kNone}};
  app.add_option("--progress", options.progress, "auto, bar, plain or none (default: auto)")
      ->transform(CLI::CheckedTransformer(modes).description(""));
  app.add_flag("-q,--quiet", options.quiet, "Print nothing but errors");
  app.add_flag("-v,--verbose", options.verbose, "Show the library's messages as well");
}

// What to do about a failed call of the library.
std::string remedy(sslcuda_status status) {
  switch (status) {
    case SSLCUDA_NO_DEVICE:
    case SSLCUDA_UNSUPPORTED:
      return "run with --device cpu, or check the GPU and its driver with nvidia-smi";
    case SSLCUDA_OUT_OF_MEMORY:
      return "use a smaller --batch-size";
    case SSLCUDA_CONTEXT_LOST:
      return "start the run again, or run with --device cpu";
    default:
      return "report it with the output of sslcuda --version";
  }
}

int complain(Exit code, std::string message) {
  std::ranges::replace(message, '\n', ' ');
  fmt::print(stderr, "sslcuda: {}\n", message);
  return static_cast<int>(code);
}

class CommandLine {
 public:
  CommandLine() {
    app_.set_version_flag("--version", sslcuda_build_info());
    app_.require_subcommand(1);
    app_.footer(fmt::format("Example: sslcuda train contrastive --epochs 1\n\n{}", kExitCodes));
    train_ = app_.add_subcommand("train", "Train on the images of MNIST or a relative of it");
    train_->require_subcommand(1);
    train_->footer(fmt::format(
        "Example: sslcuda train rotation --data mnist --out runs/first\n\n{}", kExitCodes));
    for (const ProgramHelp& program : kPrograms) {
      CLI::App* command = train_->add_subcommand(program.name, program.description);
      add_options(*command, options_);
      if (std::string(program.name) == "contrastive") {
        command->add_option("--temperature", options_.temperature, "Scores are divided by it")
            ->capture_default_str();
      }
      command->footer(
          fmt::format("Example: sslcuda train {} --data mnist --epochs 5 --out runs/first\n\n{}",
                      program.name, kExitCodes));
    }
  }

  int run(int argc, char** argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      if (error.get_exit_code() == 0) return app_.exit(error);  // --help, --version
      return complain(Exit::kUsage, fmt::format("{}; see sslcuda --help", error.what()));
    }
    options_.program = train_->get_subcommands().front()->get_name();
    if (options_.out.empty()) options_.out = default_out(options_.program);
    if (options_.quiet) options_.progress = ProgressMode::kNone;
    validate(options_);
    return static_cast<int>(run_training(options_));
  }

 private:
  CLI::App app_{"Self-supervised learning on libsslcuda, on a GPU or the CPU", "sslcuda"};
  CLI::App* train_;
  TrainOptions options_;
};

}  // namespace

int run_command_line(int argc, char** argv) {
  try {
    return CommandLine().run(argc, argv);
  } catch (const Failure& failure) {
    return complain(failure.code(), failure.what());
  } catch (const StatusError& error) {
    return complain(Exit::kDevice, fmt::format("{}; {}", error.what(), remedy(error.status())));
  } catch (const std::bad_alloc&) {
    return complain(Exit::kInternal, "out of memory; use a smaller --batch-size");
  } catch (const std::exception& error) {
    return complain(Exit::kInternal, fmt::format("{}; report it with the output of "
                                                 "sslcuda --version",
                                                 error.what()));
  }
}

}  // namespace host
