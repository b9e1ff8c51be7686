// tensorboard.hpp - scalars as an event file, which TensorBoard draws while a run goes on. The
// format is a row of records
//   u64 length | u32 masked CRC of the length | protobuf Event | u32 masked CRC of the Event
// and needs so little of protobuf that it is encoded here by hand.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "host/train/file.hpp"

namespace host {

// The polynomial of Castagnoli, as in RFC 3720.
uint32_t crc32c(std::string_view bytes);

class TensorBoardFile {
 public:
  // By this TensorBoard finds the files in a directory; it reads them in the order of their names.
  static constexpr const char* kPrefix = "events.out.tfevents.";

  // Makes a file in `directory` whose name comes after those of earlier ones. What these have from
  // `first_step` on is void: a run that was killed may have logged steps that its resumption takes
  // again. Fails with Exit::kOutput, as scalar() and flush() do.
  TensorBoardFile(const std::filesystem::path& directory, int64_t first_step);

  // tag: such as "train/loss"; TensorBoard groups tags by what stands before the slash.
  void scalar(int64_t step, std::string_view tag, double value);
  void flush() { file_.flush(); }

 private:
  void add(std::string_view event);

  GrowingFile file_;
};

}  // namespace host
