// Event files for TensorBoard: the checksum against published values, the bytes of records, the
// order of names. test_tensorboard.py reads a run's file, with TensorBoard itself where it is
// there.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <set>
#include <sstream>

#include "host/failure.hpp"
#include "host/report/tensorboard.hpp"

namespace fs = std::filesystem;

namespace {

class TensorBoard : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = fs::temp_directory_path() / ("sslcuda-events-" + std::to_string(getpid()));
    fs::create_directory(directory_);
  }
  void TearDown() override { fs::remove_all(directory_); }

  std::set<fs::path> files() const {
    std::set<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(directory_)) paths.insert(entry.path());
    return paths;
  }

  // The Events of the only file, its framing and checksums checked.
  std::vector<std::string> events() const {
    std::ifstream file(*files().begin(), std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    std::string bytes = text.str();
    std::vector<std::string> result;
    while (!bytes.empty()) {
      uint64_t length = 0;
      std::memcpy(&length, bytes.data(), sizeof length);
      EXPECT_EQ(crc_at(bytes, 8), masked(bytes.substr(0, 8)));
      result.push_back(bytes.substr(12, length));
      EXPECT_EQ(crc_at(bytes, 12 + length), masked(result.back()));
      bytes.erase(0, 16 + length);
    }
    return result;
  }

  static uint32_t crc_at(const std::string& bytes, size_t position) {
    uint32_t crc = 0;
    std::memcpy(&crc, bytes.data() + position, sizeof crc);
    return crc;
  }
  static uint32_t masked(const std::string& bytes) {
    const uint32_t crc = host::crc32c(bytes);
    return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
  }

  // Without the first field, the time.
  static std::string after_time(const std::string& event) {
    EXPECT_EQ(event.front(), '\x09');  // field 1, 64 bits
    return event.substr(9);
  }

  fs::path directory_;
};

TEST(Crc32c, KnownValues) {
  std::string ascending(32, '\0'), descending(32, '\0');
  std::iota(ascending.begin(), ascending.end(), '\0');
  std::iota(descending.rbegin(), descending.rend(), '\0');
  EXPECT_EQ(host::crc32c(""), 0u);
  EXPECT_EQ(host::crc32c("123456789"), 0xe3069283u);
  // RFC 3720, appendix B.4.
  EXPECT_EQ(host::crc32c(std::string(32, '\0')), 0x8a9136aau);
  EXPECT_EQ(host::crc32c(std::string(32, '\xff')), 0x62a8ab43u);
  EXPECT_EQ(host::crc32c(ascending), 0x46dd794eu);
  EXPECT_EQ(host::crc32c(descending), 0x113fdb5cu);
}

TEST_F(TensorBoard, WritesRecords) {
  using namespace std::string_literals;
  {
    host::TensorBoardFile file(directory_, 1);
    file.scalar(300, "a/b", 1.0);
  }
  const std::vector<std::string> all = events();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(after_time(all[0]), "\x10\x00\x1a\x0d"s + "brain.Event:2");
  // step 300, a summary of 12 bytes, a value of 10: tag "a/b", float 1
  EXPECT_EQ(after_time(all[2]),
            "\x10\xac\x02\x2a\x0c\x0a\x0a\x0a\x03"s + "a/b" + "\x15\x00\x00\x80\x3f"s);
}

TEST_F(TensorBoard, ResumingVoidsLaterSteps) {
  using namespace std::string_literals;
  { host::TensorBoardFile file(directory_, 6); }
  const std::vector<std::string> all = events();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(after_time(all[1]), "\x10\x06\x3a\x02\x08\x01"s);  // step 6, a log with status START
}

TEST_F(TensorBoard, NamesAreInOrderOfTheirMaking) {
  std::vector<fs::path> made;
  for (int i = 0; i < 3; ++i) {
    host::TensorBoardFile file(directory_, 1);
    for (const fs::path& path : files()) {
      if (std::find(made.begin(), made.end(), path) == made.end()) made.push_back(path);
    }
  }
  ASSERT_EQ(made.size(), 3u);
  EXPECT_TRUE(std::is_sorted(made.begin(), made.end()));
  for (const fs::path& path : made) {
    EXPECT_TRUE(path.filename().string().starts_with(host::TensorBoardFile::kPrefix));
  }
}

TEST_F(TensorBoard, RefusesAMissingDirectory) {
  try {
    host::TensorBoardFile file(directory_ / "missing", 1);
    FAIL();
  } catch (const host::Failure& failure) {
    EXPECT_EQ(failure.code(), host::Exit::kOutput);
    EXPECT_NE(std::string(failure.what()).find("missing/events.out"), std::string::npos);
  }
}

TEST_F(TensorBoard, SaysWhenTheDiskIsFull) {
  host::TensorBoardFile file(directory_, 1);
  // A limit on the size of files stands for the disk's end.
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit limit{64, before.rlim_max};
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &limit);
  std::string message;
  try {
    file.scalar(1, "loss", 1);
    file.flush();
  } catch (const host::Failure& failure) {
    EXPECT_EQ(failure.code(), host::Exit::kOutput);
    message = failure.what();
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_NE(message.find("free some space"), std::string::npos) << message;
}

}  // namespace
