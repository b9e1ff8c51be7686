#include "host/data/idx.hpp"

#include "host/data/bytes.hpp"
#include "host/data/gzip.hpp"
#include "host/failure.hpp"

namespace host {
namespace {

constexpr uint8_t kUnsignedByte = 0x08;

[[noreturn]] void refuse(const std::string& name, const std::string& why) {
  throw Failure(Exit::kData, "{} is not usable: {}; get the file again", name, why);
}

uint32_t big_endian(const uint8_t* p) {
  return uint32_t{p[0]} << 24 | uint32_t{p[1]} << 16 | uint32_t{p[2]} << 8 | uint32_t{p[3]};
}

// Checks the header and returns the extents. `limit` is the most bytes that can follow it, which
// keeps a forged header from asking for memory that the file cannot fill.
std::vector<int64_t> parse_header(const std::string& name, std::span<const uint8_t> header,
                                  int rank, uint64_t limit) {
  if (header[0] != 0 || header[1] != 0 || header[2] != kUnsignedByte || header[3] != rank) {
    refuse(name, fmt::format("wrong magic number 0x{:08x}, expected 0x{:08x}",
                             big_endian(header.data()), kUnsignedByte << 8 | rank));
  }
  std::vector<int64_t> extents;
  uint64_t bytes = 1;
  for (size_t i = 4; i < header.size(); i += 4) {
    const uint32_t extent = big_endian(&header[i]);
    if (extent == 0) refuse(name, "it is empty");
    if (extent > limit / bytes) refuse(name, "truncated: its header announces more data");
    bytes *= extent;
    extents.push_back(extent);
  }
  return extents;
}

int64_t product(const std::vector<int64_t>& extents) {
  int64_t bytes = 1;
  for (int64_t extent : extents) bytes *= extent;
  return bytes;
}

Idx parse_gzip(const std::string& name, std::span<const uint8_t> file, int rank) try {
  GzipReader reader(file);
  std::vector<uint8_t> header(4 + 4 * static_cast<size_t>(rank));
  reader.read(header);
  Idx idx;
  idx.extents = parse_header(name, header, rank, file.size() * GzipReader::kMaxExpansion);
  idx.bytes.resize(static_cast<size_t>(product(idx.extents)));
  reader.read(idx.bytes);
  reader.finish();
  return idx;
} catch (const GzipError& error) {
  refuse(name, error.what());
}

Idx parse_plain(const std::string& name, std::span<const uint8_t> file, int rank) {
  const size_t header_bytes = 4 + 4 * static_cast<size_t>(rank);
  if (file.size() < header_bytes) refuse(name, "truncated: it is shorter than its header");
  const auto data = file.subspan(header_bytes);
  Idx idx;
  idx.extents = parse_header(name, file.first(header_bytes), rank, data.size());
  if (static_cast<uint64_t>(product(idx.extents)) != data.size()) {
    refuse(name, "more data than its header announces");
  }
  idx.bytes.assign(data.begin(), data.end());
  return idx;
}

}  // namespace

Idx parse_idx(const std::string& name, std::span<const uint8_t> file, int rank) {
  return name.ends_with(".gz") ? parse_gzip(name, file, rank) : parse_plain(name, file, rank);
}

Idx read_idx(const std::filesystem::path& path, int rank) {
  return parse_idx(path.string(), read_bytes(path), rank);
}

}  // namespace host
