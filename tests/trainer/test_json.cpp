// test_json.cpp - JSON that is meant to exhaust the stack is refused like any other mistake.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "host/failure.hpp"
#include "host/train/json.hpp"
#include "host/train/safetensors.hpp"

namespace host {
namespace {

std::span<const uint8_t> bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string nested(size_t levels) { return std::string(levels, '[') + std::string(levels, ']'); }

TEST(Json, DeepNestingIsRefused) {
  EXPECT_EQ(parse_json(bytes(nested(64))).dump(), nested(64));
  for (const size_t levels : {66u, 1000u, 1000000u}) {
    EXPECT_ANY_THROW(parse_json(bytes(nested(levels)))) << levels;
    EXPECT_ANY_THROW(parse_json(bytes("{\"a\":" + nested(levels) + "}"))) << levels;
  }
}

TEST(Json, DeepHeadersAreRefused) {
  const std::string header =
      "{\"a\":{\"dtype\":\"F32\",\"shape\":" + nested(500000) + ",\"data_offsets\":[0,4]}}";
  const uint64_t length = header.size();
  std::string file(sizeof length, ' ');
  std::memcpy(file.data(), &length, sizeof length);
  EXPECT_THROW(parse_safetensors("deep", bytes(file + header)), Failure);
}

}  // namespace
}  // namespace host
