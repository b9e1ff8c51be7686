// tensor_map.hpp - the emulator's side of kernels/cuda/device/tensor_map.hpp.
#pragma once

#include <cuda_runtime.h>

#include <cstdint>

#include "tests/emulator/tensor_map.hpp"

namespace ptx {

using emulator::TensorMap;

}  // namespace ptx

namespace sslcuda::cuda {

using emulator::make_tensor_map;
using emulator::TensorBox;
using emulator::TensorType;

}  // namespace sslcuda::cuda
