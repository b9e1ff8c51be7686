// recipe.hpp - what is particular to each method: its defaults and how it changes images.
#pragma once

#include <string>

#include "host/abi/abi.hpp"
#include "host/train/options.hpp"

namespace host {

// Sets the options in which the program differs from TrainOptions' own defaults.
void apply_recipe(const std::string& program, TrainOptions& options);

sslcuda_augmentation no_augmentation();
sslcuda_augmentation contrastive_augmentation();
sslcuda_augmentation simclr_augmentation();
sslcuda_augmentation denoise_corruption();

}  // namespace host
