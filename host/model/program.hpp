// program.hpp - what is trained: a model with its loss. A program only queues ops on buffers that
// it made at the start, so one batch of it can be planned, captured and replayed.
#pragma once

#include <memory>
#include <string>

#include "host/abi/abi.hpp"
#include "host/data/device_images.hpp"
#include "host/model/parameters.hpp"
#include "host/model/random.hpp"

namespace host {

struct ProgramConfig {
  int64_t h, w;        // of an image
  int64_t images;      // in the training set
  int64_t batch;       // largest n of any call
  double temperature;  // contrastive only
};

class Program {
 public:
  explicit Program(Context& context) : parameters_(context), context_(context), loss_(context, 1) {}
  virtual ~Program() = default;

  Parameters& parameters() { return parameters_; }
  const float* loss() const { return loss_.data(); }

  virtual PixelScale pixel_scale() const { return {}; }
  virtual int64_t smallest_batch() const { return 1; }

  // Before the first batch of an epoch: whatever the program draws per image.
  virtual void begin_epoch(Random& /*random*/, bool /*shuffle*/) {}

  // Queues loss and gradients of the images x [n, h * w], which are those from *cursor on in the
  // epoch's order.
  virtual void gradients(int64_t n, const float* x, const int64_t* cursor) = 0;

  // Queues the features y [n, feature_width] by which an evaluation compares images.
  virtual int64_t feature_width() const = 0;
  virtual void features(int64_t n, const float* x, float* y) = 0;

  // Queues the images y [n, h * w] that the program makes of x, if it reconstructs.
  virtual bool reconstructs() const { return false; }
  virtual void reconstruct(int64_t /*n*/, const float* /*x*/, float* /*y*/) {}

 protected:
  Parameters parameters_;
  Context& context_;
  Buffer<float> loss_;
};

// name: contrastive, rotation or autoencoder.
std::unique_ptr<Program> make_program(const std::string& name, Context& context,
                                      const ProgramConfig& config);

std::unique_ptr<Program> make_contrastive(Context& context, const ProgramConfig& config);
std::unique_ptr<Program> make_rotation(Context& context, const ProgramConfig& config);
std::unique_ptr<Program> make_autoencoder(Context& context, const ProgramConfig& config);

}  // namespace host
