// fuzz_safetensors.cpp - the reader of safetensors files. What it takes is written and read again,
// with the same tensors.
#include <cstring>

#include "host/train/safetensors.hpp"
#include "tests/fuzz/parse.hpp"

namespace {

bool same(const host::Tensor& a, const host::Tensor& b) {
  return a.name == b.name && a.shape == b.shape && a.values.size() == b.values.size() &&
         (a.values.empty() ||
          std::memcmp(a.values.data(), b.values.data(), a.values.size() * sizeof(float)) == 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto contents = fuzz::parsed(host::Exit::kData, [&] {
    return host::parse_safetensors("weights", {data, size});
  });
  if (!contents) return 0;
  const std::string again = host::format_safetensors(*contents);
  const auto* const bytes = reinterpret_cast<const uint8_t*>(again.data());
  const host::Safetensors read = host::parse_safetensors("again", {bytes, again.size()});
  if (!read.checked || read.metadata != contents->metadata ||
      read.tensors.size() != contents->tensors.size()) {
    fuzz::violated("what was written is not what was read");
  }
  for (size_t i = 0; i < read.tensors.size(); ++i) {
    if (!same(read.tensors[i], contents->tensors[i])) {
      fuzz::violated("another tensor: " + read.tensors[i].name);
    }
  }
  return 0;
}
