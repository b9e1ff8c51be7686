// run_options.hpp - what the commands on a trained run have in common.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <string>

#include "host/cli/commands.hpp"
#include "host/eval/study.hpp"
#include "host/report/progress.hpp"
#include "host/train/open_run.hpp"

namespace host {

struct RunOptions {
  RunChoice choice;
  ProgressMode progress = ProgressMode::kAuto;
  bool quiet = false;
  bool json = false;
};

// --run, --checkpoint, --data, --device, --threads, --progress, -q, -v and --json.
void add_run_options(CLI::App& command, RunOptions& options);

// Fails with Exit::kUsage for what opening the run would not notice.
void check_run_options(const RunOptions& options);

// Adds a command that runs `action` with its options: RunOptions or more.
template <class Options>
std::shared_ptr<Options> add_run_command(CLI::App& parent, Action& chosen, const char* name,
                                         const char* description, const char* example,
                                         void (*action)(const Options&)) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = parent.add_subcommand(name, description);
  add_run_options(*command, *options);
  command->footer(help_footer(example));
  command->callback([options, action, &chosen] {
    chosen = [options, action] {
      check_run_options(*options);
      action(*options);
      return Exit::kSuccess;
    };
  });
  return options;
}

void add_eval_command(CLI::App& app, Action& chosen);

// A run with its model loaded, and where results go.
class OpenStudy {
 public:
  explicit OpenStudy(const RunOptions& options)
      : options_(options),
        progress_(options.quiet ? ProgressMode::kNone : options.progress),
        run_(options.choice),
        study_(run_, progress_) {}

  OpenRun& run() { return run_; }
  Study& study() { return study_; }

  // Prints one of the two on standard output, unless told to be quiet, and brings the run's report
  // up to date.
  void finish(const Json& json, const std::string& text);

 private:
  const RunOptions& options_;
  Progress progress_;
  OpenRun run_;
  Study study_;
};

// The same without a model.
void print_result(const RunOptions& options, const Json& json, const std::string& text);

}  // namespace host
