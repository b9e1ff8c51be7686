// test_layer_rules.cpp - rules of single layers that the table of entries cannot tell.
#include <gtest/gtest.h>

#include <functional>

#include "tests/ops/context.hpp"

namespace sslcuda::test {
namespace {

class LayerRules : public testing::Test {
 protected:
  void refused(sslcuda_status actual, sslcuda_status expected, const std::string& mentioned) {
    EXPECT_STREQ(sslcuda_status_name(actual), sslcuda_status_name(expected));
    const std::string message = last_message(context_);
    EXPECT_NE(message.find(mentioned), std::string::npos) << message << " lacks " << mentioned;
  }

  Context context_{SSLCUDA_DEVICE_CPU};
};

TEST_F(LayerRules, PoolShape) {
  float x[16] = {}, y[16] = {};
  const auto changed = [&](const std::function<void(sslcuda_pool2d_shape&)>& change) {
    sslcuda_pool2d_shape shape{sizeof shape, 1, 1, 4, 4, 3, 3, 1, 1, 0, 0};
    change(shape);
    return sslcuda_pool2d_forward(context_, SSLCUDA_F32, SSLCUDA_POOL_MAX, &shape, x, y);
  };
  EXPECT_EQ(changed([](auto&) {}), SSLCUDA_OK) << last_message(context_);
  EXPECT_EQ(changed([](auto& s) { s.pad_h = s.pad_w = 1; }), SSLCUDA_OK);
  refused(changed([](auto& s) { s.size = 8; }), SSLCUDA_VERSION_MISMATCH, "shape->size must be 88");
  refused(changed([](auto& s) { s.kernel_w = 5; }), SSLCUDA_INVALID_SHAPE,
          "kernel must fit the padded w = 4, got 5");
  refused(changed([](auto& s) { s.pad_h = 2; }), SSLCUDA_INVALID_SHAPE,
          "2 pad_h must be <= kernel_h = 3, got pad_h = 2");
  refused(sslcuda_pool2d_forward(context_, SSLCUDA_F32, SSLCUDA_POOL_MAX, nullptr, x, y),
          SSLCUDA_NULL_POINTER, "shape");
}

// The largest values are found again by comparing x with y.
TEST_F(LayerRules, MaximaNeedInputsAndOutputs) {
  float x[4] = {}, y[1] = {}, grad_y[1] = {}, grad_x[4] = {};
  const sslcuda_pool2d_shape shape{sizeof shape, 1, 1, 2, 2, 2, 2, 0, 0, 0, 0};
  const auto call = [&](const float* in, const float* out) {
    return sslcuda_pool2d_backward(context_, SSLCUDA_F32, SSLCUDA_POOL_MAX, &shape, in, out, grad_y,
                                   grad_x);
  };
  EXPECT_EQ(call(x, y), SSLCUDA_OK);
  refused(call(nullptr, y), SSLCUDA_NULL_POINTER, "x must not be NULL");
  refused(call(x, nullptr), SSLCUDA_NULL_POINTER, "y must not be NULL");
}

TEST_F(LayerRules, BatchNorm) {
  float x[4] = {1, 2, 3, 4}, y[4] = {}, running_mean[4] = {}, running_var[4] = {};
  const auto call = [&](int64_t n, int32_t training, float* mean, float* var) {
    return sslcuda_batch_norm_forward(context_, SSLCUDA_F32, n, 2, 1, x, nullptr, nullptr, mean,
                                      var, training, 0.1f, 1e-5f, 0, y, nullptr, nullptr);
  };
  EXPECT_EQ(call(2, 1, nullptr, nullptr), SSLCUDA_OK) << last_message(context_);
  EXPECT_EQ(call(1, 0, running_mean, running_var), SSLCUDA_OK) << last_message(context_);
  refused(call(1, 1, nullptr, nullptr), SSLCUDA_INVALID_SHAPE, "n plane must be >= 2 in training");
  refused(call(0, 1, nullptr, nullptr), SSLCUDA_INVALID_SHAPE, "got n = 0, plane = 1");
  refused(call(2, 1, running_mean, nullptr), SSLCUDA_NULL_POINTER, "running_var");
  refused(call(2, 1, nullptr, running_var), SSLCUDA_NULL_POINTER, "running_mean");
  EXPECT_EQ(running_mean[0], 0);
}

TEST_F(LayerRules, Groups) {
  float x[12] = {}, y[12] = {};
  const auto call = [&](int64_t groups) {
    return sslcuda_group_norm_forward(context_, SSLCUDA_F32, 1, 6, 2, groups, x, nullptr, nullptr,
                                      1e-5f, 0, y, nullptr, nullptr);
  };
  EXPECT_EQ(call(3), SSLCUDA_OK) << last_message(context_);
  refused(call(4), SSLCUDA_INVALID_SHAPE, "groups must divide c = 6, got 4");
  refused(call(0), SSLCUDA_INVALID_SHAPE, "groups must be >= 1, got 0");
}

}  // namespace
}  // namespace sslcuda::test
