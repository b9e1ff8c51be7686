// cross_entropy.cpp - softmax cross-entropy with labels: loss and row losses, or with the gradient.
//   FLOPs: about 4 an element (subtract, exp, add, scale), never the limit
#include "tests/reference/cross_entropy.hpp"
#include "perf/src/ops/ops.hpp"
#include "perf/src/peers/cudnn.hpp"
#include "perf/src/peers/onednn.hpp"
#include "perf/src/random.hpp"

namespace sslcuda::perf {

Case cross_entropy(const Problem& problem, const Library& library) {
  const int64_t n = problem["n"], v = problem["v"];
  const bool gradient = problem.get("grad", 0) != 0;
  Case c;
  const auto logits = c.input(normal(n * v, 1));
  const auto labels = c.input(whole<int64_t>(n, 2, v));
  const auto loss = c.output(1), row_loss = c.output(n), grad = c.output(gradient ? n * v : 0);
  c.flops = 4.0 * n * v;
  c.ours = [=](sslcuda_context* context, const Set& set) {
    return sslcuda_cross_entropy(context, SSLCUDA_F32, n, v, set[logits], v, set[labels], nullptr,
                                 -100, 0, nullptr, set[loss], set[row_loss],
                                 gradient ? set[grad] : nullptr);
  };
  c.check = [=](const Values& values, Checker& checker) {
    const auto rows = some_of(n);
    reference::CrossEntropyInput in{};
    in.n = static_cast<int64_t>(rows.size());
    in.v = v;
    in.logits = rows_of(values.before(logits), v, rows);
    in.ignore_index = -100;
    for (const int64_t row : rows) in.labels.push_back(values.before(labels)[row]);
    in.grad_loss = static_cast<double>(in.n) / static_cast<double>(n);
    const auto expected = reference::cross_entropy(in);
    checker.compare("row_loss", rows_of(values[row_loss], 1, rows), expected.row_loss,
                    sum_tolerance(v));
    double mean = 0;
    for (const float value : values[row_loss]) mean += value / static_cast<double>(n);
    checker.compare("loss", wide(values[loss]), {mean}, sum_tolerance(n));
    if (gradient) {
      checker.compare("grad_logits", rows_of(values[grad], v, rows), expected.grad_logits,
                      sum_tolerance(v));
    }
  };
  const SoftmaxTensors t{n, v, logits};
  if (library.on_cpu()) {
    c.add_peer("oneDNN", [&] { return onednn::softmax(t); });
  } else {
    c.add_peer("cuDNN", [&] { return cudnn::softmax(library, t); });
  }
  return c;
}

}  // namespace sslcuda::perf
