// test_out_of_memory_first.cpp - no memory where something is done once in a process: the first
// context on the CPU, in which oneDNN compiles its kernels, and the first product of a kind, which
// compiles nothing. Each try is a child; ctest runs each test in a process of its own, so there was
// no context before.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <vector>

#include "sslcuda.h"
#include "tests/abi/alloc_faults.hpp"

namespace sslcuda::test {
namespace {

sslcuda_status create(sslcuda_context** context) {
  sslcuda_context_options options = SSLCUDA_CONTEXT_OPTIONS_INIT;
  options.device = SSLCUDA_DEVICE_CPU;
  options.threads = 1;  // OpenMP's runtime ends the process when a thread cannot be started
  return sslcuda_context_create(&options, context);
}

// The children's exit codes: 0 for what is promised, kDone when nothing failed any more.
constexpr int kDone = 42;

void in_child(const std::function<int()>& body, int* result) {
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) _exit(body());
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  *result = WEXITSTATUS(status);
  ASSERT_TRUE(*result == 0 || *result == kDone) << *result;
}

// For each of these oneDNN has kernels of its own.
struct Product {
  const char* name;
  int64_t m, n, k;
  int32_t transpose_a, transpose_b;
};
constexpr Product kProducts[] = {{"small", 64, 64, 64, 0, 0},
                                 {"small, transposed", 64, 64, 64, 1, 1},
                                 {"few rows", 3, 64, 64, 0, 1},
                                 {"one row", 1, 64, 64, 0, 0},
                                 {"one row, transposed", 1, 64, 64, 0, 1},
                                 {"one column", 64, 1, 64, 0, 0},
                                 {"large", 400, 400, 400, 0, 0},
                                 {"large, transposed", 400, 400, 400, 1, 1}};

struct Ones {
  explicit Ones(const Product& p)
      : product(p), a(p.m * p.k, 1.0f), b(p.k * p.n, 1.0f), c(p.m * p.n, 0.0f) {}
  sslcuda_status multiply(sslcuda_context* context) {
    const auto& [name, m, n, k, transpose_a, transpose_b] = product;
    return sslcuda_matmul(context, SSLCUDA_F32, m, n, k, a.data(), transpose_a ? m : k, transpose_a,
                          b.data(), transpose_b ? k : n, transpose_b, 1, 0, c.data(), n);
  }
  bool are(int64_t value, int64_t or_value) const {
    return std::all_of(c.begin(), c.end(), [=](float x) {
      return x == static_cast<float>(value) || x == static_cast<float>(or_value);
    });
  }
  bool are_right() const { return are(product.k, product.k); }
  Product product;
  std::vector<float> a, b, c;
};

int first_product(sslcuda_context* context, const Product& product, int nth, bool all_after) {
  Ones ones(product);
  arm(nth, all_after);
  const sslcuda_status status = ones.multiply(context);
  if (disarm() < nth) return status == SSLCUDA_OK ? kDone : 3;
  if (status != SSLCUDA_OUT_OF_MEMORY) return 100 + status;
  if (!ones.are(0, product.k)) return 4;  // some parts of a large one may be there
  if (ones.multiply(context) || !ones.are_right()) return 5;
  return 0;
}

TEST(OutOfMemoryAtFirst, MatrixProduct) {
  sslcuda_context* context = nullptr;
  ASSERT_EQ(create(&context), SSLCUDA_OK);
  for (const Product& product : kProducts) {
    for (const bool all_after : {false, true}) {
      for (int nth = 1, result = 0; result != kDone; ++nth) {
        SCOPED_TRACE(std::string(product.name) + ", allocation " + std::to_string(nth));
        ASSERT_NO_FATAL_FAILURE(
            in_child([&] { return first_product(context, product, nth, all_after); }, &result));
      }
    }
  }
  EXPECT_EQ(sslcuda_context_destroy(context), SSLCUDA_OK);
}

// With so many bytes of addresses left, in which oneDNN has to compile its kernels.
int first_context(size_t bytes) {
  Ones ones(kProducts[0]);
  size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  rlimit before{};
  if (getrlimit(RLIMIT_AS, &before)) return 2;
  rlimit now = before;
  now.rlim_cur = pages * static_cast<size_t>(sysconf(_SC_PAGESIZE)) + bytes;
  if (setrlimit(RLIMIT_AS, &now)) return 3;
  sslcuda_context* context = nullptr;
  const sslcuda_status status = create(&context);
  if (setrlimit(RLIMIT_AS, &before)) return 4;
  if (status != SSLCUDA_OK && status != SSLCUDA_OUT_OF_MEMORY) return 100 + status;
  if (status == SSLCUDA_OUT_OF_MEMORY && create(&context)) return 5;
  if (ones.multiply(context) || !ones.are_right()) return 6;
  return status == SSLCUDA_OK ? kDone : 0;
}

TEST(OutOfMemoryAtFirst, Context) {
  constexpr size_t kStep = size_t{512} << 10;
  size_t bytes = 0;
  for (int result = 0; result != kDone;) {
    bytes += kStep;
    SCOPED_TRACE(std::to_string(bytes >> 10) + " KiB");
    ASSERT_LT(bytes, size_t{1} << 30);
    ASSERT_NO_FATAL_FAILURE(in_child([&] { return first_context(bytes); }, &result));
  }
  EXPECT_GT(bytes, kStep);
}

}  // namespace
}  // namespace sslcuda::test
