// linear.cpp - y = act(x W^T + bias) and its gradients.
//   FLOPs: 2 n in out a product; one forward, two backward
#include "tests/reference/linear.hpp"
#include "perf/src/ops/ops.hpp"
#include "perf/src/peers/cublas.hpp"
#include "perf/src/peers/onednn.hpp"
#include "perf/src/random.hpp"

namespace sslcuda::perf {
namespace {

using reference::LinearShape;

LinearShape shape_of(const Problem& p) { return {p["n"], p["in"], p["out"]}; }

std::vector<float> activated(int32_t activation, std::vector<float> u) {
  for (float& value : u) value = static_cast<float>(reference::activate(activation, value));
  return u;
}

}  // namespace

Case linear_forward(const Problem& problem, const Library& library) {
  const LinearShape s = shape_of(problem);
  const DType& type = problem.type();
  const auto activation = static_cast<int32_t>(problem.get("activation", 0));
  Case c;
  LinearTensors t{s, activation, {}, {}, {}, {}, {}, {}, {}, {}};
  t.x = c.input(type, normal(s.n * s.in, 1));
  t.weight = c.input(type, normal(s.out * s.in, 2, 1 / std::sqrt(static_cast<float>(s.in))));
  t.bias = c.input(type, normal(s.out, 3));
  t.y = c.output(type, s.n * s.out);
  c.flops = 2.0 * s.n * s.in * s.out;
  c.ours = [=](sslcuda_context* context, const Set& set) {
    return sslcuda_linear_forward(context, t.x.type->code, s.n, s.in, s.out, set[t.x],
                                  set[t.weight], set[t.bias], activation, set[t.y]);
  };
  c.check = [=](const Values& v, Checker& checker) {
    const auto rows = some_of(s.n), outs = some_of(s.out);
    const LinearShape part{static_cast<int64_t>(rows.size()), s.in,
                           static_cast<int64_t>(outs.size())};
    const Vector y = rows_of(v[t.y], s.out, rows);
    checker.compare("y", columns_of(y, s.out, outs),
                    linear_forward(part, rows_of(v.before(t.x), s.in, rows),
                                   rows_of(v.before(t.weight), s.in, outs),
                                   rows_of(v.before(t.bias), 1, outs), activation),
                    sum_tolerance(s.in, *t.x.type));
  };
  if (library.on_cpu()) {
    c.add_peer("oneDNN", [&] { return onednn::linear_forward(t); });
  } else {
    c.add_peer("cuBLASLt", [&] { return cublas::linear_forward(library, t); });
  }
  return c;
}

Case linear_backward(const Problem& problem, const Library& library) {
  const LinearShape s = shape_of(problem);
  const DType& type = problem.type();
  const auto activation = static_cast<int32_t>(problem.get("activation", 0));
  Case c;
  LinearTensors t{s, activation, {}, {}, {}, {}, {}, {}, {}, {}};
  t.x = c.input(type, normal(s.n * s.in, 1));
  t.weight = c.input(type, normal(s.out * s.in, 2, 1 / std::sqrt(static_cast<float>(s.in))));
  if (activation != SSLCUDA_ACTIVATION_NONE) {
    t.y = c.input(type, activated(activation, normal(s.n * s.out, 3)));
  } else {
    t.y = c.input(type, {});  // the op does not read it
  }
  t.grad_y = c.input(type, normal(s.n * s.out, 4));
  t.grad_x = c.output(type, s.n * s.in);
  t.grad_weight = c.output(type, s.out * s.in);
  t.grad_bias = c.output(type, s.out);
  c.flops = 4.0 * s.n * s.in * s.out;
  c.ours = [=](sslcuda_context* context, const Set& set) {
    return sslcuda_linear_backward(
        context, t.x.type->code, s.n, s.in, s.out, set[t.x], set[t.weight],
        activation == SSLCUDA_ACTIVATION_NONE ? nullptr : set[t.y], set[t.grad_y], activation,
        set[t.grad_x], set[t.grad_weight], set[t.grad_bias]);
  };
  c.check = [=](const Values& v, Checker& checker) {
    const bool with_y = activation != SSLCUDA_ACTIVATION_NONE;
    const auto rows = some_of(s.n), outs = some_of(s.out);
    const LinearShape some_rows{static_cast<int64_t>(rows.size()), s.in, s.out};
    const LinearShape some_outs{s.n, s.in, static_cast<int64_t>(outs.size())};
    const Vector y_rows = with_y ? rows_of(v.before(t.y), s.out, rows) : Vector();
    const Vector y_outs = with_y ? columns_of(v.before(t.y), s.out, outs) : Vector();
    const auto by_rows =
        linear_backward(some_rows, rows_of(v.before(t.x), s.in, rows), wide(v.before(t.weight)),
                        y_rows, rows_of(v.before(t.grad_y), s.out, rows), activation);
    const auto by_outs =
        linear_backward(some_outs, wide(v.before(t.x)), rows_of(v.before(t.weight), s.in, outs),
                        y_outs, columns_of(v.before(t.grad_y), s.out, outs), activation);
    checker.compare("grad_x", rows_of(v[t.grad_x], s.in, rows), by_rows.x,
                    sum_tolerance(s.out, *t.x.type));
    checker.compare("grad_weight", rows_of(v[t.grad_weight], s.in, outs), by_outs.weight,
                    sum_tolerance(s.n, *t.x.type));
    checker.compare("grad_bias", rows_of(v[t.grad_bias], 1, outs), by_outs.bias,
                    sum_tolerance(s.n, *t.x.type));
  };
  if (library.on_cpu()) {
    c.add_peer("oneDNN", [&] { return onednn::linear_backward(t); });
  } else {
    c.add_peer("cuBLASLt", [&] { return cublas::linear_backward(library, t); });
  }
  return c;
}

}  // namespace sslcuda::perf
