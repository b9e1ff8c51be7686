#include <thrust/iterator/counting_iterator.h>
#include <cub/device/device_reduce.cuh>
#include <cub/device/device_transform.cuh>
#include <cuda/std/functional>
#include <cuda/std/tuple>

#include "perf/src/cuda_check.hpp"
#include "perf/src/peers/cub.hpp"

namespace sslcuda::perf::cub_peer {
namespace {

struct SquaredDifference {
  const float *x, *target;
  float scale;
  __host__ __device__ float operator()(int64_t i) const {
    const float difference = x[i] - target[i];
    return scale * difference * difference;
  }
};

struct ScaledDifference {
  float scale;
  __host__ __device__ float operator()(float x, float target) const { return scale * (x - target); }
};

cudaError_t reduce(void* scratch, size_t* bytes, const MseTensors& t, const SquaredDifference& term,
                   float* loss, cudaStream_t stream) {
  return cub::DeviceReduce::TransformReduce(scratch, *bytes, thrust::counting_iterator<int64_t>(0),
                                            loss, t.count, cuda::std::plus<float>(), term, 0.0f,
                                            stream);
}

}  // namespace

std::string version() {
  return std::to_string(CUB_MAJOR_VERSION) + '.' + std::to_string(CUB_MINOR_VERSION) + '.' +
         std::to_string(CUB_SUBMINOR_VERSION);
}

Side mse(const Library& library, const MseTensors& t) {
  const cudaStream_t stream = library.stream();
  const float scale = 1 / static_cast<float>(t.count);
  Side side;
  side.name = "CUB";
  side.version = version();
  size_t bytes = 0;
  must(reduce(nullptr, &bytes, t, {nullptr, nullptr, scale}, nullptr, stream));
  side.scratch_bytes = bytes;
  side.call = [=](const Set& set) {
    size_t scratch_bytes = bytes;
    must(reduce(set.scratch(), &scratch_bytes, t, {set[t.x], set[t.target], scale}, set[t.loss],
                stream));
    if (!t.gradient) return;
    must(cub::DeviceTransform::Transform(cuda::std::make_tuple(set[t.x], set[t.target]),
                                         set[t.grad_x], t.count, ScaledDifference{2 * scale},
                                         stream));
  };
  return side;
}

}  // namespace sslcuda::perf::cub_peer
