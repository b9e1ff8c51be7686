#include "host/train/safetensors.hpp"

#include <fmt/ranges.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>

#include "host/data/bytes.hpp"
#include "host/failure.hpp"
#include "host/train/json.hpp"

namespace host {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are stored as they are");

constexpr size_t kLengthBytes = 8;
constexpr uint64_t kMaxHeader = 1 << 20;
constexpr const char* kMetadata = "__metadata__";
constexpr const char* kChecksum = "sslcuda_crc32";

struct Entry {
  Tensor tensor;
  uint64_t begin, end;
};

// Of all that a reader gets: names, shapes and values, metadata.
std::string checksum(const Safetensors& contents) {
  uLong crc = crc32(0, nullptr, 0);
  const auto add = [&](const void* data, size_t bytes) {
    crc = crc32_z(crc, static_cast<const Bytef*>(data), bytes);
  };
  for (const Tensor& tensor : contents.tensors) {
    const std::string head = fmt::format("{} {};", tensor.name, tensor.shape);
    add(head.data(), head.size());
    add(tensor.values.data(), tensor.values.size() * sizeof(float));
  }
  for (const auto& [key, value] : contents.metadata) {
    const std::string text = fmt::format("{}={};", key, value);
    add(text.data(), text.size());
  }
  return fmt::format("{:08x}", crc);
}

uint64_t checked_product(uint64_t a, uint64_t b) {
  uint64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result)) throw std::runtime_error("a shape overflows");
  return result;
}

Entry parse_entry(const std::string& name, const Json& json, uint64_t data_bytes) {
  if (json.size() != 3) throw std::runtime_error("'" + name + "' has unknown fields");
  const auto type = json.at("dtype").get<std::string>();
  if (type != "F32") {
    throw std::runtime_error(fmt::format("'{}' is {}, only F32 is read", name, type));
  }
  Entry entry;
  entry.tensor.name = name;
  uint64_t bytes = sizeof(float);
  for (const Json& extent : json.at("shape")) {
    if (!extent.is_number_unsigned()) throw std::runtime_error("a shape is not made of counts");
    bytes = checked_product(bytes, extent.get<uint64_t>());
    entry.tensor.shape.push_back(extent.get<int64_t>());
  }
  const Json& offsets = json.at("data_offsets");
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned()) {
    throw std::runtime_error("data_offsets is not a pair of offsets");
  }
  entry.begin = offsets[0].get<uint64_t>();
  entry.end = offsets[1].get<uint64_t>();
  if (entry.begin > entry.end || entry.end > data_bytes || entry.end - entry.begin != bytes) {
    throw std::runtime_error(fmt::format("'{}' does not fit its shape or the file", name));
  }
  return entry;
}

std::vector<Tensor> take_values(std::vector<Entry> entries, std::span<const uint8_t> data) {
  std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::vector<Tensor> tensors;
  uint64_t position = 0;
  for (Entry& entry : entries) {
    if (entry.begin != position) throw std::runtime_error("tensors overlap or leave holes");
    entry.tensor.values.resize((entry.end - entry.begin) / sizeof(float));
    if (entry.end > entry.begin) {
      std::memcpy(entry.tensor.values.data(), &data[entry.begin], entry.end - entry.begin);
    }
    position = entry.end;
    tensors.push_back(std::move(entry.tensor));
  }
  if (position != data.size()) throw std::runtime_error("bytes behind the last tensor");
  return tensors;
}

std::map<std::string, std::string> parse_metadata(const Json& json) {
  std::map<std::string, std::string> metadata;
  for (const auto& [key, value] : json.items()) {
    if (!value.is_string()) throw std::runtime_error("metadata '" + key + "' is not a string");
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

Safetensors parse(std::span<const uint8_t> file) {
  if (file.size() < kLengthBytes) throw std::runtime_error("truncated");
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, file.data(), kLengthBytes);
  if (header_bytes > kMaxHeader) throw std::runtime_error("its header is over 1 MiB");
  if (header_bytes > file.size() - kLengthBytes) throw std::runtime_error("truncated");
  const auto data = file.subspan(kLengthBytes + header_bytes);
  const Json header = parse_json(file.subspan(kLengthBytes, header_bytes));
  if (!header.is_object()) throw std::runtime_error("its header is not an object");

  Safetensors contents;
  std::vector<Entry> entries;
  for (const auto& [name, json] : header.items()) {
    if (name == kMetadata) {
      contents.metadata = parse_metadata(json);
    } else {
      entries.push_back(parse_entry(name, json, data.size()));
    }
  }
  contents.tensors = take_values(std::move(entries), data);
  const auto expected = contents.metadata.extract(kChecksum);
  if (!expected.empty() && expected.mapped() != checksum(contents)) {
    throw std::runtime_error("its checksum does not match");
  }
  contents.checked = !expected.empty();
  return contents;
}

}  // namespace

std::string format_safetensors(const Safetensors& contents) {
  // Keeps the order of the tensors; the format wants their data in it without holes.
  Json header;
  header[kMetadata] = contents.metadata;
  header[kMetadata][kChecksum] = checksum(contents);
  uint64_t position = 0;
  for (const Tensor& tensor : contents.tensors) {
    const uint64_t end = position + tensor.values.size() * sizeof(float);
    header[tensor.name] = {
        {"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {position, end}}};
    position = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the data is aligned
  const uint64_t length = text.size();
  std::string file(reinterpret_cast<const char*>(&length), kLengthBytes);
  file.reserve(kLengthBytes + length + position);
  file += text;
  for (const Tensor& tensor : contents.tensors) {
    file.append(reinterpret_cast<const char*>(tensor.values.data()),
                tensor.values.size() * sizeof(float));
  }
  return file;
}

Safetensors parse_safetensors(const std::string& name, std::span<const uint8_t> file) try {
  return parse(file);
} catch (const std::bad_alloc&) {
  throw;
} catch (const std::exception& error) {
  std::string why = error.what();
  std::ranges::replace(why, '\n', ' ');
  throw Failure(Exit::kData, "{} is not a usable safetensors file: {}; export it again", name, why);
}

Safetensors read_safetensors(const std::filesystem::path& path) {
  return parse_safetensors(path.string(), read_bytes(path));
}

}  // namespace host
