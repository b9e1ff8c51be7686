#include "host/abi/device.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace host {
namespace {

// N of cuda:N.
std::optional<int32_t> parse_ordinal(std::string_view name) {
  constexpr std::string_view kPrefix = "cuda:";
  if (!name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  int32_t ordinal = -1;
  const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), ordinal);
  const bool whole = error == std::errc() && rest == name.data() + name.size();
  if (!whole || ordinal < 0) return std::nullopt;
  return ordinal;
}

}  // namespace

bool is_device(const std::string& name) {
  return name == "auto" || name == "cpu" || name == "cuda" || parse_ordinal(name);
}

sslcuda_context_options context_options(const std::string& name, int64_t threads) {
  sslcuda_context_options options = SSLCUDA_CONTEXT_OPTIONS_INIT;
  options.threads = static_cast<int32_t>(threads);
  if (name == "cpu") options.device = SSLCUDA_DEVICE_CPU;
  if (name.starts_with("cuda")) options.device = SSLCUDA_DEVICE_CUDA;
  if (const auto ordinal = parse_ordinal(name)) options.ordinal = *ordinal;
  return options;
}

}  // namespace host
