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

ProgressMode progress_mode(const std::string& name) {
  if (name == "bar") return ProgressMode::kBar;
  if (name == "plain") return ProgressMode::kPlain;
  if (name == "none") return ProgressMode::kNone;
  require(name == "auto", "--progress", "must be auto, bar, plain or none");
  return ProgressMode::kAuto;
}

void add_data_options(CLI::App& app, TrainOptions& options) {
  app.add_option(
         "--data", options.data,
         "IDX files, plain or .gz (default: $SSLCUDA_DATA, else the system's Fashion-MNIST)")
      ->type_name("DIR");
  app.add_option("--out", options.out, "For the results (default: runs/<program>-<date>-<time>)")
      ->type_name("DIR");
  app.add_flag("--overwrite", options.overwrite, "Replace the run in a non-empty --out");
  app.add_option("--init", options.init, "Start from the parameters in a safetensors file")
      ->type_name("FILE");
}

void add_training_options(CLI::App& app, TrainOptions& options) {
  const auto integer = [&](const char* name, int64_t& value, const char* description) {
    return app.add_option(name, value, description)->type_name("N");
  };
  integer("--epochs", options.epochs, "Passes over the training images")->capture_default_str();
  integer("--steps", options.steps, "Stop after so many steps (default: after all epochs)");
  integer("--batch-size", options.batch_size, "Images per step")->capture_default_str();
  app.add_option("--lr", options.lr, "Learning rate of Adam")
      ->type_name("X")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Of the parameters, the order and the rotations")
      ->type_name("N")
      ->capture_default_str();
  app.add_flag_callback(
      "--no-shuffle", [&] { options.shuffle = false; },
      "File order; rotation then turns image i by (i mod 4) * 90 degrees");
  app.add_option("--device", options.device, "auto, cpu, cuda or cuda:N")
      ->type_name("")
      ->capture_default_str();
  integer("--threads", options.threads, "On the CPU (default: all)");
  app.add_flag_callback(
      "--no-graph", [&] { options.graph = false; },
      "Queue every step anew instead of replaying a graph");
}

void add_report_options(CLI::App& app, TrainOptions& options, std::string& progress) {
  app.add_flag_callback(
      "--no-eval", [&] { options.evaluate = false; }, "No kNN evaluation; needs no labels");
  app.add_option("--log-every", options.log_every, "Steps per line of metrics.jsonl")
      ->type_name("N")
      ->capture_default_str();
  app.add_option("--progress", progress, "auto, bar, plain or none")
      ->type_name("")
      ->capture_default_str();
  app.add_flag("-q,--quiet", options.quiet, "Print nothing but errors");
  app.add_flag("-v,--verbose", options.verbose, "Show the library's messages as well");
}

// What to do about a failed call of the library.
std::string remedy(sslcuda_status status) {
  switch (status) {
    case SSLCUDA_UNSUPPORTED:
      return "run with --device cpu";
    case SSLCUDA_NO_DEVICE:
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
      add_data_options(*command, options_);
      add_training_options(*command, options_);
      add_report_options(*command, options_, progress_);
      if (std::string(program.name) == "contrastive") {
        command->add_option("--temperature", options_.temperature, "Scores are divided by it")
            ->type_name("X")
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
      return complain(Exit::kUsage, explain(error) + "; see sslcuda --help");
    }
    options_.program = train_->get_subcommands().front()->get_name();
    if (options_.out.empty()) options_.out = default_out(options_.program);
    options_.progress = options_.quiet ? ProgressMode::kNone : progress_mode(progress_);
    validate(options_);
    return static_cast<int>(run_training(options_));
  }

 private:
  std::string explain(const CLI::ParseError& error) const {
    const std::vector<std::string> unknown = app_.remaining(true);
    if (!unknown.empty()) return fmt::format("unknown argument {}", unknown.front());
    // Nothing else is required.
    if (error.get_name() == "RequiredError") return "a command is missing";
    return error.what();
  }

  CLI::App app_{"Self-supervised learning on libsslcuda, on a GPU or the CPU", "sslcuda"};
  CLI::App* train_;
  TrainOptions options_;
  std::string progress_ = "auto";
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
