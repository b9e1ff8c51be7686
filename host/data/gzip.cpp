#include "host/data/gzip.hpp"

#include <algorithm>
#include <limits>
#include <new>

namespace host {
namespace {

constexpr size_t kMaxChunk = std::numeric_limits<uInt>::max();

}  // namespace

GzipReader::GzipReader(std::span<const uint8_t> file) : unfed_(file) {
  if (file.size() < 2 || file[0] != 0x1f || file[1] != 0x8b) throw GzipError("not a gzip file");
  constexpr int kGzipOnly = 16;
  if (inflateInit2(&stream_, MAX_WBITS + kGzipOnly) != Z_OK) throw std::bad_alloc();
}

void GzipReader::feed() {
  if (stream_.avail_in > 0) return;
  const size_t bytes = std::min(unfed_.size(), kMaxChunk);
  stream_.next_in = const_cast<Bytef*>(unfed_.data());
  stream_.avail_in = static_cast<uInt>(bytes);
  unfed_ = unfed_.subspan(bytes);
}

size_t GzipReader::inflate_some(std::span<uint8_t> out) {
  feed();
  if (!in_member_) {
    inflateReset(&stream_);
    in_member_ = true;
  }
  const size_t wanted = std::min(out.size(), kMaxChunk);
  stream_.next_out = out.data();
  stream_.avail_out = static_cast<uInt>(wanted);
  const uInt before_in = stream_.avail_in;
  const int result = inflate(&stream_, Z_NO_FLUSH);
  const size_t got = wanted - stream_.avail_out;
  if (result == Z_STREAM_END) {
    in_member_ = false;
  } else if (result == Z_MEM_ERROR) {
    throw std::bad_alloc();
  } else if (result != Z_OK && result != Z_BUF_ERROR) {
    throw GzipError("damaged gzip data");
  } else if (got == 0 && stream_.avail_in == before_in) {
    throw GzipError("truncated gzip file");
  }
  return got;
}

void GzipReader::read(std::span<uint8_t> out) {
  while (!out.empty()) {
    if (!in_member_ && stream_.avail_in == 0 && unfed_.empty()) {
      throw GzipError("truncated: the data ends too early");
    }
    out = out.subspan(inflate_some(out));
  }
}

void GzipReader::finish() {
  uint8_t extra = 0;
  while (in_member_ || stream_.avail_in > 0 || !unfed_.empty()) {
    if (inflate_some({&extra, 1}) != 0) throw GzipError("more data than its header announces");
  }
}

}  // namespace host
