// inspect.hpp - what a checkpoint holds, in numbers.
#pragma once

#include <string>

#include "host/failure.hpp"

namespace host {

// path: a safetensors file, or a run's directory, whose last checkpoint is then meant. Fails with
// Exit::kData if the file cannot be read or is damaged; kData too if values are not finite.
Exit inspect(const std::string& path, bool as_json);

}  // namespace host
