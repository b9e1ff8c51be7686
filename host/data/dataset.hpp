// dataset.hpp - the four IDX files of MNIST or a relative of it, named as torchvision names them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace host {

// Fashion-MNIST as a package of the distribution.
constexpr const char* kSystemDataset = "/usr/share/datasets/fashion-mnist";

struct Images {
  int64_t count = 0, h = 0, w = 0;
  std::vector<uint8_t> pixels;  // [count, h, w]
  std::vector<uint8_t> labels;  // [count]; empty if they were not asked for

  int64_t width() const { return h * w; }
};

struct Dataset {
  std::filesystem::path directory;
  std::vector<std::filesystem::path> files;  // that were read
  Images train, test;
};

// `directory` or, where it is empty, $SSLCUDA_DATA or the system's Fashion-MNIST. The files may lie
// in it, in its MNIST/raw or in its raw. Fails with Exit::kData.
Dataset load_dataset(const std::string& directory, bool with_labels);

}  // namespace host
