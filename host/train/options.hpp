// options.hpp - all that can be said about a training run, and one table of it from which the
// command line, config.json and the check of --resume are made.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>

#include "host/report/progress.hpp"

namespace host {

struct ProgramInfo {
  const char *name, *description;
};

// All methods, in the order of --help.
std::span<const ProgramInfo> programs();

// The defaults are those of a plain method; apply_recipe() gives each method its own.
struct TrainOptions {
  std::string program;  // the method; see programs()
  std::string data;     // empty: $SSLCUDA_DATA or the system's Fashion-MNIST
  std::string init;     // safetensors file with the initial parameters; empty: random

  int64_t epochs = 5;
  int64_t steps = 0;  // 0: all epochs
  int64_t batch_size = 64;
  uint64_t seed = 0;
  bool shuffle = true;
  bool augment = false;
  double temperature = 0.1;
  std::string norm = "batch";  // or group

  std::string optimizer = "adam";  // or sgd, lars
  double lr = 1e-3;
  std::string lr_schedule = "constant";  // or cosine
  double warmup_epochs = 0;
  double momentum = 0.9;  // of sgd and lars
  double weight_decay = 0;

  int64_t log_every = 1;   // steps
  int64_t eval_every = 0;  // epochs; 0: at the end alone

  bool evaluate = true;
  bool tensorboard = true;
  int64_t checkpoint_every = 1;  // epochs
  int64_t checkpoint_steps = 0;  // also after so many steps; 0: never
  int64_t keep = 3;              // newest epoch-N checkpoints; 0: all
  std::string device = "auto";   // cpu, cuda or cuda:N
  int64_t threads = 0;           // 0: as many as the process may use
  bool graph = true;

  // Of one call of the command; config.json does not hold them.
  std::string out;
  std::string config;  // file with options; those of the command line go before
  bool resume = false;
  bool overwrite = false;
  bool quiet = false;
  bool verbose = false;
  ProgressMode progress = ProgressMode::kAuto;
};

// What an option changes decides whether --resume may change it.
enum class Effect {
  kResults,  // some number that the run gives
  kLength,   // how long it goes on
  kNone,
};

using OptionMember =
    std::variant<bool TrainOptions::*, int64_t TrainOptions::*, uint64_t TrainOptions::*,
                 double TrainOptions::*, std::string TrainOptions::*>;

struct OptionField {
  const char* key;    // in config.json; --key on the command line, and --no-key if it is a bool
  const char* value;  // what --help calls the value; empty: not named
  const char* description;
  OptionMember member;
  Effect effect;
  const char* methods = "";  // to which it applies, with a space around each; empty: all
};

std::span<const OptionField> option_fields();
std::string option_name(const OptionField& field);  // --batch-size of batch_size
bool applies(const OptionField& field, const std::string& program);

// Fails with Exit::kUsage, naming option, value and rule. What the library would refuse anyway is
// refused here in the words of the command line.
void validate(const TrainOptions& options);

}  // namespace host
