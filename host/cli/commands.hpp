// commands.hpp - the groups of commands that `sslcuda` is made of. Each adds its subcommands; the
// one that the user names sets `chosen` in its callback, and that is run once all is parsed.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "host/cli/help.hpp"
#include "host/failure.hpp"
#include "host/report/progress.hpp"

namespace host {

using Action = std::function<Exit()>;

void add_train_command(CLI::App& app, Action& chosen);  // train
void add_run_commands(CLI::App& app, Action& chosen);   // eval, embed, reconstruct, plot
void add_info_commands(CLI::App& app, Action& chosen);  // inspect, report, doctor

// --progress, of every command that takes its time.
void add_progress_option(CLI::App& command, ProgressMode& mode);

}  // namespace host
