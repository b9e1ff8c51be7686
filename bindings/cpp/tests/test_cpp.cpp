// test_cpp.cpp - the C++ layer: ownership, views, failures, graphs, plans.
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <optional>
#include <sslcuda.hpp>

namespace {

using sslcuda::Buffer;
using sslcuda::Context;
using sslcuda::Error;

sslcuda_status status_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.status();
  }
  return SSLCUDA_OK;
}

TEST(Cpp, UploadTakesWhatHasDataAndSize) {
  const auto ctx = Context::cpu();
  const float array[] = {1, 2, 3};
  EXPECT_EQ(ctx.upload(std::vector<float>{4, 5}).to_vector(), (std::vector<float>{4, 5}));
  EXPECT_EQ(ctx.upload(std::array<int64_t, 2>{6, 7}).to_vector(), (std::vector<int64_t>{6, 7}));
  EXPECT_EQ(ctx.upload(array).to_vector(), (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(ctx.upload(sslcuda::View<const float>(array, 2)).to_vector().size(), 2u);
  EXPECT_EQ(ctx.upload(std::vector<float>()).to_vector().size(), 0u);
  EXPECT_EQ(ctx.zeros<float>(2).to_vector(), (std::vector<float>{0, 0}));
}

TEST(Cpp, ErrorHasStatusAndMessage) {
  const auto ctx = Context::cpu();
  const auto rows = ctx.zeros<float>(4);
  try {
    ctx.call(sslcuda_infonce, SSLCUDA_F32, 2, 2, rows.data(), 2, rows.data(), 2, -1.0f, nullptr,
             nullptr, nullptr, nullptr, nullptr, nullptr, nullptr);
    FAIL() << "not refused";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(),
                 "SSLCUDA_INVALID_VALUE: sslcuda_infonce: tau must be finite and > 0, got -1");
    EXPECT_EQ(dynamic_cast<const Error&>(error).status(), SSLCUDA_INVALID_VALUE);
  }
}

TEST(Cpp, ErrorWithoutContextHasMessage) {
  sslcuda_context_options options = SSLCUDA_CONTEXT_OPTIONS_INIT;
  options.threads = -1;
  try {
    const Context ctx(options);
    FAIL() << "not refused";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("threads must be >= 0, got -1"), std::string::npos);
  }
}

TEST(Cpp, LengthsAreChecked) {
  const auto ctx = Context::cpu();
  auto buffer = ctx.zeros<float>(3);
  std::array<float, 2> two{};
  EXPECT_EQ(status_of([&] { buffer.read(two); }), SSLCUDA_INVALID_SHAPE);
  EXPECT_EQ(status_of([&] { buffer.write(two); }), SSLCUDA_INVALID_SHAPE);
  EXPECT_EQ(status_of([&] { ctx.allocate<double>(SIZE_MAX / 2); }), SSLCUDA_SIZE_OVERFLOW);
}

TEST(Cpp, BufferOutlivesItsContextObject) {
  std::optional<Context> ctx = Context::cpu();
  auto buffer = ctx->upload(std::vector<float>{1, 2});
  ctx.reset();
  EXPECT_EQ(buffer.to_vector(), (std::vector<float>{1, 2}));
}

TEST(Cpp, MovedBufferIsFreedOnce) {
  const auto ctx = Context::cpu();
  auto first = ctx.upload(std::vector<float>{1});
  const float* memory = first.data();
  Buffer<float> second = std::move(first);
  EXPECT_EQ(second.data(), memory);
  EXPECT_EQ(first.data(), nullptr);
  EXPECT_EQ(first.size(), 0u);
  second = ctx.upload(std::vector<float>{2, 3});
  // The memory is no longer the context's: it was freed when it was assigned over.
  EXPECT_NE(sslcuda_free(ctx.get(), const_cast<float*>(memory)), SSLCUDA_OK);
  EXPECT_EQ(second.to_vector(), (std::vector<float>{2, 3}));
}

TEST(Cpp, GraphReadsTheContentsOfItsLaunch) {
  const auto ctx = Context::cpu();
  auto x = ctx.zeros<float>(2);
  const auto target = ctx.zeros<float>(2);
  auto loss = ctx.zeros<float>(1);
  auto graph = ctx.capture([&] {
    ctx.call(sslcuda_mse, SSLCUDA_F32, x.count(), x.data(), target.data(), 0, nullptr, loss.data(),
             nullptr);
  });
  EXPECT_EQ(loss.to_vector()[0], 0);
  x.write(std::array<float, 2>{2, 2});
  graph.launch();
  EXPECT_EQ(loss.to_vector()[0], 4);
}

TEST(Cpp, FailedCaptureLeavesTheContextUsable) {
  const auto ctx = Context::cpu();
  EXPECT_THROW(ctx.capture([] { throw std::runtime_error("of the caller"); }), std::runtime_error);
  EXPECT_THROW(ctx.plan([] { throw std::runtime_error("of the caller"); }), std::runtime_error);
  EXPECT_EQ(ctx.upload(std::vector<float>{1}).to_vector()[0], 1);
}

TEST(Cpp, PlanTellsTheWorkspace) {
  const auto ctx = Context::cpu();
  const auto rows = ctx.zeros<float>(64);
  auto grad = ctx.allocate<float>(64);
  const auto bytes = ctx.plan([&] {
    ctx.call(sslcuda_infonce, SSLCUDA_F32, 8, 8, rows.data(), 8, rows.data(), 8, 1.0f, nullptr,
             nullptr, nullptr, nullptr, grad.data(), nullptr, nullptr);
  });
  EXPECT_GT(bytes, 0u);
  ctx.reserve(bytes);
  ctx.synchronize();
}

}  // namespace
