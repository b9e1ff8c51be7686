#include "host/data/dataset.hpp"

#include <cstdlib>
#include <optional>

#include "host/data/idx.hpp"
#include "host/failure.hpp"

namespace host {
namespace {

namespace fs = std::filesystem;

constexpr const char* kImages = "-images-idx3-ubyte";
constexpr const char* kLabels = "-labels-idx1-ubyte";

std::optional<fs::path> find_file(const fs::path& directory, const std::string& name) {
  for (const fs::path& path : {directory / name, directory / (name + ".gz")}) {
    std::error_code error;
    if (fs::is_regular_file(path, error)) return path;
  }
  return std::nullopt;
}

bool holds_dataset(const fs::path& directory) {
  return find_file(directory, std::string("train") + kImages).has_value();
}

fs::path find_directory(const std::string& given) {
  const char* variable = std::getenv("SSLCUDA_DATA");
  const std::string root = !given.empty() ? given : variable ? variable : "";
  if (root.empty()) {
    if (holds_dataset(kSystemDataset)) return kSystemDataset;
    throw Failure(Exit::kData,
                  "no data: no --data, no $SSLCUDA_DATA and nothing in {}; pass --data DIR with "
                  "the IDX files of MNIST (scripts/get_mnist fetches them), or install the package "
                  "dataset-fashion-mnist",
                  kSystemDataset);
  }
  for (const fs::path& directory :
       {fs::path(root), fs::path(root) / "MNIST" / "raw", fs::path(root) / "raw"}) {
    if (holds_dataset(directory)) return directory;
  }
  throw Failure(Exit::kData,
                "no data in {}: train{}[.gz] is neither there nor in its MNIST/raw or raw; pass "
                "the directory of the IDX files with --data (scripts/get_mnist fetches MNIST)",
                root, kImages);
}

fs::path require_file(const fs::path& directory, const std::string& name, const char* remedy) {
  if (const auto path = find_file(directory, name)) return *path;
  throw Failure(Exit::kData, "{}[.gz] is missing; {}", (directory / name).string(), remedy);
}

Images load_images(const std::string& part, bool with_labels, Dataset& data) {
  Images images;
  data.files.push_back(require_file(data.directory, part + kImages, "copy it there"));
  Idx pixels = read_idx(data.files.back(), 3);
  images.count = pixels.extents[0];
  images.h = pixels.extents[1];
  images.w = pixels.extents[2];
  images.pixels = std::move(pixels.bytes);
  if (!with_labels) return images;
  const fs::path path = require_file(data.directory, part + kLabels,
                                     "copy it there; without labels, train with --no-eval");
  data.files.push_back(path);
  Idx labels = read_idx(path, 1);
  if (labels.extents[0] != images.count) {
    throw Failure(Exit::kData, "{} has {} labels for {} images; get both files again",
                  path.string(), labels.extents[0], images.count);
  }
  images.labels = std::move(labels.bytes);
  return images;
}

}  // namespace

Dataset load_dataset(const std::string& directory, bool with_labels) {
  Dataset data;
  data.directory = find_directory(directory);
  data.train = load_images("train", with_labels, data);
  data.test = load_images("t10k", with_labels, data);
  if (data.train.h != data.test.h || data.train.w != data.test.w) {
    throw Failure(
        Exit::kData,
        "training images are {}x{} and test images {}x{} in {}; use files of one data set",
        data.train.h, data.train.w, data.test.h, data.test.w, data.directory.string());
  }
  return data;
}

}  // namespace host
