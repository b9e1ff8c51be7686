// random.cpp - arrays of random numbers. Blocks of four are cut into pieces; only the last piece
// may end within a block.
#include "kernels/cpu/random.hpp"

#include "kernels/cpu/ops.hpp"
#include "kernels/cpu/parallel.hpp"

namespace sslcuda::cpu {

SSLCUDA_CLONES void uniform_blocks(uint64_t seed, uint64_t sequence, uint64_t first_place,
                                   int64_t blocks, float shift, float scale, float* y) {
  for (int64_t b = 0; b < blocks; ++b) {
    const PhiloxBlock block = philox(seed, sequence, first_place + static_cast<uint64_t>(b));
    const FourFloats four = uniform_of(block, shift, scale);
    for (int i = 0; i < 4; ++i) y[4 * b + i] = four.value[i];
  }
}

SSLCUDA_CLONES void normal_blocks(uint64_t seed, uint64_t sequence, uint64_t first_place,
                                  int64_t blocks, float shift, float scale, float* y) {
  for (int64_t b = 0; b < blocks; ++b) {
    const PhiloxBlock block = philox(seed, sequence, first_place + static_cast<uint64_t>(b));
    const FourFloats four = normal_of(block, shift, scale);
    for (int i = 0; i < 4; ++i) y[4 * b + i] = four.value[i];
  }
}

int random(const Exec&, const RandomArgs& a) {
  constexpr int64_t kPiece = 256, kWork = 64;  // blocks, operations of one
  const uint64_t sequence = sequence_of(a.source);
  const auto fill = a.distribution == Distribution::kNormal ? normal_blocks : uniform_blocks;
  parallel_pieces(ceil_div(a.count, 4), kPiece, kWork, [&](int64_t begin, int64_t end) {
    const uint64_t place = first_place(Purpose::kArray) + static_cast<uint64_t>(begin);
    const int64_t whole = std::min(end, a.count / 4), rest = a.count - 4 * whole;
    fill(a.source.seed, sequence, place, whole - begin, a.shift, a.scale, a.y + 4 * begin);
    if (end == whole) return;
    float last[4];
    fill(a.source.seed, sequence, place + static_cast<uint64_t>(whole - begin), 1, a.shift, a.scale,
         last);
    std::copy(last, last + rest, a.y + 4 * whole);
  });
  return kOk;
}

}  // namespace sslcuda::cpu
