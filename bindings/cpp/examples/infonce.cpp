// infonce.cpp - an InfoNCE loss and its gradients from C++, on a GPU or the CPU.
//   c++ -std=c++17 infonce.cpp $(pkg-config --cflags --libs sslcuda) -o infonce && ./infonce
#include <array>
#include <cstdio>
#include <sslcuda.hpp>

namespace {

constexpr std::int64_t kN = 3, kD = 2;

void print(const char* name, const std::vector<float>& matrix) {
  for (std::size_t i = 0; i < matrix.size(); i += 2) {
    std::printf("%s %.6f %.6f\n", name, static_cast<double>(matrix[i]),
                static_cast<double>(matrix[i + 1]));
  }
}

void run() {
  const sslcuda::Context ctx;
  // Row i of a and row i of b are a pair; the other rows of b are what a[i] must not match.
  const auto a = ctx.upload(std::array<float, 6>{1, 0, 0, 1, -1, 0.5f});
  const auto b = ctx.upload(std::array<float, 6>{0.9f, 0.1f, 0.2f, 1, -1, 0});
  auto loss = ctx.allocate<float>(1);
  auto grad_a = ctx.allocate<float>(a.size());
  auto grad_b = ctx.allocate<float>(b.size());

  // Any function of sslcuda.h, without the context; an Error is thrown if it fails.
  ctx.call(sslcuda_infonce, SSLCUDA_F32, kN, kD, a.data(), kD, b.data(), kD, 0.5f, nullptr, nullptr,
           loss.data(), nullptr, grad_a.data(), grad_b.data(), nullptr);

  std::printf("loss %.6f\n", static_cast<double>(loss.to_vector()[0]));
  print("grad_a", grad_a.to_vector());
  print("grad_b", grad_b.to_vector());
}

}  // namespace

int main() {
  try {
    run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
