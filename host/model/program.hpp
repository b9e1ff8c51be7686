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
  int64_t h, w;                // of an image
  int64_t images;              // in the training set
  int64_t batch;               // largest n of any call
  double temperature;          // contrastive methods only
  uint64_t seed = 0;           // of what is drawn on the device
  bool augment = false;        // contrastive methods only: two distinct views
  std::string norm = "batch";  // or group: of the convolutional encoder
};

// One step's images.
struct Batch {
  int64_t n;
  const float* x;             // [n, h * w]
  const int64_t* cursor;      // device: they are those from *cursor on in the epoch's order
  const int64_t* steps_done;  // device: counts the steps of the run; draws differ by it
};

// Where features are taken: from the encoder, or behind the head that the loss sees.
enum class Layer { kBackbone, kProjector };

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

  // Queues loss and gradients.
  virtual void gradients(const Batch& batch) = 0;

  // Queues the features y [n, feature_width] by which an evaluation compares images x [n, h * w].
  virtual bool has_projector() const { return false; }
  virtual int64_t feature_width(Layer layer) const = 0;
  virtual void features(Layer layer, int64_t n, const float* x, float* y) = 0;

  // Queues the images y [n, h * w] that the program makes of x, if it reconstructs.
  virtual bool reconstructs() const { return false; }
  virtual void reconstruct(int64_t /*n*/, const float* /*x*/, float* /*y*/) {}

  // Queues x as training would see it, corrupted, if it does that; `sequence` chooses the draw.
  virtual bool corrupts() const { return false; }
  virtual void corrupt(int64_t /*n*/, const float* /*x*/, uint64_t /*sequence*/, float* /*y*/) {}

  // Queues the images y [n, h * w] of the codes z [n, latent_width], if it is generative: then
  // codes drawn from a standard normal distribution give new images. 0: it is not.
  virtual int64_t latent_width() const { return 0; }
  virtual void decode(int64_t /*n*/, const float* /*z*/, float* /*y*/) {}

 protected:
  Parameters parameters_;
  Context& context_;
  Buffer<float> loss_;
};

// name: that of a method, see recipe.hpp.
std::unique_ptr<Program> make_program(const std::string& name, Context& context,
                                      const ProgramConfig& config);

std::unique_ptr<Program> make_contrastive(Context& context, const ProgramConfig& config);
std::unique_ptr<Program> make_rotation(Context& context, const ProgramConfig& config);
std::unique_ptr<Program> make_autoencoder(Context& context, const ProgramConfig& config);
std::unique_ptr<Program> make_denoise(Context& context, const ProgramConfig& config);
std::unique_ptr<Program> make_simclr(Context& context, const ProgramConfig& config);
std::unique_ptr<Program> make_rotnet(Context& context, const ProgramConfig& config);
std::unique_ptr<Program> make_vae(Context& context, const ProgramConfig& config);

}  // namespace host
