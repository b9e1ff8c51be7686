#include "host/report/tensorboard.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <chrono>
#include <string>

namespace host {
namespace {

namespace fs = std::filesystem;

static_assert(std::endian::native == std::endian::little, "numbers are written as they are");

constexpr std::array<uint32_t, 256> crc_table() {
  constexpr uint32_t kReversedPolynomial = 0x82f63b78;
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) {
      crc = crc & 1 ? (crc >> 1) ^ kReversedPolynomial : crc >> 1;
    }
    table[i] = crc;
  }
  return table;
}

// The CRC of bytes that contain CRCs is weak, so TFRecord stores it changed.
uint32_t masked_crc(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xa282ead8u; }

template <class T>
void append_bytes(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// How protobuf stores a field, told in the low bits of its key.
enum Wire { kVarint = 0, kFixed64 = 1, kLengthDelimited = 2, kFixed32 = 5 };

void append_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

void append_key(std::string& out, uint32_t field, Wire wire) {
  append_varint(out, field << 3 | wire);
}

void append_varint_field(std::string& out, uint32_t field, int64_t value) {
  append_key(out, field, kVarint);
  append_varint(out, static_cast<uint64_t>(value));
}

// A string or a message in a message.
void append_field(std::string& out, uint32_t field, std::string_view bytes) {
  append_key(out, field, kLengthDelimited);
  append_varint(out, bytes.size());
  out += bytes;
}

// Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5;
//         SessionLog session_log = 7 }
constexpr uint32_t kFileVersion = 3, kSummary = 5, kSessionLog = 7;

std::string event(int64_t step, uint32_t field, std::string_view content) {
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  std::string out;
  append_key(out, 1, kFixed64);
  append_bytes(out, now.count());
  append_varint_field(out, 2, step);
  append_field(out, field, content);
  return out;
}

// Summary { repeated Value value = 1 },  Value { string tag = 1; float simple_value = 2 }
std::string scalar_summary(std::string_view tag, float value) {
  std::string entry, summary;
  append_field(entry, 1, tag);
  append_key(entry, 2, kFixed32);
  append_bytes(entry, value);
  append_field(summary, 1, entry);
  return summary;
}

// SessionLog { SessionStatus status = 1 },  START = 1
std::string session_start() {
  std::string log;
  append_varint_field(log, 1, 1);
  return log;
}

// The second since 1970 that is in the name of an event file; 0 for other files.
int64_t second_of(const std::string& name) {
  const std::string_view prefix = TensorBoardFile::kPrefix;
  int64_t second = 0;
  if (name.starts_with(prefix)) {
    std::from_chars(name.data() + prefix.size(), name.data() + name.size(), second);
  }
  return second;
}

fs::path new_name(const fs::path& directory) {
  using std::chrono::system_clock;
  int64_t second = system_clock::to_time_t(system_clock::now());
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
    second = std::max(second, second_of(entry.path().filename().string()) + 1);
  }
  return directory / fmt::format("{}{:010}.sslcuda", TensorBoardFile::kPrefix, second);
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  static constexpr std::array<uint32_t, 256> kTable = crc_table();
  uint32_t crc = ~0u;
  for (const char byte : bytes) {
    crc = kTable[(crc ^ static_cast<uint8_t>(byte)) & 0xff] ^ crc >> 8;
  }
  return ~crc;
}

TensorBoardFile::TensorBoardFile(const fs::path& directory, int64_t first_step)
    : file_(new_name(directory), "wbx") {
  add(event(0, kFileVersion, "brain.Event:2"));
  add(event(first_step, kSessionLog, session_start()));
  flush();
}

void TensorBoardFile::scalar(int64_t step, std::string_view tag, double value) {
  add(event(step, kSummary, scalar_summary(tag, static_cast<float>(value))));
}

void TensorBoardFile::add(std::string_view event_bytes) {
  std::string record;
  append_bytes(record, uint64_t{event_bytes.size()});
  append_bytes(record, masked_crc(record));
  record += event_bytes;
  append_bytes(record, masked_crc(event_bytes));
  file_.write(record);
}

}  // namespace host
