#include "host/train/open_run.hpp"

#include "host/abi/device.hpp"
#include "host/failure.hpp"
#include "host/train/checkpoint.hpp"
#include "host/train/config.hpp"

namespace host {
namespace {

namespace fs = std::filesystem;

TrainOptions options_of(const RunChoice& choice) {
  const RunDirectory directory(choice.run, RunDirectory::Use::kExisting);
  const fs::path config = directory.file(RunDirectory::kConfig);
  TrainOptions options = options_of_config(read_json(config), config.string());
  options.out = choice.run;
  options.verbose = choice.verbose;
  if (!choice.data.empty()) options.data = choice.data;
  if (!choice.device.empty()) options.device = choice.device;
  if (choice.threads > 0) options.threads = choice.threads;
  if (choice.batch > 0) options.batch_size = choice.batch;
  validate(options);
  return options;
}

}  // namespace

fs::path checkpoint_path(const fs::path& run, const std::string& name) {
  const bool of_the_run = name == "last" || name == "best" || name.starts_with("epoch-");
  if (!of_the_run) return name;
  return run / RunDirectory::kCheckpoints / (name + ".safetensors");
}

OpenRun::OpenRun(const RunChoice& choice)
    : Session(options_of(choice), choice.labels),
      directory(choice.run, RunDirectory::Use::kExisting),
      checkpoint(checkpoint_path(choice.run, choice.checkpoint)) {
  program->parameters().upload(read_weights(checkpoint), checkpoint.string());
}

}  // namespace host
