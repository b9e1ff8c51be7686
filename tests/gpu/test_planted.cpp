// test_planted.cpp - a fault for scripts/gpu_check to find. Like any op test it compares an op with
// its reference; with SSLCUDA_PLANT_FAULT set, one element of the result is wrong, by little.
#include <cstdlib>

#include "tests/ops/fixture.hpp"
#include "tests/reference/linear.hpp"

namespace sslcuda::test {
namespace {

class Planted : public OpTest {};

TEST_P(Planted, WrongResult) {
  constexpr reference::LinearShape kShape{65, 33, 17};
  constexpr int64_t kCount = kShape.n * kShape.out, kWrong = kCount - 2;
  const Floats x = normal(kShape.n * kShape.in, 1), weight = normal(kShape.out * kShape.in, 2);
  const Buffer<float> dx(context(), x), dweight(context(), weight), y(context(), kCount);
  context().run([&] {
    return sslcuda_linear_forward(context(), SSLCUDA_F32, kShape.n, kShape.in, kShape.out, dx,
                                  dweight, nullptr, 0, y);
  });
  const Vector size = reference::linear_forward(kShape, reference::absolute(wide(x)),
                                                reference::absolute(wide(weight)), {}, 0);
  const Vector tolerance = sum_tolerance(kShape.in, size);
  if (std::getenv("SSLCUDA_PLANT_FAULT")) {
    Floats wrong = y.download();
    wrong[kWrong] += static_cast<float>(4 * tolerance[kWrong]);
    y.upload(wrong);
  }
  expect_within("y", y.download(), reference::linear_forward(kShape, wide(x), wide(weight), {}, 0),
                tolerance);
}

INSTANTIATE_TEST_SUITE_P(, Planted, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
