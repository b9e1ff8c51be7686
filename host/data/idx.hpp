// idx.hpp - reader of the IDX files that MNIST and its relatives come in, plain or gzipped:
//   00 00 08 <rank>, one big-endian uint32 per extent, then the bytes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace host {

struct Idx {
  std::vector<int64_t> extents;
  std::vector<uint8_t> bytes;  // the product of the extents
};

// Every failure is a Failure with Exit::kData that names the file. A name that ends in .gz must be
// a gzip file.
Idx parse_idx(const std::string& name, std::span<const uint8_t> file, int rank);
Idx read_idx(const std::filesystem::path& path, int rank);

}  // namespace host
