// sgd.cpp - one step of SGD or LARS. Tensors are cut into pieces; a piece reads and writes its
// elements once. For LARS, pieces leave their sums of squares in the workspace first, in double, so
// that no norm overflows or vanishes; these are added in order.
#include <cmath>

#include "kernels/cpu/arena.hpp"
#include "kernels/cpu/ops.hpp"
#include "kernels/cpu/parallel.hpp"

namespace sslcuda::cpu {
namespace {

constexpr int64_t kPiece = 2048;

struct Coefficients {
  float lr, momentum, weight_decay, scale;
  bool nesterov;
};

SSLCUDA_CLONES void plain_piece(const OptimizedTensor& t, const Coefficients& c, int64_t begin,
                                int64_t end) {
  float* const __restrict param = t.param;
  const float* const __restrict grad = t.grad;
  for (int64_t i = begin; i < end; ++i) {
    param[i] -= c.lr * (c.scale * (grad[i] + c.weight_decay * param[i]));
  }
}

SSLCUDA_CLONES void momentum_piece(const OptimizedTensor& t, const Coefficients& c, int64_t begin,
                                   int64_t end) {
  float* const __restrict param = t.param;
  const float* const __restrict grad = t.grad;
  float* const __restrict velocity = t.moment;
  for (int64_t i = begin; i < end; ++i) {
    const float g = c.scale * (grad[i] + c.weight_decay * param[i]);
    const float v = c.momentum * velocity[i] + g;
    velocity[i] = v;
    param[i] -= c.lr * (c.nesterov ? g + c.momentum * v : v);
  }
}

struct Squares {
  double param, grad;
};

// Sums in kLanes strands, added up in order.
SSLCUDA_CLONES Squares squares_of_piece(const OptimizedTensor& t, float weight_decay, int64_t begin,
                                        int64_t end) {
  constexpr int kLanes = 16;
  double params[kLanes] = {}, grads[kLanes] = {};
  const auto add = [&](int lane, int64_t i) {
    const double p = t.param[i], g = t.grad[i] + weight_decay * t.param[i];
    params[lane] += p * p;
    grads[lane] += g * g;
  };
  int64_t i = begin;
  for (; i + kLanes <= end; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) add(lane, i + lane);
  }
  for (int lane = 0; i + lane < end; ++lane) add(lane, i + lane);
  Squares sum{0, 0};
  for (int lane = 0; lane < kLanes; ++lane) {
    sum.param += params[lane];
    sum.grad += grads[lane];
  }
  return sum;
}

int64_t most_pieces(const SgdArgs& a) {
  int64_t most = 0;
  for (int t = 0; t < a.list.tensors; ++t) {
    if (a.adapts(t)) most = std::max(most, ceil_div(a.list.tensor[t].count, kPiece));
  }
  return most;
}

// What LARS multiplies the gradient of a tensor with.
float trust_ratio(const SgdArgs& a, const OptimizedTensor& tensor, Squares* of_piece) {
  parallel_pieces(tensor.count, kPiece, 8, [&](int64_t begin, int64_t end) {
    of_piece[begin / kPiece] =
        squares_of_piece(tensor, static_cast<float>(a.weight_decay), begin, end);
  });
  Squares sum{0, 0};
  for (int64_t i = 0; i < ceil_div(tensor.count, kPiece); ++i) {
    sum.param += of_piece[i].param;
    sum.grad += of_piece[i].grad;
  }
  if (sum.param == 0 || sum.grad == 0) return 1;
  return static_cast<float>(a.trust * std::sqrt(sum.param) / std::sqrt(sum.grad));
}

}  // namespace

size_t sgd_step_workspace(const SgdArgs& a) {
  Arena arena(nullptr);
  arena.take<Squares>(most_pieces(a));
  return arena.bytes();
}

int sgd_step(const Exec& exec, const SgdArgs& a) {
  const auto squares = static_cast<Squares*>(exec.workspace);
  const double lr = a.lr_device ? *a.lr_device : a.lr;
  for (int t = 0; t < a.list.tensors; ++t) {
    const OptimizedTensor& tensor = a.list.tensor[t];
    if (tensor.count == 0) continue;
    const Coefficients c{static_cast<float>(lr), static_cast<float>(a.momentum),
                         a.decays(t) ? static_cast<float>(a.weight_decay) : 0,
                         a.adapts(t) ? trust_ratio(a, tensor, squares) : 1, a.nesterov};
    const auto piece = tensor.moment ? momentum_piece : plain_piece;
    parallel_pieces(tensor.count, kPiece, 8,
                    [&](int64_t begin, int64_t end) { piece(tensor, c, begin, end); });
  }
  return kOk;
}

}  // namespace sslcuda::cpu
