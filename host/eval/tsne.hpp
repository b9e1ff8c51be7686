// tsne.hpp - t-SNE (van der Maaten & Hinton 2008) with all pairs, for some thousand points: a map
// in the plane in which neighbours stay neighbours.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace host {

struct TsneOptions {
  double perplexity = 30;  // effective number of neighbours; see perplexity_for()
  int64_t iterations = 750;
  int64_t exaggerated = 250;  // the first of them
  double exaggeration = 12;
};

// That of the options, or a third of n - 1 if that is less: beyond, all would be neighbours.
double perplexity_for(int64_t n, const TsneOptions& options);

// Points of a map: n pairs, all x before all y.
struct PlanePoints {
  std::vector<float> x, y;
};

// P [n, n] of points [n, d]: symmetric, sums to 1, 0 on the diagonal.
std::vector<float> tsne_affinities(std::span<const float> points, int64_t n, int64_t d,
                                   double perplexity);

// Kullback-Leibler divergence of the map's affinities from P.
double tsne_cost(std::span<const float> affinities, const PlanePoints& map);

// The gradient of the cost with P scaled by `exaggeration`.
PlanePoints tsne_gradient(std::span<const float> affinities, const PlanePoints& map,
                          double exaggeration);

// The map that descent from `start` leads to; n = start.x.size() points of d coordinates. The same
// every time. `advance` is called now and then with the part that is done.
PlanePoints tsne(std::span<const float> points, int64_t d, const PlanePoints& start,
                 const TsneOptions& options, const std::function<void(double)>& advance);

}  // namespace host
