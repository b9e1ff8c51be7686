#include "host/train/resolved.hpp"

#include <fmt/format.h>

#include "host/data/bytes.hpp"
#include "host/data/sha256.hpp"

namespace host {
namespace {

constexpr const char* kDataFiles = "data_sha256";

}  // namespace

Json resolved_json(Session& session, const Schedule& schedule) {
  Json files = Json::object();
  for (const auto& path : session.data.files) {
    files[path.filename().string()] = sha256_hex(read_bytes(path));
  }
  int64_t parameters = 0;
  for (const Parameter& parameter : session.program->parameters().all()) {
    parameters += parameter.value.size();
  }
  return {{"library", sslcuda_build_info()},
          {"device", session.context.describe()},
          {"train_images", session.data.train.count},
          {"test_images", session.data.test.count},
          {"height", session.data.train.h},
          {"width", session.data.train.w},
          {"batch_size", schedule.batch},
          {"steps_per_epoch", schedule.steps_per_epoch},
          {"steps", schedule.steps},
          {"parameters", parameters},
          {kDataFiles, files}};
}

std::string data_difference(const Json& before, const Json& now) {
  const Json ours = before.value(kDataFiles, Json::object());
  for (const auto& [name, hash] : now.at(kDataFiles).items()) {
    const auto known = ours.find(name);
    // Labels are read by runs with an evaluation alone.
    const bool may_miss = name.find("labels") != std::string::npos;
    if (known == ours.end() ? !may_miss && !ours.empty() : *known != hash) {
      return fmt::format("{} has the SHA-256 {}, not {}", name, hash.dump(),
                         known == ours.end() ? "one of the run's files" : known->dump());
    }
  }
  return {};
}

}  // namespace host
