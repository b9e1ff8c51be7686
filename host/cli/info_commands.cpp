// sslcuda inspect, report and doctor.
#include <fmt/format.h>

#include <filesystem>
#include <memory>

#include "host/cli/commands.hpp"
#include "host/cli/doctor.hpp"
#include "host/cli/inspect.hpp"
#include "host/report/html_report.hpp"
#include "host/train/run_directory.hpp"

namespace host {
namespace {

struct InfoOptions {
  std::string path;
  bool json = false;
};

void add_inspect(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<InfoOptions>();
  CLI::App* command = app.add_subcommand("inspect", "Show what a checkpoint holds");
  command
      ->add_option("path", options->path, "A .safetensors file, or a run for its last checkpoint")
      ->required()
      ->type_name("PATH");
  command->add_flag("--json", options->json, "For programs");
  command->footer(help_footer("sslcuda inspect runs/first"));
  command->callback(
      [options, &chosen] { chosen = [options] { return inspect(options->path, options->json); }; });
}

void add_report(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<InfoOptions>();
  CLI::App* command = app.add_subcommand("report", "Write a run's report.html from its files");
  command->add_option("run", options->path, "The run's directory")->required()->type_name("DIR");
  command->footer(help_footer("sslcuda report runs/first"));
  command->callback([options, &chosen] {
    chosen = [options] {
      write_report(options->path);
      fmt::print("{}\n", (std::filesystem::path(options->path) / RunDirectory::kReport).string());
      return Exit::kSuccess;
    };
  });
}

void add_doctor(CLI::App& app, Action& chosen) {
  const auto options = std::make_shared<InfoOptions>();
  CLI::App* command =
      app.add_subcommand("doctor", "Check library, devices, driver, data and disk, with advice");
  command->add_flag("--json", options->json, "For programs");
  command->footer(help_footer("sslcuda doctor"));
  command->callback([options, &chosen] { chosen = [options] { return doctor(options->json); }; });
}

}  // namespace

void add_info_commands(CLI::App& app, Action& chosen) {
  add_inspect(app, chosen);
  add_report(app, chosen);
  add_doctor(app, chosen);
}

}  // namespace host
