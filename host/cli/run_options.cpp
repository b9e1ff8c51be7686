#include "host/cli/run_options.hpp"

#include <fmt/format.h>

#include "host/failure.hpp"
#include "host/report/html_report.hpp"

namespace host {

void add_run_options(CLI::App& command, RunOptions& options) {
  RunChoice& choice = options.choice;
  command.add_option("--run", choice.run, "The run's directory")->required()->type_name("DIR");
  command
      .add_option("--checkpoint", choice.checkpoint, "last, best, epoch-N or a .safetensors file")
      ->type_name("NAME")
      ->capture_default_str();
  command.add_option("--data", choice.data, "IDX files (default: those of the run)")
      ->type_name("DIR");
  command.add_option("--device", choice.device, "auto, cpu, cuda or cuda:N (default: as trained)")
      ->type_name("NAME");
  command.add_option("--threads", choice.threads, "CPU threads (default: as trained)")
      ->type_name("N");
  add_progress_option(command, options.progress);
  command.add_flag("--json", options.json, "Print JSON, for programs");
  command.add_flag("-q,--quiet", options.quiet, "Print nothing but errors");
  command.add_flag("-v,--verbose", choice.verbose, "Show the library's messages as well");
}

void check_run_options(const RunOptions& options) {
  // 0 stands for what the run was trained with, so what is less would be taken for it.
  if (options.choice.threads < 0) {
    throw Failure(Exit::kUsage, "--threads is {} but must be in 0..1024; see --help",
                  options.choice.threads);
  }
}

void print_result(const RunOptions& options, const Json& json, const std::string& text) {
  if (options.quiet) return;
  fmt::print("{}", options.json ? format_json(json) : text);
}

void OpenStudy::finish(const Json& json, const std::string& text) {
  progress_.clear();
  write_report(run_.directory.path());
  print_result(options_, json, text);
}

}  // namespace host
