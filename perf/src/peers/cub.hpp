// cub.hpp - peers on CUDA: CUB's device-wide algorithms, composed. In a build without CUDA each
// says that it is absent.
#pragma once

#include "perf/src/peers/tensors.hpp"

namespace sslcuda::perf::cub_peer {

std::string version();  // empty when absent

Side mse(const Library& library, const MseTensors& t);

}  // namespace sslcuda::perf::cub_peer
