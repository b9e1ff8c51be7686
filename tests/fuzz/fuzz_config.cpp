// fuzz_config.cpp - the reader of a run's configuration. What it takes is a complete configuration
// that is read as itself, in every result-changing option too.
#include <stdexcept>

#include "host/train/config.hpp"
#include "tests/fuzz/parse.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  host::Json json;
  try {
    json = host::parse_json({data, size});
  } catch (const std::exception&) {  // read_json() makes a Failure of it
    return 0;
  }
  const auto options = fuzz::parsed(host::Exit::kUsage,
                                    [&] { return host::options_of_config(json, "config.json"); });
  if (!options) return 0;
  const host::Json written = host::config_json(*options);
  const host::TrainOptions again = host::options_of_config(written, "again");
  if (host::config_json(again) != written) fuzz::violated("a configuration changed on the way");
  host::check_continues(again, {"seed", "lr", "epochs"}, *options);
  return 0;
}
