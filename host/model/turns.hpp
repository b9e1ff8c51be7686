// turns.hpp - the task of rotation and rotnet: each image is turned by k * 90 degrees
// counter-clockwise, and the model tells k. In file order (no shuffling) image i has k = i mod 4,
// else k is drawn anew in each epoch.
#pragma once

#include <string>
#include <vector>

#include "host/failure.hpp"
#include "host/model/program.hpp"

namespace host {

class Turns {
 public:
  static constexpr int64_t kCount = 4;

  Turns(Context& context, const ProgramConfig& config)
      : context_(context),
        size_(config.h),
        epoch_turns_(context, config.images),
        turns_(context, config.batch) {}

  void begin_epoch(Random& random, bool shuffle) {
    std::vector<int64_t> turns(static_cast<size_t>(epoch_turns_.size()));
    for (size_t i = 0; i < turns.size(); ++i) {
      turns[i] = static_cast<int64_t>(shuffle ? random.below(kCount) : i % kCount);
    }
    epoch_turns_.upload(turns);
  }

  // Queues y [n, h, h], the batch's images turned.
  void rotate(const Batch& batch, float* y) {
    context_.run(sslcuda_gather_rows, batch.n, sizeof(int64_t), epoch_turns_.data(),
                 epoch_turns_.size(), nullptr, 0, batch.cursor, turns_.data());
    context_.run(sslcuda_rotate90, SSLCUDA_F32, batch.n, 1, size_, batch.x, turns_.data(), y);
  }

  // Queues the cross-entropy of logits [n, kCount] against the turns of the last rotate(), and its
  // gradient in place of the logits.
  void loss(int64_t n, float* logits, float* loss) {
    context_.run(sslcuda_cross_entropy, SSLCUDA_F32, n, kCount, logits, kCount, turns_.data(),
                 nullptr, -100, 0.0f, nullptr, loss, nullptr, logits);
  }

 private:
  Context& context_;
  int64_t size_;                 // side of an image
  Buffer<int64_t> epoch_turns_;  // [images], in the epoch's order
  Buffer<int64_t> turns_;        // [n], also the labels
};

inline void require_square(const std::string& program, const ProgramConfig& config, int64_t side) {
  if (config.h == config.w && config.h >= side) return;
  throw Failure(Exit::kData,
                "the {0} program needs square images of at least {1}x{1}, these are {2}x{3}; "
                "use another program or other images",
                program, side, config.h, config.w);
}

}  // namespace host
