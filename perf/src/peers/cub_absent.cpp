// cub_absent.cpp - stands in for cub.cu in a build without CUDA.
#include "perf/src/peers/cub.hpp"

namespace sslcuda::perf::cub_peer {

std::string version() { return ""; }

Side mse(const Library&, const MseTensors&) { return absent_side("CUB", "not in this build"); }

}  // namespace sslcuda::perf::cub_peer
