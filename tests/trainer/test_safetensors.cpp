// The safetensors reader and writer: round trips, files of other writers, and damage.
#include <gtest/gtest.h>

#include "host/failure.hpp"
#include "host/train/safetensors.hpp"
#include "tests/trainer/damage.hpp"

namespace host {
namespace {

Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

std::vector<Tensor> small_tensors() {
  return {{"fc.weight", {2, 3}, {1, -2, 3.5f, 0, 1e-30f, 6}}, {"fc.bias", {2}, {0.25f, -1}}};
}

void expect_equal(const std::vector<Tensor>& got, const std::vector<Tensor>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].name, expected[i].name);
    EXPECT_EQ(got[i].shape, expected[i].shape);
    EXPECT_EQ(got[i].values, expected[i].values);
  }
}

// A file with the given header and so many bytes of data.
Bytes with_header(const std::string& header, size_t data_bytes) {
  Bytes file;
  for (size_t i = 0; i < 8; ++i) file.push_back(static_cast<uint8_t>(header.size() >> 8 * i));
  for (char c : header) file.push_back(static_cast<uint8_t>(c));
  file.resize(file.size() + data_bytes);
  return file;
}

void expect_refused(const Bytes& file, const char* why) {
  try {
    parse_safetensors("file", file);
    FAIL() << "accepted, expected: " << why;
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), Exit::kData);
    EXPECT_NE(std::string(failure.what()).find(why), std::string::npos) << failure.what();
  }
}

TEST(Safetensors, ReadsWhatItWrites) {
  expect_equal(
      parse_safetensors("file", bytes_of(format_safetensors({small_tensors(), {}}))).tensors,
      small_tensors());
}

TEST(Safetensors, ReadsFilesOfOtherWriters) {
  const auto tensors =
      parse_safetensors(
          "file", with_header(R"({"__metadata__":{"format":"pt"},)"
                              R"("b":{"dtype":"F32","shape":[],"data_offsets":[8,12]},)"
                              R"("a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},)"
                              R"("none":{"dtype":"F32","shape":[0,5],"data_offsets":[12,12]}}  )",
                              12))
          .tensors;
  expect_equal(tensors, {{"a", {1, 2}, {0, 0}}, {"b", {}, {0}}, {"none", {0, 5}, {}}});
}

TEST(Safetensors, RefusesHeadersThatLie) {
  const auto entry = [](const char* fields) { return "{\"a\":{" + std::string(fields) + "}}"; };
  const std::string shape2 = R"("dtype":"F32","shape":[2],)";
  expect_refused(with_header("[]", 0), "not an object");
  expect_refused(with_header("{", 0), "parse error");
  expect_refused(with_header(std::string(2 << 20, ' '), 0), "over 1 MiB");
  expect_refused(with_header(entry(R"("dtype":"F16","shape":[2],"data_offsets":[0,4])"), 4),
                 "only F32");
  expect_refused(with_header(entry((shape2 + R"("data_offsets":[0,4])").c_str()), 4),
                 "does not fit");
  expect_refused(with_header(entry((shape2 + R"("data_offsets":[0,8])").c_str()), 4),
                 "does not fit");
  expect_refused(with_header(entry((shape2 + R"("data_offsets":[8,0])").c_str()), 8),
                 "does not fit");
  expect_refused(with_header(entry((shape2 + R"("data_offsets":[4,12])").c_str()), 12), "holes");
  expect_refused(with_header(entry((shape2 + R"("data_offsets":[0,8])").c_str()), 9), "behind");
  expect_refused(with_header(entry((shape2 + R"("data_offsets":[0,8],"x":1)").c_str()), 8),
                 "unknown fields");
  expect_refused(with_header(entry(R"("dtype":"F32","shape":[-2],"data_offsets":[0,8])"), 8),
                 "counts");
  expect_refused(
      with_header(entry(R"("dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0])"),
                  0),
      "overflows");
}

TEST(Safetensors, RefusesNamesTwiceAndOverlaps) {
  const std::string a = R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  const std::string b = R"("b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  expect_refused(with_header("{" + a + "," + a + "}", 4), "twice");
  expect_refused(with_header("{" + a + "," + b + "}", 4), "overlap");
}

TEST(Safetensors, RefusesEveryPrefix) {
  for_each_prefix(bytes_of(format_safetensors({small_tensors(), {}})), [](const Bytes& prefix) {
    EXPECT_THROW(parse_safetensors("file", prefix), Failure) << prefix.size();
  });
}

// Only a flip that takes the checksum's own name away can be accepted; the tensors are the same.
TEST(Safetensors, RefusesEveryBitFlipOrReadsTheSame) {
  const Bytes file = bytes_of(format_safetensors({small_tensors(), {}}));
  for_each_bit_flip(file, [&](const Bytes& damaged, size_t bit) {
    SCOPED_TRACE(bit);
    try {
      expect_equal(parse_safetensors("file", damaged).tensors, small_tensors());
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), Exit::kData);
    }
  });
}

}  // namespace
}  // namespace host
