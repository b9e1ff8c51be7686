// cli.hpp - the command line of `sslcuda`.
#pragma once

namespace host {

// Runs the command and returns the process's exit code. Nothing escapes as an exception.
int run_command_line(int argc, char** argv);

}  // namespace host
