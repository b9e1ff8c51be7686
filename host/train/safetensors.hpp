// safetensors.hpp - float32 tensors in the safetensors format:
//   u64 length of the header, little-endian | JSON header | the tensors' bytes
// What we write carries a checksum in __metadata__, which other readers ignore. It covers the
// tensors and the rest of the metadata.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "host/model/parameters.hpp"

namespace host {

struct Safetensors {
  std::vector<Tensor> tensors;
  std::map<std::string, std::string> metadata;
  bool checked = false;  // when read: by a checksum in the file
};

// The order of the tensors is kept.
std::string format_safetensors(const Safetensors& contents);

// Tensors in the order of their data. Refused with Exit::kData: headers over 1 MiB, names twice,
// types other than F32, sizes that overflow or disagree, overlaps, holes, a wrong checksum.
Safetensors parse_safetensors(const std::string& name, std::span<const uint8_t> file);

Safetensors read_safetensors(const std::filesystem::path& path);

}  // namespace host
