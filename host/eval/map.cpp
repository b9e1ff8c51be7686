#include "host/eval/map.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "host/eval/pca.hpp"
#include "host/eval/tsne.hpp"
#include "host/failure.hpp"
#include "host/report/scatter_plot.hpp"
#include "host/report/words.hpp"

namespace host {
namespace {

constexpr int64_t kImages = 2000;    // t-SNE takes time with the square of them
constexpr int64_t kComponents = 50;  // of PCA, in which t-SNE measures distances
constexpr int64_t kFewestImages = 4;

struct Projection {
  std::vector<float> rows;  // [n, components]
  int64_t components;
  std::vector<double> shares;  // of the variance
};

Projection project(Context& context, const std::vector<float>& rows, int64_t width) {
  const int64_t components = std::min(kComponents, width);
  const int64_t n = static_cast<int64_t>(rows.size()) / width;
  const Buffer<float> x(context, rows);
  Buffer<float> centred(context, rows), y(context, n * components);
  const Pca pca(context, centred, width, components);
  const auto program = [&] { pca.project(n, x.data(), y.data()); };
  context.reserve_for(program);
  program();
  return {download(y), components, pca.variance_shares()};
}

// The first two components; a second one that is missing is 0.
PlanePoints plane_of(const Projection& projection) {
  PlanePoints points;
  const auto step = static_cast<size_t>(projection.components);
  for (size_t i = 0; i < projection.rows.size(); i += step) {
    points.x.push_back(projection.rows[i]);
    points.y.push_back(step > 1 ? projection.rows[i + 1] : 0.0f);
  }
  return points;
}

// The same scaled down, so that no cluster starts torn apart.
PlanePoints start_of(const PlanePoints& points) {
  constexpr double kSpread = 1e-4;
  double squares = 0;
  for (const float x : points.x) squares += double{x} * x;
  const double spread = std::sqrt(squares / static_cast<double>(points.x.size()));
  const auto scale = static_cast<float>(spread > 0 ? kSpread / spread : 0);
  PlanePoints start = points;
  for (float& x : start.x) x *= scale;
  for (float& y : start.y) y *= scale;
  return start;
}

std::string component_title(const Projection& projection, size_t i) {
  if (i >= projection.shares.size()) return {};
  return fmt::format("component {} ({:.1f} % of the variance)", i + 1, 100 * projection.shares[i]);
}

}  // namespace

std::vector<int64_t> spread_out(int64_t count, int64_t n) {
  const int64_t taken = std::min(count, n);
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < taken; ++i) chosen.push_back(i * count / taken);
  return chosen;
}

std::vector<float> pick_rows(std::span<const float> rows, int64_t width,
                             std::span<const int64_t> chosen) {
  std::vector<float> picked;
  for (const int64_t i : chosen) {
    const auto row = rows.subspan(static_cast<size_t>(i * width), static_cast<size_t>(width));
    picked.insert(picked.end(), row.begin(), row.end());
  }
  return picked;
}

std::vector<uint8_t> pick_labels(std::span<const uint8_t> labels, std::span<const int64_t> chosen) {
  std::vector<uint8_t> picked;
  for (const int64_t i : chosen) picked.push_back(labels[static_cast<size_t>(i)]);
  return picked;
}

std::vector<std::string> draw_maps(Study& study, const RunDirectory& directory) {
  Session& session = study.session();
  const std::vector<int64_t> chosen = spread_out(session.test_images.count(), kImages);
  if (static_cast<int64_t>(chosen.size()) < kFewestImages) {
    throw Failure(Exit::kData, "a map needs at least {} test images, these are {}; use other data",
                  kFewestImages, chosen.size());
  }
  const int64_t width = session.program->feature_width(Layer::kBackbone);
  if (width > Pca::kMaxWidth) {
    throw Failure(Exit::kData,
                  "features of {} values are too wide for PCA, which takes {}; use smaller images",
                  width, Pca::kMaxWidth);
  }
  const auto n = static_cast<int64_t>(chosen.size());
  const std::vector<uint8_t> labels = pick_labels(session.data.test.labels, chosen);
  const Advance advance = study.begin("t-SNE map of backbone features");
  const Projection projection =
      project(session.context, pick_rows(study.test_features(), width, chosen), width);
  const PlanePoints plane = plane_of(projection);
  const std::string title = session.options.program + ": map of features by ";
  const std::string images = fmt::format("backbone features of {} test images", grouped(n));
  directory.write(
      RunDirectory::kEmbeddingPca,
      scatter_plot_png(plane.x, plane.y, labels, {title + "PCA", images},
                       {component_title(projection, 0), component_title(projection, 1)}));
  const TsneOptions options;
  const PlanePoints map =
      tsne(projection.rows, projection.components, start_of(plane), options, advance);
  directory.write(RunDirectory::kEmbeddingTsne,
                  scatter_plot_png(map.x, map.y, labels,
                                   {title + "t-SNE",
                                    fmt::format("{}, perplexity {:.0f}; far distances mean little",
                                                images, perplexity_for(n, options))},
                                   {}));
  return {RunDirectory::kEmbeddingPca, RunDirectory::kEmbeddingTsne};
}

}  // namespace host
