// own_columns.cu - launches.
#include "kernels/cuda/contrastive/own_columns.hpp"

namespace sslcuda::cuda {

namespace {

template <class T>
Vectors<T> vectors(const Rows& rows) {
  return {static_cast<const T*>(rows.data), rows.ld, rows.factors, rows.scales};
}

template <class T>
OwnColumns<T> own_columns(const ContrastiveWorkspace& w, const Scores& scores) {
  return {scores,
          vectors<T>(w.a),
          vectors<T>(w.b),
          vectors<T>(w.positives),
          vectors<T>(w.negatives),
          w.plan.own_columns,
          w.own_scores,
          w.own_slopes};
}

simt::Launch row_blocks(int64_t rows, cudaStream_t stream) {
  return {grid_1d(rows), OwnTile::kThreads, sizeof(BlockReduceSmem), stream};
}

}  // namespace

cudaError_t launch_own_scores(cudaStream_t stream, const ContrastiveWorkspace& w,
                              const Scores& scores) {
  return visit_storage(scores.args.dtype, [&](auto element) -> cudaError_t {
    using T = decltype(element);
    const OwnColumns<T> own = own_columns<T>(w, scores);
    const int64_t n = scores.args.n;
    if (own.count > 0) {
      SSLCUDA_TRY(simt::launch(own_scores_kernel<OwnTile, T>, row_blocks(n, stream), own));
    }
    if (!w.row_limit) return cudaSuccess;
    return simt::launch(row_limit_kernel<OwnTile, T>,
                        row_blocks(ceil_div(n, OwnTile::kWarps), stream), own, w.row_limit);
  });
}

cudaError_t launch_own_gradient(cudaStream_t stream, const ContrastiveWorkspace& w,
                                const Scores& scores, const OwnGradientRows& rows) {
  return visit_storage(scores.args.dtype, [&](auto element) {
    using T = decltype(element);
    const OwnGradient<T> gradient{w.row_sides,
                                  w.rates,
                                  w.own_sums,
                                  rows.first,
                                  rows.rows,
                                  rows.grad_a,
                                  rows.ld,
                                  rows.add,
                                  static_cast<T*>(scores.args.grad_positives),
                                  static_cast<T*>(scores.args.grad_negatives)};
    return simt::launch(own_gradient_kernel<OwnTile, T>, row_blocks(rows.rows, stream),
                        own_columns<T>(w, scores), gradient);
  });
}

cudaError_t launch_sampled_gradient(cudaStream_t stream, const ContrastiveWorkspace& w,
                                    const Scores& scores, const GradientWave& wave) {
  return visit_storage(scores.args.dtype, [&](auto element) {
    using T = decltype(element);
    return simt::launch(sampled_gradient_kernel<OwnTile, T>, row_blocks(wave.block.rows, stream),
                        own_columns<T>(w, scores), wave);
  });
}

}  // namespace sslcuda::cuda
