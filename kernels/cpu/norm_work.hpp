// norm_work.hpp - how normalisation on the CPU is cut, and its workspace.
// A piece is a chunk of images times a range of channels: a group where statistics are per image,
// all channels where there are many images, so that a piece reads one stream of memory. Batch
// normalisation sums over every piece, adds the chunks in order, and goes over the tensor once
// more; group normalisation finishes an image before the next.
#pragma once

#include "kernels/args_layers.hpp"
#include "kernels/cpu/parallel.hpp"

namespace sslcuda::cpu {

constexpr int64_t kMaxNormChunks = 16, kNormPieces = 16, kLeastNormRange = 1024;

struct NormPiece {
  int64_t chunk, image_begin, image_end, channel, channels;
};

struct NormPieces {
  int64_t images, chunks, channels, ranges;

  explicit NormPieces(const NormShape& s)
      : images(ceil_div(s.n, kMaxNormChunks)), chunks(ceil_div(s.n, images)) {
    const int64_t wanted = std::min(s.c, kNormPieces / chunks);
    channels = s.per_image()
                   ? s.set_channels()
                   : ceil_div(s.c, std::clamp<int64_t>(s.c * s.plane / kLeastNormRange, 1, wanted));
    ranges = ceil_div(s.c, channels);
  }
};

template <class Body>
void for_each_piece(const NormShape& s, const Body& body) {
  const NormPieces p(s);
  parallel_for(p.chunks * p.ranges, 4 * p.images * p.channels * s.plane, [&](int64_t i) {
    const int64_t chunk = i / p.ranges, channel = i % p.ranges * p.channels;
    body(NormPiece{chunk, chunk * p.images, std::min(s.n, (chunk + 1) * p.images), channel,
                   std::min(p.channels, s.c - channel)});
  });
}

// The workspace: sums of each chunk, and coefficients by channel, of each chunk or of all. A piece
// uses its channels' entries.
class NormWork {
 public:
  NormWork(const NormShape& s, void* base)
      : c_(s.c),
        doubles_((s.per_image() ? 4 : 2) * s.c),
        chunks_(NormPieces(s).chunks),
        coefficients_of_chunk_(s.per_image() ? 4 * s.c : 0),
        base_(static_cast<double*>(base)) {}

  size_t bytes() const {
    const int64_t floats = std::max<int64_t>(coefficients_of_chunk_ * chunks_, 4 * c_);
    return chunks_ * doubles_ * sizeof(double) + floats * sizeof(float);
  }
  // Of which = 0..1, or 0..3 where statistics are per image.
  double* sums(int64_t which, int64_t chunk, int64_t channel) const {
    return base_ + chunk * doubles_ + which * c_ + channel;
  }
  // Of which = 0..3.
  float* coefficients(int64_t which, int64_t chunk = 0, int64_t channel = 0) const {
    return reinterpret_cast<float*>(base_ + chunks_ * doubles_) + chunk * coefficients_of_chunk_ +
           which * c_ + channel;
  }
  double total(int64_t which, int64_t channel) const {
    double sum = 0;
    for (int64_t chunk = 0; chunk < chunks_; ++chunk) sum += *sums(which, chunk, channel);
    return sum;
  }
  void clear(int64_t which, const NormPiece& p) const {
    std::fill_n(sums(which, p.chunk, p.channel), p.channels, 0.0);
  }

 private:
  int64_t c_, doubles_, chunks_, coefficients_of_chunk_;
  double* base_;
};

inline float weight_of(const float* weight, int64_t channel) {
  return weight ? weight[channel] : 1.0f;
}

}  // namespace sslcuda::cpu
