// sha256.hpp - the SHA-256 of FIPS 180-4, by which a run knows its data again.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace host {

// 64 hexadecimal digits.
std::string sha256_hex(std::span<const uint8_t> bytes);

}  // namespace host
