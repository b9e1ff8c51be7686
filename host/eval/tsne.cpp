#include "host/eval/tsne.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace host {
namespace {

// Sums over j for a block of points i, which stays in the first-level cache.
struct Forces {
  static constexpr size_t kBlock = 128;
  std::array<float, kBlock> normaliser, attraction_x, attraction_y, repulsion_x, repulsion_y;
};

// Sums of the points in first..first+count-1. The innermost loop runs over i, so that each sum has
// the order of j and the compiler may still take several i at once.
void add_forces(std::span<const float> affinities, const PlanePoints& map, size_t first,
                size_t count, Forces& sums) {
  const size_t n = map.x.size();
  const float* const x = map.x.data() + first;
  const float* const y = map.y.data() + first;
  for (size_t j = 0; j < n; ++j) {
    const float* const p = affinities.data() + j * n + first;  // P is symmetric
    const float xj = map.x[j], yj = map.y[j];
    for (size_t i = 0; i < count; ++i) {
      const float dx = x[i] - xj, dy = y[i] - yj;
      const float q = 1.0f / (1.0f + dx * dx + dy * dy);
      const float pq = p[i] * q, qq = q * q;
      sums.normaliser[i] += q;
      sums.attraction_x[i] += pq * dx;
      sums.attraction_y[i] += pq * dy;
      sums.repulsion_x[i] += qq * dx;
      sums.repulsion_y[i] += qq * dy;
    }
  }
}

// The precision beta of the Gaussian around a point with squared distances d [n] to all, at which
// the entropy of its neighbours is `entropy`; p gets their probabilities. p[self] is 0.
void fit_neighbours(std::span<const double> distances, size_t self, double entropy,
                    std::span<double> p) {
  constexpr int kTries = 64;
  constexpr double kTolerance = 1e-6;
  double nearest = std::numeric_limits<double>::infinity();
  for (size_t j = 0; j < p.size(); ++j) {
    if (j != self) nearest = std::min(nearest, distances[j]);
  }
  double beta = 1, low = 0, high = std::numeric_limits<double>::infinity();
  for (int i = 0; i < kTries; ++i) {
    double sum = 0, weighted = 0;
    for (size_t j = 0; j < p.size(); ++j) {
      p[j] = j == self ? 0 : std::exp(-beta * (distances[j] - nearest));
      sum += p[j];
      weighted += p[j] * (distances[j] - nearest);
    }
    for (double& value : p) value /= sum;
    const double error = std::log(sum) + beta * weighted / sum - entropy;
    if (std::abs(error) < kTolerance) return;
    (error > 0 ? low : high) = beta;
    beta = std::isinf(high) ? 2 * beta : (low + high) / 2;
  }
}

std::vector<double> squared_distances(std::span<const float> points, int64_t n, int64_t d,
                                      int64_t i) {
  std::vector<double> distances(static_cast<size_t>(n), 0.0);
  const float* const own = points.data() + i * d;
  for (int64_t j = 0; j < n; ++j) {
    const float* const other = points.data() + j * d;
    double sum = 0;
    for (int64_t k = 0; k < d; ++k) {
      const double difference = own[k] - other[k];
      sum += difference * difference;
    }
    distances[static_cast<size_t>(j)] = sum;
  }
  return distances;
}

// One coordinate's descent with momentum, its steps scaled by gains (Jacobs 1988).
class Descent {
 public:
  explicit Descent(size_t n) : velocity_(n, 0.0f), gain_(n, 1.0f) {}

  void step(std::span<const float> gradient, float lr, float momentum, std::span<float> values) {
    constexpr float kSmallestGain = 0.01f;
    for (size_t i = 0; i < values.size(); ++i) {
      const bool overshot = (gradient[i] > 0) == (velocity_[i] > 0);
      gain_[i] = overshot ? std::max(0.8f * gain_[i], kSmallestGain) : gain_[i] + 0.2f;
      velocity_[i] = momentum * velocity_[i] - lr * gain_[i] * gradient[i];
      values[i] += velocity_[i];
    }
  }

 private:
  std::vector<float> velocity_, gain_;
};

void centre(std::vector<float>& values) {
  double sum = 0;
  for (const float value : values) sum += value;
  const auto mean = static_cast<float>(sum / static_cast<double>(values.size()));
  for (float& value : values) value -= mean;
}

}  // namespace

double perplexity_for(int64_t n, const TsneOptions& options) {
  return std::max(1.0, std::min(options.perplexity, static_cast<double>(n - 1) / 3));
}

std::vector<float> tsne_affinities(std::span<const float> points, int64_t n, int64_t d,
                                   double perplexity) {
  const auto count = static_cast<size_t>(n);
  std::vector<double> one_sided(count * count);
  for (size_t i = 0; i < count; ++i) {
    fit_neighbours(squared_distances(points, n, d, static_cast<int64_t>(i)), i,
                   std::log(perplexity), std::span(one_sided).subspan(i * count, count));
  }
  std::vector<float> affinities(count * count);
  for (size_t i = 0; i < count; ++i) {
    for (size_t j = 0; j < count; ++j) {
      const double both = one_sided[i * count + j] + one_sided[j * count + i];
      affinities[i * count + j] = static_cast<float>(both / (2 * static_cast<double>(n)));
    }
  }
  return affinities;
}

double tsne_cost(std::span<const float> affinities, const PlanePoints& map) {
  const size_t n = map.x.size();
  const auto kernel = [&](size_t i, size_t j) {
    const double dx = map.x[i] - map.x[j], dy = map.y[i] - map.y[j];
    return 1 / (1 + dx * dx + dy * dy);
  };
  double normaliser = 0, cost = 0;
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) normaliser += i == j ? 0 : kernel(i, j);
  }
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      const double p = affinities[i * n + j];
      if (p > 0) cost += p * std::log(p * normaliser / kernel(i, j));
    }
  }
  return cost;
}

PlanePoints tsne_gradient(std::span<const float> affinities, const PlanePoints& map,
                          double exaggeration) {
  const size_t n = map.x.size();
  PlanePoints attraction{std::vector<float>(n), std::vector<float>(n)};
  PlanePoints repulsion = attraction;
  double normaliser = 0;
  for (size_t first = 0; first < n; first += Forces::kBlock) {
    const size_t count = std::min(Forces::kBlock, n - first);
    Forces sums{};
    add_forces(affinities, map, first, count, sums);
    const auto at = static_cast<std::ptrdiff_t>(first);
    std::copy_n(sums.attraction_x.begin(), count, attraction.x.begin() + at);
    std::copy_n(sums.attraction_y.begin(), count, attraction.y.begin() + at);
    std::copy_n(sums.repulsion_x.begin(), count, repulsion.x.begin() + at);
    std::copy_n(sums.repulsion_y.begin(), count, repulsion.y.begin() + at);
    for (size_t i = 0; i < count; ++i) normaliser += sums.normaliser[i] - 1;  // without i = j
  }
  const auto scale = static_cast<float>(4 * exaggeration);
  const auto share = static_cast<float>(4 / normaliser);
  for (size_t i = 0; i < n; ++i) {
    attraction.x[i] = scale * attraction.x[i] - share * repulsion.x[i];
    attraction.y[i] = scale * attraction.y[i] - share * repulsion.y[i];
  }
  return attraction;
}

PlanePoints tsne(std::span<const float> points, int64_t d, const PlanePoints& start,
                 const TsneOptions& options, const std::function<void(double)>& advance) {
  const size_t n = start.x.size();
  const auto count = static_cast<double>(n);
  const std::vector<float> affinities = tsne_affinities(
      points, static_cast<int64_t>(n), d, perplexity_for(static_cast<int64_t>(n), options));
  const auto lr = static_cast<float>(std::max(count / options.exaggeration / 4, 50.0));
  PlanePoints map = start;
  Descent x(n), y(n);
  for (int64_t i = 0; i < options.iterations; ++i) {
    advance(static_cast<double>(i) / static_cast<double>(options.iterations));
    const bool exaggerated = i < options.exaggerated;
    const PlanePoints gradient =
        tsne_gradient(affinities, map, exaggerated ? options.exaggeration : 1);
    const float momentum = exaggerated ? 0.5f : 0.8f;
    x.step(gradient.x, lr, momentum, map.x);
    y.step(gradient.y, lr, momentum, map.y);
    centre(map.x);
    centre(map.y);
  }
  return map;
}

}  // namespace host
