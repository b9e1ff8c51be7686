#include "host/train/checkpoint.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "host/data/bytes.hpp"
#include "host/failure.hpp"
#include "host/train/safetensors.hpp"

namespace host {
namespace {

constexpr const char* kMetadataKey = "sslcuda";
constexpr const char* kOptimizerPrefix = "optimizer.";
constexpr int64_t kFormat = 1;

Json state_json(const TrainingState& state) {
  Json json = {{"step", state.step},
               {"epoch", state.epoch},
               {"position", state.position},
               {"epoch_steps", state.epoch_steps},
               {"epoch_loss_sum", state.epoch_loss_sum},
               {"best_epoch", state.best_epoch}};
  if (state.best_epoch > 0) json["best_loss"] = state.best_loss;  // JSON has no infinity
  return json;
}

int64_t count_of(const Json& json, const char* key) {
  const auto value = json.at(key).get<int64_t>();
  if (value < 0) throw std::runtime_error(fmt::format("{} is {}", key, value));
  return value;
}

TrainingState state_of(const Json& json) {
  TrainingState state;
  state.step = count_of(json, "step");
  state.epoch = count_of(json, "epoch");
  state.position = count_of(json, "position");
  state.epoch_steps = count_of(json, "epoch_steps");
  state.epoch_loss_sum = json.at("epoch_loss_sum").get<double>();
  state.best_epoch = count_of(json, "best_epoch");
  if (state.best_epoch > 0) state.best_loss = json.at("best_loss").get<double>();
  return state;
}

Checkpoint parse(Safetensors file) {
  const auto text = file.metadata.find(kMetadataKey);
  if (text == file.metadata.end()) {
    throw std::runtime_error("it has parameters alone (start a new run from them with --init)");
  }
  const auto* bytes = reinterpret_cast<const uint8_t*>(text->second.data());
  const Json json = parse_json(std::span(bytes, text->second.size()));
  if (const auto format = json.at("format").get<int64_t>(); format != kFormat) {
    throw std::runtime_error(
        fmt::format("its format is {}, this version reads {}", format, kFormat));
  }
  return {std::move(file.tensors), state_of(json.at("state")), json.at("config")};
}

}  // namespace

std::string format_checkpoint(const Checkpoint& checkpoint) {
  const Json json = {
      {"format", kFormat}, {"state", state_json(checkpoint.state)}, {"config", checkpoint.config}};
  return format_safetensors({checkpoint.tensors, {{kMetadataKey, json.dump()}}});
}

Checkpoint parse_checkpoint(const std::string& name, std::span<const uint8_t> file) {
  Safetensors contents = parse_safetensors(name, file);
  try {
    return parse(std::move(contents));
  } catch (const std::exception& error) {
    std::string why = error.what();
    std::ranges::replace(why, '\n', ' ');
    throw Failure(Exit::kData, "{} is not a checkpoint of a run: {}; take another one", name, why);
  }
}

Checkpoint read_checkpoint(const std::filesystem::path& path) {
  return parse_checkpoint(path.string(), read_bytes(path));
}

std::optional<FoundCheckpoint> newest_checkpoint(const RunDirectory& directory) {
  std::vector<std::string> names = {RunDirectory::kLast};
  const std::vector<int64_t> epochs = directory.epoch_checkpoints();
  for (auto epoch = epochs.rbegin(); epoch != epochs.rend(); ++epoch) {
    names.push_back(RunDirectory::epoch_checkpoint(*epoch));
  }
  names.emplace_back(RunDirectory::kBest);
  std::vector<std::string> skipped;
  for (const std::string& name : names) {
    const std::filesystem::path path = directory.file(name);
    std::error_code error;
    if (!std::filesystem::exists(path, error)) continue;
    try {
      return FoundCheckpoint{read_checkpoint(path), path, skipped};
    } catch (const Failure& failure) {
      skipped.emplace_back(failure.what());
    }
  }
  if (!skipped.empty()) throw Failure(Exit::kData, "{}", skipped.front());
  return std::nullopt;
}

std::vector<Tensor> read_weights(const std::filesystem::path& path) {
  std::vector<Tensor> tensors = read_safetensors(path).tensors;
  std::erase_if(tensors,
                [](const Tensor& tensor) { return tensor.name.starts_with(kOptimizerPrefix); });
  return tensors;
}

}  // namespace host
