#include "host/eval/plots.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/eval/labels.hpp"
#include "host/eval/map.hpp"
#include "host/eval/reconstruction.hpp"
#include "host/failure.hpp"
#include "host/report/image_grid.hpp"
#include "host/report/loss_plot.hpp"
#include "host/report/matrix_plot.hpp"
#include "host/report/words.hpp"
#include "host/train/config.hpp"
#include "host/train/metrics.hpp"

namespace host {
namespace {

using Names = std::vector<std::string>;

std::string titled(Study& study, const char* what) {
  return fmt::format("{}: {}", study.session().options.program, what);
}

// The images first .. first + n - 1 of the test set, [n, h, w] in 0..1.
std::vector<float> test_pixels(Session& session, int64_t first, int64_t n) {
  Buffer<float> x(session.context, n * session.test_images.width());
  session.test_images.gather(n, first, PixelScale{}, x.data());
  return download(x);
}

template <class T>
void append(std::vector<T>& values, std::span<const T> more) {
  values.insert(values.end(), more.begin(), more.end());
}

Names draw_similarity(Study& study, const RunDirectory& directory) {
  constexpr int64_t kImages = 512;
  Session& session = study.session();
  std::vector<int64_t> chosen = spread_out(session.test_images.count(), kImages);
  const auto& labels = session.data.test.labels;
  std::ranges::stable_sort(chosen, {}, [&](int64_t i) { return labels[static_cast<size_t>(i)]; });
  const auto n = static_cast<int64_t>(chosen.size());
  const int64_t width = session.program->feature_width(Layer::kBackbone);
  const Buffer<float> rows(session.context, pick_rows(study.test_features(), width, chosen));
  const Buffer<float> similarities(session.context, n * n);
  const auto program = [&] {
    session.context.run(sslcuda_similarity_forward, SSLCUDA_F32, n, n, width, rows.data(), width,
                        rows.data(), width, 1, 1.0f, nullptr, similarities.data(), n);
  };
  session.context.reserve_for(program);
  program();
  const std::string note =
      fmt::format("cosine similarity of the backbone features of {} test images, by class", n);
  directory.write(RunDirectory::kSimilarity,
                  similarity_plot_png(download(similarities), pick_labels(labels, chosen),
                                      {titled(study, "similarity of features"), note}));
  return {RunDirectory::kSimilarity};
}

// The first layer of every program is the first that it adds.
const Parameter& first_layer(Program& program) { return program.parameters().all().front(); }

// The filters [count, size] with the largest norms, largest first: others learned little.
std::vector<float> strongest(const std::vector<float>& filters, int64_t size, int64_t count) {
  std::vector<std::pair<double, int64_t>> order;  // by falling norm, then by number
  for (int64_t i = 0; i < static_cast<int64_t>(filters.size()) / size; ++i) {
    double squares = 0;
    for (int64_t k = 0; k < size; ++k) {
      const double weight = filters[static_cast<size_t>(i * size + k)];
      squares += weight * weight;
    }
    order.emplace_back(-squares, i);
  }
  std::ranges::sort(order);
  std::vector<int64_t> chosen;
  for (int64_t i = 0; i < count; ++i) chosen.push_back(order[static_cast<size_t>(i)].second);
  return pick_rows(filters, size, chosen);
}

Names draw_filters(Study& study, const RunDirectory& directory) {
  constexpr int64_t kMost = 128;
  Session& session = study.session();
  const Parameter& weight = first_layer(*session.program);
  const bool is_conv = weight.shape.size() == 4;
  const int64_t h = is_conv ? weight.shape[2] : session.data.test.h;
  const int64_t w = is_conv ? weight.shape[3] : session.data.test.w;
  const int64_t all = weight.value.size() / (h * w), shown = std::min(all, kMost);
  const Tiles tiles = weight_tiles(strongest(download(weight.value), h * w, shown), h, w);
  const std::string note = fmt::format(
      "{} of {} filters of {}x{}, largest first; red positive, blue negative, each scaled by "
      "itself",
      shown, all, h, w);
  const GridLayout layout = is_conv ? GridLayout{8, 1, 84, 12} : GridLayout{16};
  directory.write(RunDirectory::kFilters,
                  image_grid_png(tiles, layout, {titled(study, weight.name.c_str()), note}));
  return {RunDirectory::kFilters};
}

Names draw_confusion(Study& study, const RunDirectory& directory) {
  Session& session = study.session();
  const auto& labels = session.data.test.labels;
  const int64_t classes = class_count(session.data);
  const auto& predictions = study.knn_classes(FeatureKind::kBackbone).front();
  const std::string note =
      fmt::format("kNN (k = {}) on backbone features, {} of {} test images right", kVotes[0].k,
                  percent(study.knn_accuracy(FeatureKind::kBackbone)),
                  grouped(static_cast<int64_t>(labels.size())));
  directory.write(RunDirectory::kConfusion,
                  confusion_plot_png(confusion_matrix(labels, predictions, classes), classes,
                                     {titled(study, "confusion matrix"), note}));
  return {RunDirectory::kConfusion};
}

constexpr int64_t kShownImages = 48;  // by those that show test images beside others

// Lists of as many images, one below the other: a grid of rows of the first, the second and so on.
std::string rows_png(Study& study, const std::vector<std::vector<float>>& lists,
                     const Heading& heading) {
  constexpr int64_t kColumns = 16;
  const int64_t h = study.session().data.test.h, w = study.session().data.test.w;
  const auto n = static_cast<int64_t>(lists.front().size()) / (h * w);
  std::vector<float> rows;
  for (int64_t i = 0; i < n; i += kColumns) {
    const auto first = static_cast<size_t>(i * h * w);
    const auto count = static_cast<size_t>(std::min(kColumns, n - i) * h * w);
    for (const std::vector<float>& images : lists) {
      append(rows, std::span(images).subspan(first, count));
      // A last row that is not full ends with white tiles.
      rows.resize(rows.size() + static_cast<size_t>(kColumns * h * w) - count, 1.0f);
    }
  }
  return image_grid_png(grey_tiles(rows, h, w), {kColumns, std::ssize(lists)}, heading);
}

Names draw_reconstructions(Study& study, const RunDirectory& directory) {
  Session& session = study.session();
  const int64_t n = std::min(kShownImages, session.test_images.count());
  const std::vector<float> copies = reconstruct_images(session, session.test_images, 0, n);
  directory.write(RunDirectory::kReconstructions,
                  rows_png(study, {test_pixels(session, 0, n), copies},
                           {titled(study, "reconstructions"),
                            "upper rows: test images; lower rows: reconstructions"}));
  return {RunDirectory::kReconstructions};
}

Names draw_denoised(Study& study, const RunDirectory& directory) {
  Session& session = study.session();
  const int64_t n = std::min(kShownImages, session.test_images.count());
  const Restored restored = restore_images(session, 0, n);
  directory.write(
      RunDirectory::kDenoised,
      rows_png(study, {restored.corrupted, restored.images, test_pixels(session, 0, n)},
               {titled(study, "denoised"),
                "upper rows: test images corrupted as in training; middle: reconstructions; "
                "lower: originals"}));
  return {RunDirectory::kDenoised};
}

Names draw_samples(Study& study, const RunDirectory& directory) {
  constexpr int64_t kRows = 8, kColumns = 16;
  Session& session = study.session();
  const int64_t width = session.program->latent_width();
  Buffer<float> codes(session.context, kRows * kColumns * width);
  session.context.run(sslcuda_random_normal, SSLCUDA_F32, codes.size(), session.options.seed,
                      kOutsideTraining, nullptr, 0.0f, 1.0f, codes.data());
  const std::vector<float> images = decode_images(session, download(codes));
  directory.write(
      RunDirectory::kSamples,
      image_grid_png(
          grey_tiles(images, session.data.test.h, session.data.test.w), {kColumns},
          {titled(study, "samples"), "images of codes drawn from a standard normal distribution"}));
  return {RunDirectory::kSamples};
}

Names draw_interpolation(Study& study, const RunDirectory& directory) {
  constexpr int64_t kRows = 8, kSteps = 12;
  Session& session = study.session();
  const int64_t width = session.program->latent_width(), pixels = session.test_images.width();
  const std::vector<int64_t> ends = spread_out(session.test_images.count(), 2 * kRows);
  // A generative program's backbone features are its codes.
  const std::vector<float>& codes = study.test_features();
  std::vector<float> between;
  for (size_t row = 0; row + 1 < ends.size(); row += 2) {
    for (int64_t step = 0; step < kSteps; ++step) {
      const float part = static_cast<float>(step) / (kSteps - 1);
      for (int64_t k = 0; k < width; ++k) {
        const float from = codes[static_cast<size_t>(ends[row] * width + k)];
        const float to = codes[static_cast<size_t>(ends[row + 1] * width + k)];
        between.push_back((1 - part) * from + part * to);
      }
    }
  }
  const std::vector<float> decoded = decode_images(session, between);
  const auto line = static_cast<size_t>(kSteps * pixels);
  std::vector<float> images;
  for (size_t row = 0; row + 1 < ends.size(); row += 2) {
    append<float>(images, test_pixels(session, ends[row], 1));
    append(images, std::span(decoded).subspan(row / 2 * line, line));
    append<float>(images, test_pixels(session, ends[row + 1], 1));
  }
  directory.write(
      RunDirectory::kInterpolation,
      image_grid_png(grey_tiles(images, session.data.test.h, session.data.test.w), {kSteps + 2},
                     {titled(study, "interpolation"),
                      "outer columns: test images; between them: images decoded from "
                      "interpolated codes"}));
  return {RunDirectory::kInterpolation};
}

bool always(const Program&) { return true; }
bool reconstructs(const Program& program) { return program.reconstructs(); }
bool corrupts(const Program& program) { return program.corrupts(); }
bool generates(const Program& program) { return program.latent_width() > 0; }

constexpr PlotKind kKinds[] = {
    {"reconstructions", "test images and their reconstructions", false,
     "autoencoder, denoise and vae", reconstructs, draw_reconstructions},
    {"denoised", "test images, corrupted and reconstructed", false, "denoise", corrupts,
     draw_denoised},
    {"samples", "images decoded from random codes", false, "vae", generates, draw_samples},
    {"interpolation", "images between two test images", false, "vae", generates,
     draw_interpolation},
    {"filters", "weights of the first layer", false, "", always, draw_filters},
    {"map", "test features by PCA and t-SNE", true, "", always, draw_maps},
    {"similarity", "cosine similarity of test features, by class", true, "", always,
     draw_similarity},
    {"confusion", "confusion matrix of kNN", true, "", always, draw_confusion},
};

}  // namespace

std::span<const PlotKind> plot_kinds() { return kKinds; }

Names draw_plot(const PlotKind& kind, Study& study, const RunDirectory& directory) {
  if (!kind.fits(*study.session().program)) {
    throw Failure(Exit::kUsage, "a run of {} has no plot of {}; that needs one of {}",
                  study.session().options.program, kind.name, kind.methods);
  }
  return kind.draw(study, directory);
}

Names draw_loss_plot(const RunDirectory& directory) {
  const Metrics metrics = read_metrics(directory.file(RunDirectory::kMetrics));
  if (metrics.losses.empty()) {
    throw Failure(Exit::kData, "{} holds no loss; train for at least --log-every steps",
                  directory.file(RunDirectory::kMetrics).string());
  }
  const Json config = read_json(directory.file(RunDirectory::kConfig));
  const Json resolved = config.value(kResolved, Json::object());
  directory.write(
      RunDirectory::kLossPlot,
      loss_plot_png(metrics.steps, metrics.losses, resolved.value("steps_per_epoch", int64_t{0}),
                    config.value("program", "") + ": training loss"));
  return {RunDirectory::kLossPlot};
}

Names plot_run(Study& study, const RunDirectory& directory) {
  Names names;
  if (!read_metrics(directory.file(RunDirectory::kMetrics)).losses.empty()) {
    names = draw_loss_plot(directory);
  }
  for (const PlotKind& kind : kKinds) {
    if (!kind.fits(*study.session().program)) continue;
    try {
      append<std::string>(names, kind.draw(study, directory));
    } catch (const Failure& failure) {
      if (failure.code() != Exit::kData) throw;
      study.note(failure.what());  // too few images for it, or too large ones
    }
  }
  return names;
}

}  // namespace host
