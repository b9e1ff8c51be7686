// gzip.hpp - exact reading of a gzip file in memory: the caller says how many bytes to take, and
// finish() refuses anything more. Unlike gzread, junk behind the data is an error, and nothing is
// ever inflated into memory that the caller did not ask for.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <span>
#include <stdexcept>

namespace host {

class GzipError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class GzipReader {
 public:
  // DEFLATE cannot expand by more than this.
  static constexpr uint64_t kMaxExpansion = 1032;

  explicit GzipReader(std::span<const uint8_t> file);
  ~GzipReader() { inflateEnd(&stream_); }
  GzipReader(const GzipReader&) = delete;
  GzipReader& operator=(const GzipReader&) = delete;

  // Fills `out`, going on into following members of a concatenated file.
  void read(std::span<uint8_t> out);
  // Checks that the data, its checksums and the file end here.
  void finish();

 private:
  size_t inflate_some(std::span<uint8_t> out);
  void feed();

  z_stream stream_{};
  std::span<const uint8_t> unfed_;
  bool in_member_ = true;
};

}  // namespace host
