// sslcuda train METHOD: the options of each method are made of option_fields().
#include <ctime>
#include <memory>
#include <set>
#include <string_view>

#include "host/cli/commands.hpp"
#include "host/model/recipe.hpp"
#include "host/train/config.hpp"
#include "host/train/run.hpp"
#include "host/train/run_directory.hpp"

namespace host {
namespace {

std::string default_out(const std::string& program) {
  const std::time_t now = std::time(nullptr);
  char stamp[32];
  std::strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", std::localtime(&now));
  return fmt::format("runs/{}-{}", program, stamp);
}

// The parser by itself would take -1 for 2^64 - 1.
std::string is_not_negative(const std::string& text) {
  return text.starts_with('-') ? fmt::format("{} is less than 0", text) : "";
}

// One method's command line: what is given on it lands in `given`, over the method's recipe.
class MethodCommand {
 public:
  MethodCommand(CLI::App& train, const ProgramInfo& program)
      : command_(*train.add_subcommand(program.name, program.description)) {
    given_.program = program.name;
    apply_recipe(given_.program, given_);
    add_run_options();
    for (const OptionField& field : option_fields()) {
      if (applies(field, given_.program)) add(field);
    }
    add_report_options();
    command_.footer(
        help_footer(fmt::format("sslcuda train {} --data mnist --out runs/first", program.name)));
  }

  CLI::App& command() { return command_; }

  // Of the recipe, the file or the run to be resumed, and the command line, later ones win.
  TrainOptions options() const;

 private:
  void add_run_options();
  void add_report_options();
  void add(const OptionField& field);
  std::set<std::string> given_keys() const;
  void check_resume() const;

  CLI::App& command_;
  TrainOptions given_;
};

void MethodCommand::add_run_options() {
  command_.add_option("--out", given_.out, "Run directory (default: runs/<method>-<date>-<time>)")
      ->type_name("DIR");
  command_.add_flag("--overwrite", given_.overwrite, "Replace the run in a non-empty --out");
  command_.add_flag("--resume", given_.resume, "Continue the run in --out from its checkpoint");
  command_
      .add_option("--config", given_.config,
                  "Options as in a run's config.json; the command line takes precedence")
      ->type_name("FILE");
}

void MethodCommand::add_report_options() {
  add_progress_option(command_, given_.progress);
  command_.add_flag("-q,--quiet", given_.quiet, "Print nothing but errors");
  command_.add_flag("-v,--verbose", given_.verbose, "Show the library's messages as well");
}

void MethodCommand::add(const OptionField& field) {
  const std::string name = option_name(field);
  const auto add_member = [&](auto member) {
    auto& value = given_.*member;
    if constexpr (std::is_same_v<decltype(value), bool&>) {
      const std::string no = fmt::format("--no{}", name.substr(1));
      command_.add_flag(fmt::format("{},!{}", name, no), value,
                        fmt::format("{} (default: {})", field.description, value ? "yes" : "no"));
    } else {
      CLI::Option* option = command_.add_option(name, value, field.description);
      option->type_name(field.value);
      if constexpr (std::is_unsigned_v<std::remove_reference_t<decltype(value)>>) {
        option->check(is_not_negative);
      }
      if (std::string_view(field.description).find("(default:") == std::string_view::npos) {
        option->capture_default_str();
      }
    }
  };
  std::visit(add_member, field.member);
}

std::set<std::string> MethodCommand::given_keys() const {
  std::set<std::string> keys;
  for (const OptionField& field : option_fields()) {
    const CLI::Option* option = command_.get_option_no_throw(option_name(field));
    if (option && option->count() > 0) keys.insert(field.key);
  }
  return keys;
}

TrainOptions MethodCommand::options() const {
  TrainOptions options = given_;
  if (options.quiet) options.progress = ProgressMode::kNone;
  if (options.resume) {
    check_resume();
    const RunDirectory directory(options.out, RunDirectory::Use::kExisting);
    const auto path = directory.file(RunDirectory::kConfig);
    const TrainOptions run = options_of_config(read_json(path), path.string());
    check_continues(given_, given_keys(), run);
    fill_in(run, given_keys(), options);
  } else if (!options.config.empty()) {
    TrainOptions base;
    base.program = options.program;
    apply_recipe(base.program, base);
    apply_config(read_json(options.config), options.config, base);
    fill_in(base, given_keys(), options);
  }
  if (options.out.empty()) options.out = default_out(options.program);
  validate(options);
  return options;
}

void MethodCommand::check_resume() const {
  if (given_.out.empty()) {
    throw Failure(Exit::kUsage, "--resume needs the run's --out; name the directory");
  }
  if (given_.overwrite) {
    throw Failure(Exit::kUsage, "--resume and --overwrite exclude each other; leave one out");
  }
  if (!given_.config.empty()) {
    throw Failure(Exit::kUsage,
                  "--resume takes its options from the run, not from --config; leave one out");
  }
}

}  // namespace

void add_train_command(CLI::App& app, Action& chosen) {
  CLI::App* train = app.add_subcommand("train", "Train on MNIST or a data set in its format");
  train->require_subcommand(1);
  train->footer(help_footer("sslcuda train rotation --data mnist --out runs/first"));
  for (const ProgramInfo& program : programs()) {
    const auto method = std::make_shared<MethodCommand>(*train, program);
    method->command().callback(
        [method, &chosen] { chosen = [method] { return run_training(method->options()); }; });
  }
}

}  // namespace host
