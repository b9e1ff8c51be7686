// help.hpp - what --help looks like.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

namespace host {

// Names, then what they mean with the default at its end, in lines of 80 characters at most.
// Commands that are added to an app later take it over.
std::shared_ptr<CLI::Formatter> help_formatter();

// For the end: an example and the exit codes.
std::string help_footer(const std::string& example);

}  // namespace host
