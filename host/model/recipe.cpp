#include "host/model/recipe.hpp"

namespace host {

void apply_recipe(const std::string& program, TrainOptions& options) {
  if (program == "simclr") {
    options.epochs = 10;
    options.batch_size = 256;
    options.augment = true;
    options.temperature = 0.2;
    options.lr_schedule = "cosine";
    options.warmup_epochs = 1;
  } else if (program == "rotnet") {
    options.batch_size = 128;
    options.lr_schedule = "cosine";
  } else if (program == "vae") {
    options.epochs = 10;
    options.batch_size = 128;
  }
}

sslcuda_augmentation no_augmentation() { return SSLCUDA_AUGMENTATION_INIT; }

// No flips: a mirrored digit is another shape.
sslcuda_augmentation simclr_augmentation() {
  sslcuda_augmentation a = SSLCUDA_AUGMENTATION_INIT;
  a.scale_low = 0.4f;
  a.ratio_low = 0.75f;
  a.ratio_high = 4.0f / 3;
  a.degrees = 15;
  a.shear = 10;
  a.translate = 0.1f;
  a.contrast = 0.4f;
  a.blur = 0.5f;
  a.sigma_low = 0.5f;
  a.sigma_high = 1.5f;
  a.noise = 0.05f;
  return a;
}

sslcuda_augmentation contrastive_augmentation() {
  sslcuda_augmentation a = SSLCUDA_AUGMENTATION_INIT;
  a.degrees = 10;
  a.translate = 0.07f;
  a.noise = 0.1f;
  a.fill = -1;  // black: the program's pixels are in -1..1
  return a;
}

sslcuda_augmentation denoise_corruption() {
  sslcuda_augmentation a = SSLCUDA_AUGMENTATION_INIT;
  a.noise = 0.3f;
  a.drop = 0.3f;
  return a;
}

}  // namespace host
