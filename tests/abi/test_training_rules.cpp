// test_training_rules.cpp - rules of the optimisers and of augmentation that the table in
// entries.hpp cannot state.
#include <gtest/gtest.h>

#include "tests/ops/context.hpp"

namespace sslcuda::test {
namespace {

TEST(TrainingRules, VelocitiesAreWantedWithMomentumAlone) {
  const Context context(SSLCUDA_DEVICE_CPU);
  float param[2] = {1, 2}, grad[2] = {1, 1};
  const int64_t counts[] = {2};
  void* params[] = {param};
  const void* grads[] = {grad};
  const auto call = [&](double momentum) {
    return sslcuda_sgd_step(context, SSLCUDA_F32, 1, counts, params, grads, nullptr, 0.5, nullptr,
                            momentum, 0, 0);
  };
  EXPECT_EQ(call(0.9), SSLCUDA_NULL_POINTER);
  EXPECT_NE(last_message(context).find("velocities must not be NULL"), std::string::npos);
  EXPECT_EQ(param[0], 1);
  EXPECT_EQ(call(0), SSLCUDA_OK) << last_message(context);
  EXPECT_EQ(param[0], 0.5f);
}

TEST(TrainingRules, Augmentation) {
  const Context context(SSLCUDA_DEVICE_CPU);
  const float x[4] = {1, 2, 3, 4};
  float y[4] = {};
  const auto call = [&](const sslcuda_augmentation* augmentation, int64_t h) {
    return sslcuda_augment(context, SSLCUDA_F32, 1, 1, h, 2, x, 1, augmentation, 1, 2, nullptr, y);
  };
  sslcuda_augmentation augmentation = SSLCUDA_AUGMENTATION_INIT;
  EXPECT_EQ(call(&augmentation, 2), SSLCUDA_OK) << last_message(context);
  EXPECT_EQ(y[3], 4);
  EXPECT_EQ(call(nullptr, 2), SSLCUDA_NULL_POINTER);
  EXPECT_EQ(call(&augmentation, (1 << 24) + 1), SSLCUDA_INVALID_SHAPE);
  EXPECT_NE(last_message(context).find("got 16777217"), std::string::npos);
  augmentation.size -= 1;
  EXPECT_EQ(call(&augmentation, 2), SSLCUDA_VERSION_MISMATCH);
}

}  // namespace
}  // namespace sslcuda::test
