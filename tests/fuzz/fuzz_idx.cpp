// fuzz_idx.cpp - the reader of IDX files: the first byte says the rank and whether the rest is a
// gzip file.
#include "host/data/idx.hpp"
#include "tests/fuzz/input.hpp"
#include "tests/fuzz/parse.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const uint8_t kind = input.byte();
  const int rank = 1 + kind / 2 % 4;
  const char* const name = kind % 2 ? "images.gz" : "images";
  const auto idx =
      fuzz::parsed(host::Exit::kData, [&] { return host::parse_idx(name, input.rest(), rank); });
  if (!idx) return 0;
  size_t bytes = 1;
  for (const int64_t extent : idx->extents) bytes *= static_cast<size_t>(extent);
  if (idx->extents.size() != static_cast<size_t>(rank) || idx->bytes.size() != bytes) {
    fuzz::violated("extents and bytes disagree");
  }
  return 0;
}
