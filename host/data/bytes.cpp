#include "host/data/bytes.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "host/failure.hpp"

namespace host {

std::vector<uint8_t> read_bytes(const std::filesystem::path& path) {
  std::error_code error;
  const uintmax_t size = std::filesystem::file_size(path, error);
  if (error) {
    throw Failure(Exit::kData, "cannot read {}: {}; check the path", path.string(),
                  error.message());
  }
  std::vector<uint8_t> bytes(size);
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size))) {
    throw Failure(Exit::kData, "cannot read {}: {}; check its permissions", path.string(),
                  std::strerror(errno));
  }
  return bytes;
}

}  // namespace host
