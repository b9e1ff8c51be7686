#include "host/report/run_pictures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "host/data/bytes.hpp"
#include "host/report/html.hpp"
#include "host/train/run_directory.hpp"

namespace host {
namespace {

namespace fs = std::filesystem;

struct PictureText {
  const char *file, *caption, *alternative;
};

constexpr PictureText kTexts[] = {
    {RunDirectory::kReconstructions,
     "Test images (upper rows) and their reconstructions (lower rows).",
     "Pairs of test images and their reconstructions"},
    {RunDirectory::kDenoised,
     "Corrupted test images (upper rows), their reconstructions (middle), and the original images "
     "(lower rows).",
     "Test images in threes: corrupted, reconstructed, and original"},
    {RunDirectory::kSamples, "Images decoded from random codes.",
     "Grid of images that the model generated"},
    {RunDirectory::kInterpolation,
     "From one test image to another: images decoded from linear interpolations of their codes.",
     "Rows of images that change step by step from one test image into another"},
    {RunDirectory::kEmbeddingTsne,
     "Features of test images in two dimensions by t-SNE. A colour is a class, which training did "
     "not see; neighbours here are neighbours among the features, far distances mean little.",
     "Scatter plot of features by t-SNE, coloured by class"},
    {RunDirectory::kEmbeddingPca,
     "Features of test images along their two directions of largest variance (PCA). A colour is a "
     "class, which training did not see.",
     "Scatter plot of features by PCA, coloured by class"},
    {RunDirectory::kConfusion,
     "Confusion matrix: rows are the true classes of test images, columns what was predicted from "
     "their features.",
     "Confusion matrix of true and predicted classes"},
    {RunDirectory::kSimilarity,
     "Cosine similarity of the features of test images sorted by class. Blocks on the diagonal "
     "show "
     "classes that the features hold together.",
     "Heat map of the similarities between test images, sorted by class"},
    {RunDirectory::kFilters, "Weights of the first layer, one tile for each unit.",
     "Grid of the first layer's filters"},
};

std::vector<fs::path> find_pictures(const fs::path& run) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (const fs::directory_entry& entry :
       fs::directory_iterator(run / RunDirectory::kPlots, error)) {
    if (entry.path().extension() == ".png" && entry.path() != run / RunDirectory::kLossPlot &&
        entry.is_regular_file(error)) {
      paths.push_back(entry.path());
    }
  }
  const auto place = [&](const fs::path& path) {
    return std::ranges::find_if(kTexts,
                                [&](const PictureText& text) { return run / text.file == path; });
  };
  std::ranges::sort(paths, [&](const fs::path& a, const fs::path& b) {
    return std::pair(place(a), a) < std::pair(place(b), b);
  });
  return paths;
}

PictureText text_for(const fs::path& run, const fs::path& path, const std::string& name) {
  for (const PictureText& text : kTexts) {
    if (run / text.file == path) return text;
  }
  return {"", name.c_str(), name.c_str()};
}

std::string figure(const fs::path& run, const fs::path& path) {
  const std::string name = path.stem().string();
  const PictureText text = text_for(run, path, name);
  const std::vector<uint8_t> file = read_bytes(path);
  const auto size = png_size(file);
  if (!size) return fmt::format("<p>{} is not a PNG picture.</p>\n", escape_html(name));
  // Wide charts get a row of their own.
  return fmt::format(
      "<figure{}><img src=\"data:image/png;base64,{}\" width=\"{}\" height=\"{}\" alt=\"{}\">"
      "<figcaption>{}</figcaption></figure>\n",
      2 * size->w > 3 * size->h ? " class=\"wide\"" : "", base64(file), size->w, size->h,
      escape_html(text.alternative), escape_html(text.caption));
}

}  // namespace

std::string run_pictures_html(const fs::path& run) {
  std::string out;
  for (const fs::path& path : find_pictures(run)) out += figure(run, path);
  if (out.empty()) return out;
  return fmt::format("<div class=\"pictures\">\n{}</div>\n", out);
}

}  // namespace host
