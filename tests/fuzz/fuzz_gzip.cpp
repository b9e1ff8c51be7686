// fuzz_gzip.cpp - the reader of gzip files. The first two bytes say how much it is asked for; with
// other pieces the result is the same, and it is that of zlib by itself.
#include <zlib.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "host/data/gzip.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/fuzz/violated.hpp"

namespace {

using Bytes = std::vector<uint8_t>;

std::optional<Bytes> read(std::span<const uint8_t> file, size_t wanted, size_t piece) {
  try {
    host::GzipReader reader(file);
    Bytes bytes(wanted);
    for (size_t at = 0; at < wanted; at += piece) {
      reader.read(std::span(bytes).subspan(at, std::min(piece, wanted - at)));
    }
    reader.finish();
    return bytes;
  } catch (const host::GzipError&) {
    return std::nullopt;
  }
}

// Of the first member alone.
std::optional<Bytes> by_zlib(std::span<const uint8_t> file, size_t most) {
  z_stream stream{};
  if (inflateInit2(&stream, MAX_WBITS + 16) != Z_OK) fuzz::violated("zlib does not start");
  Bytes bytes(most);
  stream.next_in = const_cast<Bytef*>(file.data());
  stream.avail_in = static_cast<uInt>(file.size());
  stream.next_out = bytes.data();
  stream.avail_out = static_cast<uInt>(most);
  const int result = inflate(&stream, Z_FINISH);
  const bool whole = result == Z_STREAM_END && stream.avail_in == 0;
  bytes.resize(most - stream.avail_out);
  inflateEnd(&stream);
  return whole ? std::optional(bytes) : std::nullopt;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const size_t wanted = input.raw<uint16_t>();
  const auto file = input.rest();
  const auto whole = read(file, wanted, std::max<size_t>(wanted, 1));
  if (whole != read(file, wanted, 7)) fuzz::violated("pieces differ from the whole");
  // One byte more or less than there is must be refused.
  if (whole && (read(file, wanted + 1, wanted + 1) || (wanted > 0 && read(file, wanted - 1, 64)))) {
    fuzz::violated("another size was taken");
  }
  const auto expected = by_zlib(file, 1 << 16);
  if (expected && expected->size() == wanted && whole != expected) {
    fuzz::violated("zlib reads something else");
  }
  return 0;
}
