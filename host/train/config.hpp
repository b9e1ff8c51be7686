// config.hpp - config.json: the options of a run by their keys (option_fields()) and, under
// "resolved", what they came to: version, device, image sizes, SHA-256 of the data files. Any
// subset of it is a file for --config; "resolved" is not read back as options.
#pragma once

#include <set>
#include <string>

#include "host/train/json.hpp"
#include "host/train/options.hpp"

namespace host {

constexpr const char* kResolved = "resolved";

// Without "resolved".
Json config_json(const TrainOptions& options);

// Those of its options alone that change results: what a checkpoint holds.
Json results_config_json(const TrainOptions& options);

// The recipe of the program that the configuration names, and over it what else it says. Fails with
// Exit::kUsage, naming `source`: no program, unknown keys, values of the wrong type or out of
// range.
TrainOptions options_of_config(const Json& config, const std::string& source);

// The same over `options`, whose program must be that of the configuration if it names one.
void apply_config(const Json& config, const std::string& source, TrainOptions& options);

// `given` is what the command line says, `keys` of which fields, about a run with the options `run`
// that is to go on. What would change results fails with Exit::kUsage and both values. How long the
// run is may change while its learning rate does not depend on it.
void check_continues(const TrainOptions& given, const std::set<std::string>& keys,
                     const TrainOptions& run);

// Takes all fields but those with these keys from `base`.
void fill_in(const TrainOptions& base, const std::set<std::string>& keys, TrainOptions& options);

}  // namespace host
