#include "host/train/metrics.hpp"

#include <cerrno>
#include <cstring>

#include "host/failure.hpp"

namespace host {

MetricsFile::MetricsFile(std::filesystem::path path)
    : path_(std::move(path)), file_(std::fopen(path_.c_str(), "wx"), &std::fclose) {
  if (!file_) fail();
}

void MetricsFile::fail() const {
  throw Failure(Exit::kOutput, "cannot write {}: {}; free some space or choose another --out",
                path_.string(), std::strerror(errno));
}

void MetricsFile::add(int64_t step, int64_t epoch, float loss) {
  // fmt, unlike printf, writes a point in every locale.
  const std::string line =
      fmt::format("{{\"step\":{},\"epoch\":{},\"loss\":{:.9g}}}\n", step, epoch, loss);
  if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size()) fail();
}

void MetricsFile::flush() {
  if (std::fflush(file_.get()) != 0) fail();
}

}  // namespace host
