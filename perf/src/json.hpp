// json.hpp - JSON whose members keep the order in which they were added.
#pragma once

#include <nlohmann/json.hpp>

namespace sslcuda::perf {

using Json = nlohmann::ordered_json;

}  // namespace sslcuda::perf
