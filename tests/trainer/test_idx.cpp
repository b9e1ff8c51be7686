// The IDX reader: what it gives, and that nothing damaged gets through.
#include <gtest/gtest.h>
#include <zlib.h>

#include <numeric>

#include "host/data/idx.hpp"
#include "host/failure.hpp"
#include "tests/trainer/damage.hpp"

namespace host {
namespace {

Bytes small_idx() {
  Bytes file = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4};
  for (uint8_t i = 0; i < 24; ++i) file.push_back(static_cast<uint8_t>(11 * i));
  return file;
}

Bytes gzip(const Bytes& data) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 9, Z_DEFAULT_STRATEGY);
  Bytes out(deflateBound(&stream, data.size()));
  stream.next_in = const_cast<Bytef*>(data.data());
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = out.data();
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

Bytes joined(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

void expect_small_idx(const Idx& idx) {
  EXPECT_EQ(idx.extents, (std::vector<int64_t>{2, 3, 4}));
  const Bytes file = small_idx();
  EXPECT_EQ(idx.bytes, Bytes(file.begin() + 16, file.end()));
}

void expect_refused(const std::string& name, const Bytes& file, int rank, const char* why) {
  try {
    parse_idx(name, file, rank);
    FAIL() << "accepted, expected: " << why;
  } catch (const Failure& failure) {
    EXPECT_EQ(failure.code(), Exit::kData);
    EXPECT_NE(std::string(failure.what()).find(why), std::string::npos) << failure.what();
    EXPECT_NE(std::string(failure.what()).find(name), std::string::npos) << failure.what();
  }
}

TEST(Idx, ReadsPlainAndGzip) {
  expect_small_idx(parse_idx("plain", small_idx(), 3));
  expect_small_idx(parse_idx("small.gz", gzip(small_idx()), 3));
}

TEST(Idx, ReadsConcatenatedMembers) {
  const Bytes file = small_idx();
  for (size_t cut = 0; cut <= file.size(); ++cut) {
    const auto middle = file.begin() + static_cast<std::ptrdiff_t>(cut);
    const Bytes members = joined(gzip({file.begin(), middle}), gzip({middle, file.end()}));
    expect_small_idx(parse_idx("members.gz", members, 3));
  }
}

TEST(Idx, RefusesWrongHeaders) {
  expect_refused("plain", small_idx(), 1, "wrong magic number 0x00000803, expected 0x00000801");
  Bytes floats = small_idx();
  floats[2] = 0x0d;
  expect_refused("plain", floats, 3, "wrong magic number");
  Bytes empty = small_idx();
  empty[7] = 0;
  expect_refused("plain", empty, 3, "empty");
}

TEST(Idx, RefusesMoreOrLessDataThanAnnounced) {
  expect_refused("plain", joined(small_idx(), {0}), 3, "more data");
  expect_refused("long.gz", gzip(joined(small_idx(), {0})), 3, "more data");
  expect_refused("junk.gz", joined(gzip(small_idx()), {0}), 3, "gzip");
  expect_refused("junk.gz", joined(gzip(small_idx()), gzip({1})), 3, "more data");
  expect_refused("plain.gz", small_idx(), 3, "not a gzip file");
}

TEST(Idx, RefusesForgedExtentsWithoutAllocating) {
  Bytes file = small_idx();
  for (size_t i = 4; i < 16; ++i) file[i] = 0xff;  // 2^96 bytes
  expect_refused("plain", file, 3, "truncated");
  expect_refused("bomb.gz", gzip(file), 3, "truncated");
}

TEST(Idx, RefusesEveryPrefix) {
  for_each_prefix(small_idx(), [](const Bytes& prefix) {
    EXPECT_THROW(parse_idx("plain", prefix, 3), Failure) << prefix.size();
  });
  for_each_prefix(gzip(small_idx()), [](const Bytes& prefix) {
    EXPECT_THROW(parse_idx("small.gz", prefix, 3), Failure) << prefix.size();
  });
}

// A turned bit in the gzip header may mean nothing; then the result must be the same.
TEST(Idx, RefusesEveryBitFlipOrReadsTheSame) {
  int accepted = 0;
  const Bytes file = gzip(small_idx());
  for_each_bit_flip(file, [&](const Bytes& damaged, size_t bit) {
    SCOPED_TRACE(bit);
    try {
      expect_small_idx(parse_idx("small.gz", damaged, 3));
      ++accepted;
    } catch (const Failure& failure) {
      EXPECT_EQ(failure.code(), Exit::kData);
    }
  });
  constexpr int kHeaderBits = 8 * 7;  // time, flags, system
  EXPECT_LE(accepted, kHeaderBits);
}

TEST(Idx, NamesAMissingFile) {
  EXPECT_THROW(read_idx("/nonexistent/train-images-idx3-ubyte.gz", 3), Failure);
}

}  // namespace
}  // namespace host
