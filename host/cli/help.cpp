#include "host/cli/help.hpp"

#include <fmt/format.h>

#include <sstream>

namespace host {
namespace {

constexpr size_t kColumn = 26, kLine = 80;

constexpr const char* kExitCodes =
    "Exit codes:\n"
    "    0  success\n"
    "    1  internal error\n"
    "    2  wrong usage\n"
    "    3  unusable data\n"
    "    4  device failure\n"
    "    5  the loss diverged\n"
    "    6  output cannot be written\n"
    "   75  the device was lost; continue with --resume\n"
    "  130  interrupted and saved; continue with --resume";

// `name` and beside it `text`, below it if the name is too long.
std::string entry(const std::string& name, const std::string& text) {
  std::string out, line = fmt::format("  {:<{}}", name, kColumn - 2);
  const auto next_line = [&] {
    out += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
    line.assign(kColumn, ' ');
  };
  if (name.size() + 4 > kColumn) next_line();
  std::istringstream words(text);
  for (std::string word, value; words >> word;) {
    if (word == "(default:" && words >> value) word += " " + value;  // stay on one line
    const auto is_empty = [&] { return line.size() == kColumn; };
    if (!is_empty() && line.size() + 1 + word.size() > kLine) next_line();
    line += (is_empty() ? "" : " ") + word;
  }
  next_line();
  return out;
}

class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_description(const CLI::App* app) const override {
    return app->get_description() + '\n';
  }

  std::string make_subcommand(const CLI::App* command) const override {
    return entry(command->get_name(), command->get_description());
  }

  std::string make_option(const CLI::Option* option, bool positional) const override {
    std::string name = positional ? option->get_name(true, false) : names(*option);
    if (!positional && option->get_type_size() != 0 && !option->get_type_name().empty()) {
      name += " " + option->get_type_name();
    }
    std::string text = option->get_description();
    if (option->get_required()) text += " (required)";
    if (const std::string value = option->get_default_str(); !value.empty()) {
      text += fmt::format(" (default: {})", value);
    }
    return entry(name, text);
  }

 private:
  // -q, --quiet; CLI11's own list has {false} behind names that take an option back.
  static std::string names(const CLI::Option& option) {
    std::string out;
    const auto add = [&](const std::string& name) { out += (out.empty() ? "" : ", ") + name; };
    for (const std::string& name : option.get_snames()) add("-" + name);
    for (const std::string& name : option.get_lnames()) add("--" + name);
    return out;
  }
};

}  // namespace

std::shared_ptr<CLI::Formatter> help_formatter() { return std::make_shared<HelpFormatter>(); }

std::string help_footer(const std::string& example) {
  return fmt::format("Example: {}\n\n{}", example, kExitCodes);
}

}  // namespace host
