#include "host/cli/inspect.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <span>
#include <vector>

#include "host/report/table.hpp"
#include "host/report/words.hpp"
#include "host/train/json.hpp"
#include "host/train/run_directory.hpp"
#include "host/train/safetensors.hpp"

namespace host {
namespace {

namespace fs = std::filesystem;

constexpr const char* kOptimizerPrefix = "optimizer.";

// Of the finite values; all zero where there are none.
struct Statistics {
  double min = 0, mean = 0, max = 0, std = 0;
  int64_t not_finite = 0;
};

Statistics statistics(std::span<const float> values) {
  Statistics result;
  int64_t count = 0;
  double sum = 0, squares = 0;
  for (const float value : values) {
    if (!std::isfinite(value)) continue;
    result.min = count == 0 ? value : std::min<double>(result.min, value);
    result.max = count == 0 ? value : std::max<double>(result.max, value);
    sum += value;
    ++count;
  }
  result.not_finite = static_cast<int64_t>(values.size()) - count;
  if (count == 0) return result;
  result.mean = sum / static_cast<double>(count);
  for (const float value : values) {
    if (std::isfinite(value)) squares += (value - result.mean) * (value - result.mean);
  }
  result.std = std::sqrt(squares / static_cast<double>(count));
  return result;
}

// Our own metadata is JSON in a string; that of others is any string.
Json metadata_value(const std::string& text) {
  try {
    const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
    const Json json = parse_json(std::span(bytes, text.size()));
    if (json.is_structured()) return json;
  } catch (const std::exception&) {
  }
  return text;
}

class Inspection {
 public:
  explicit Inspection(const fs::path& path);

  Json json() const;
  void print() const;
  bool finite() const { return not_finite_ == 0; }

 private:
  struct Row {
    const Tensor* tensor;
    Statistics statistics;
  };

  static Json json_of(const std::vector<Row>& rows);
  static int64_t count(const std::vector<Row>& rows);
  void print_rows(const char* title, const std::vector<Row>& rows) const;

  fs::path path_;
  uint64_t bytes_;
  Safetensors file_;
  std::vector<Row> model_, optimizer_;
  int64_t not_finite_ = 0;
};

Inspection::Inspection(const fs::path& path) : path_(path), file_(read_safetensors(path)) {
  bytes_ = fs::file_size(path);
  for (const Tensor& tensor : file_.tensors) {
    const Row row{&tensor, statistics(tensor.values)};
    (tensor.name.starts_with(kOptimizerPrefix) ? optimizer_ : model_).push_back(row);
    not_finite_ += row.statistics.not_finite;
  }
}

int64_t Inspection::count(const std::vector<Row>& rows) {
  size_t sum = 0;
  for (const Row& row : rows) sum += row.tensor->values.size();
  return static_cast<int64_t>(sum);
}

Json Inspection::json_of(const std::vector<Row>& rows) {
  Json list = Json::array();
  for (const auto& [tensor, values] : rows) {
    list.push_back({{"name", tensor->name},
                    {"dtype", "F32"},
                    {"shape", tensor->shape},
                    {"count", tensor->values.size()},
                    {"min", values.min},
                    {"mean", values.mean},
                    {"max", values.max},
                    {"std", values.std},
                    {"not_finite", values.not_finite}});
  }
  return list;
}

Json Inspection::json() const {
  Json metadata = Json::object();
  for (const auto& [key, text] : file_.metadata) metadata[key] = metadata_value(text);
  return {{"file", path_.string()},
          {"bytes", bytes_},
          {"checksum", file_.checked ? "ok" : "none"},
          {"metadata", metadata},
          {"parameters", count(model_)},
          {"tensors", json_of(model_)},
          {"optimizer", json_of(optimizer_)}};
}

void print_metadata(const std::string& name, const Json& json) {
  if (!json.is_object()) {
    const std::string text = json.is_string() && json != "" ? json.get<std::string>() : json.dump();
    fmt::print("{:<28} {}\n", name, text);
    return;
  }
  for (const auto& [key, value] : json.items()) {
    print_metadata(name.empty() ? key : name + "." + key, value);
  }
}

void Inspection::print() const {
  fmt::print("{}: {}, {}\n", path_.string(), byte_size(bytes_),
             file_.checked ? "checksum ok" : "no checksum");
  for (const auto& [key, text] : file_.metadata) print_metadata(key, metadata_value(text));
  print_rows("model", model_);
  print_rows("optimiser", optimizer_);
  if (not_finite_ > 0) {
    fmt::print("\n{} values are NaN or infinite; min, mean, max and std are of the others\n",
               grouped(not_finite_));
  }
}

void Inspection::print_rows(const char* title, const std::vector<Row>& rows) const {
  if (rows.empty()) return;
  std::vector<std::vector<std::string>> table = {
      {"name", "shape", "dtype", "count", "min", "mean", "max", "std"}};
  for (const auto& [tensor, values] : rows) {
    const auto number = [](double value) { return fmt::format("{:.4g}", value); };
    const std::string shape = fmt::format("{}", fmt::join(tensor->shape, "x"));
    table.push_back({tensor->name, shape.empty() ? "scalar" : shape, "float32",
                     grouped(static_cast<int64_t>(tensor->values.size())), number(values.min),
                     number(values.mean), number(values.max), number(values.std)});
  }
  fmt::print("\n{}: {} tensors, {} values\n{}", title, rows.size(), grouped(count(rows)),
             format_table(table));
}

}  // namespace

Exit inspect(const std::string& path, bool as_json) {
  std::error_code error;
  fs::path file = path;
  if (fs::is_directory(file, error)) file /= RunDirectory::kLast;
  const Inspection inspection(file);
  if (as_json) {
    fmt::print("{}", format_json(inspection.json()));
  } else {
    inspection.print();
  }
  return inspection.finite() ? Exit::kSuccess : Exit::kData;
}

}  // namespace host
