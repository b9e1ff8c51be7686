#include "host/train/config.hpp"

#include <algorithm>
#include <type_traits>

#include "host/failure.hpp"
#include "host/model/recipe.hpp"

namespace host {
namespace {

constexpr const char* kProgram = "program";

Json value_of(const OptionField& field, const TrainOptions& options) {
  return std::visit([&](auto member) { return Json(options.*member); }, field.member);
}

void copy_field(const OptionField& field, const TrainOptions& from, TrainOptions& to) {
  std::visit([&](auto member) { to.*member = from.*member; }, field.member);
}

// Returns what the value must be, if it is not.
std::string assign(const Json& value, bool& member) {
  if (!value.is_boolean()) return "true or false";
  member = value.get<bool>();
  return {};
}
std::string assign(const Json& value, std::string& member) {
  if (!value.is_string()) return "a string";
  member = value.get<std::string>();
  return {};
}
std::string assign(const Json& value, double& member) {
  if (!value.is_number()) return "a number";
  member = value.get<double>();
  return {};
}
std::string assign(const Json& value, uint64_t& member) {
  if (!value.is_number_unsigned()) return "an integer from 0 to 2^64 - 1";
  member = value.get<uint64_t>();
  return {};
}
std::string assign(const Json& value, int64_t& member) {
  // An unsigned number beyond the range of int64_t would wrap.
  const bool fits = value.is_number_integer() &&
                    (!value.is_number_unsigned() || value.get<uint64_t>() <= uint64_t{INT64_MAX});
  if (!fits) return "an integer";
  member = value.get<int64_t>();
  return {};
}

const OptionField* find_field(const std::string& key, const std::string& program) {
  for (const OptionField& field : option_fields()) {
    if (key == field.key && applies(field, program)) return &field;
  }
  return nullptr;
}

std::string program_of(const Json& config, const std::string& source) {
  if (!config.is_object()) {
    throw Failure(Exit::kUsage, "{} does not hold an object {{...}}; see docs/trainer.md", source);
  }
  const auto program = config.find(kProgram);
  if (program == config.end()) return {};
  if (!program->is_string()) {
    throw Failure(Exit::kUsage, "{}: {} is {} but must be a string; correct it", source, kProgram,
                  program->dump());
  }
  return program->get<std::string>();
}

Json fields_json(const TrainOptions& options, bool results_alone) {
  Json config = {{kProgram, options.program}};
  for (const OptionField& field : option_fields()) {
    if (!applies(field, options.program)) continue;
    if (results_alone && field.effect == Effect::kNone) continue;
    config[field.key] = value_of(field, options);
  }
  return config;
}

}  // namespace

Json config_json(const TrainOptions& options) { return fields_json(options, false); }

Json results_config_json(const TrainOptions& options) { return fields_json(options, true); }

TrainOptions options_of_config(const Json& config, const std::string& source) {
  TrainOptions options;
  options.program = program_of(config, source);
  if (std::ranges::find(programs(), options.program, &ProgramInfo::name) == programs().end()) {
    throw Failure(Exit::kUsage,
                  "{}: program is \"{}\" but must be one that sslcuda train --help "
                  "lists; correct it",
                  source, options.program);
  }
  apply_recipe(options.program, options);
  apply_config(config, source, options);
  validate(options);
  return options;
}

void apply_config(const Json& config, const std::string& source, TrainOptions& options) {
  const std::string program = program_of(config, source);
  if (!program.empty() && program != options.program) {
    throw Failure(Exit::kUsage, "{} is of the program {}, not {}; run sslcuda train {}", source,
                  program, options.program, program);
  }
  for (const auto& [key, value] : config.items()) {
    if (key == kProgram || key == kResolved) continue;
    const OptionField* field = find_field(key, options.program);
    if (!field) {
      throw Failure(Exit::kUsage,
                    "{}: unknown key \"{}\" for the program {}; remove it, or correct its spelling "
                    "(config.json of a run has all that there are)",
                    source, key, options.program);
    }
    const std::string expected = std::visit(
        [&, &given = value](auto member) { return assign(given, options.*member); }, field->member);
    if (!expected.empty()) {
      throw Failure(Exit::kUsage, "{}: {} is {} but must be {}; correct it", source, key,
                    value.dump(), expected);
    }
  }
}

void check_continues(const TrainOptions& given, const std::set<std::string>& keys,
                     const TrainOptions& run) {
  if (given.program != run.program) {
    throw Failure(Exit::kUsage,
                  "--resume: the run is of the program {}, not {}; run sslcuda train {}",
                  run.program, given.program, run.program);
  }
  for (const OptionField& field : option_fields()) {
    const bool is_length = field.effect == Effect::kLength;
    const bool free = field.effect == Effect::kNone || (is_length && run.lr_schedule == "constant");
    if (free || !keys.contains(field.key)) continue;
    const Json ours = value_of(field, run), theirs = value_of(field, given);
    if (ours == theirs) continue;
    const std::string why =
        is_length ? fmt::format(", and its {} learning rate depends on it", run.lr_schedule) : "";
    throw Failure(Exit::kUsage,
                  "--resume: {} is {} but the run was started with {}{}; leave the option out, or "
                  "start a new run in another --out",
                  option_name(field), theirs.dump(), ours.dump(), why);
  }
}

void fill_in(const TrainOptions& base, const std::set<std::string>& keys, TrainOptions& options) {
  for (const OptionField& field : option_fields()) {
    if (!keys.contains(field.key)) copy_field(field, base, options);
  }
}

}  // namespace host
