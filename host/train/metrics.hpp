// metrics.hpp - metrics.jsonl: {"step":1,"epoch":1,"loss":2.30258512}, one line per logged step.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>

namespace host {

class MetricsFile {
 public:
  // Fails with Exit::kOutput, as add() and flush() do.
  explicit MetricsFile(std::filesystem::path path);

  void add(int64_t step, int64_t epoch, float loss);
  void flush();

 private:
  [[noreturn]] void fail() const;

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

}  // namespace host
