#include "host/eval/npy.hpp"

#include <fmt/format.h>

#include <bit>

namespace host {
namespace {

static_assert(std::endian::native == std::endian::little);

std::string format_array(const char* type, const void* data, size_t bytes,
                         const std::vector<int64_t>& shape) {
  std::string extents;
  for (const int64_t extent : shape) extents += fmt::format("{}, ", extent);
  std::string header =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", type, extents);
  // Magic, version and length take 10 bytes; a line break ends the header, on a multiple of 64.
  constexpr size_t kStart = 10, kAlignment = 64;
  header.resize((kStart + header.size() + kAlignment) / kAlignment * kAlignment - kStart - 1, ' ');
  header += '\n';
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(header.size() & 0xff);
  file += static_cast<char>(header.size() >> 8);
  file += header;
  file.append(static_cast<const char*>(data), bytes);
  return file;
}

}  // namespace

std::string format_npy(std::span<const float> values, const std::vector<int64_t>& shape) {
  return format_array("<f4", values.data(), values.size_bytes(), shape);
}

std::string format_npy(std::span<const uint8_t> values, const std::vector<int64_t>& shape) {
  return format_array("|u1", values.data(), values.size_bytes(), shape);
}

}  // namespace host
