// test_signals.cpp - signals that arrive in the middle of a product: Ctrl-C, timers, profilers.
// Their handlers write below the stack pointer, which a product's kernel must not do.
#include <gtest/gtest.h>
#include <sys/time.h>

#include <csignal>
#include <cstdlib>

#include "tests/ops/context.hpp"

namespace sslcuda::test {
namespace {

volatile std::sig_atomic_t handled = 0;

void rain_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { handled = handled + 1; };
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, nullptr);
  const itimerval every_50_us{{0, 50}, {0, 50}};
  setitimer(ITIMER_REAL, &every_50_us, nullptr);
}

// The first product of each shape is made in peace, and those in the rain must have its bits.
[[noreturn]] void multiply_in_the_rain() {
  constexpr int kProducts = 4000;
  constexpr int64_t kM = 44, kN = 128, kK = 784;
  const Context context(SSLCUDA_DEVICE_CPU, 1);
  const Buffer<float> a(context, std::vector<float>(kM * kK, 0.5f));
  const Buffer<float> b(context, std::vector<float>(kK * kN, 0.25f)), c(context, kM * kN);
  const auto multiply = [&] {
    context.run([&] {
      return sslcuda_matmul(context, SSLCUDA_F32, kM, kN, kK, a, kK, 0, b, kN, 0, 1, 0, c, kN);
    });
    return c.download();
  };
  const std::vector<float> expected = multiply();
  rain_signals();
  for (int i = 0; i < kProducts; ++i) {
    if (multiply() != expected) std::_Exit(1);
  }
  std::_Exit(handled > 100 ? 0 : 2);
}

TEST(Signals, LeaveProductsAlone) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(multiply_in_the_rain(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace sslcuda::test
