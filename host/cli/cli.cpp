#include "host/cli/cli.hpp"

#include <sslcuda.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <map>
#include <new>
#include <string_view>
#include <vector>

#include "host/abi/abi.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/help.hpp"
#include "host/failure.hpp"
#include "host/message.hpp"

namespace host {
namespace {

constexpr const char* kNoOutput =
    "standard output cannot be written; free some space or send it elsewhere";

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
      return "start the command again, or run it with --device cpu";
    default:
      return "report it with the output of sslcuda --version";
  }
}

int complain(Exit code, std::string message) {
  std::ranges::replace(message, '\n', ' ');
  to_stderr(fmt::format("sslcuda: {}\n", message));
  return static_cast<int>(code);
}

std::string explain(const CLI::App& app, const CLI::ParseError& error) {
  const std::vector<std::string> unknown = app.remaining(true);
  if (!unknown.empty()) return fmt::format("unknown argument {}", unknown.front());
  if (std::string_view(error.what()).find("subcommand is required") != std::string_view::npos) {
    return "a command is missing";
  }
  return error.what();
}

int run(int argc, char** argv) {
  CLI::App app("Self-supervised learning on libsslcuda, on a GPU or the CPU", "sslcuda");
  Action chosen;
  app.formatter(help_formatter());
  app.set_version_flag("--version", sslcuda_build_info());
  app.require_subcommand(1);
  app.footer(help_footer("sslcuda train contrastive --epochs 1"));
  add_train_command(app, chosen);
  add_run_commands(app, chosen);
  add_info_commands(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return complain(Exit::kUsage, explain(app, error) + "; see sslcuda --help");
  }
  return static_cast<int>(chosen());
}

// The same, with every failure told.
int run_to_end(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const Failure& failure) {
    return complain(failure.code(), failure.what());
  } catch (const StatusError& error) {
    const Exit code = error.status() == SSLCUDA_CONTEXT_LOST ? Exit::kDeviceLost : Exit::kDevice;
    return complain(code, fmt::format("{}; {}", error.what(), remedy(error.status())));
  } catch (const std::bad_alloc&) {
    return complain(Exit::kInternal, "out of memory; use a smaller --batch-size");
  } catch (const std::exception& error) {
    if (std::ferror(stdout)) return complain(Exit::kOutput, kNoOutput);
    return complain(Exit::kInternal, fmt::format("{}; report it with the output of "
                                                 "sslcuda --version",
                                                 error.what()));
  }
}

}  // namespace

void add_progress_option(CLI::App& command, ProgressMode& mode) {
  static const std::map<std::string, ProgressMode> kModes = {{"auto", ProgressMode::kAuto},
                                                             {"bar", ProgressMode::kBar},
                                                             {"plain", ProgressMode::kPlain},
                                                             {"none", ProgressMode::kNone}};
  command
      .add_option_function<std::string>(
          "--progress",
          [&mode](const std::string& name) {
            const auto known = kModes.find(name);
            if (known == kModes.end()) {
              throw Failure(Exit::kUsage,
                            "--progress is {} but must be auto, bar, plain or none; see --help",
                            name);
            }
            mode = known->second;
          },
          "auto, bar, plain or none")
      ->type_name("NAME")
      ->default_str("auto");
}

int run_command_line(int argc, char** argv) {
  const int code = run_to_end(argc, argv);
  // Only now is it known whether standard output could be written; a first failure counts more.
  const bool written = std::fflush(stdout) == 0 && !std::ferror(stdout);
  if (written || code != 0) return code;
  return complain(Exit::kOutput, kNoOutput);
}

}  // namespace host
