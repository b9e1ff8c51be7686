// json.hpp - JSON as the trainer reads and writes it: keys keep their order; a key twice in one
// object is an error, and so are more than 64 levels.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>

namespace host {

using Json = nlohmann::ordered_json;

// Throws std::exception.
Json parse_json(std::span<const uint8_t> text);

// Fails with Exit::kData, naming the file.
Json read_json(const std::filesystem::path& path);

// As files hold it: indented, with a line break at the end.
std::string format_json(const Json& json);

}  // namespace host
