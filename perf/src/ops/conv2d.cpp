// conv2d.cpp - y = act(x * weight + bias) and its gradients; square kernels.
//   FLOPs: 2 n out out_h out_w c k^2 a product; one forward, two backward
#include "tests/reference/conv2d.hpp"
#include "perf/src/ops/ops.hpp"
#include "perf/src/peers/cudnn.hpp"
#include "perf/src/peers/onednn.hpp"
#include "perf/src/random.hpp"

namespace sslcuda::perf {
namespace {

using reference::abi_shape;
using reference::Conv2dShape;

Conv2dShape shape_of(const Problem& p) {
  Conv2dShape s{p["n"], p["c"], p["h"], p["w"], p["out"], p["k"], p["k"]};
  s.stride_h = s.stride_w = p.get("stride", 1);
  s.pad_h = s.pad_w = p.get("pad", 0);
  return s;
}

double products(const Conv2dShape& s) {
  return static_cast<double>(s.y_count()) * s.c * s.kernel_h * s.kernel_w;
}

int32_t activation_of(bool relu) {
  return relu ? SSLCUDA_ACTIVATION_RELU : SSLCUDA_ACTIVATION_NONE;
}

// The last image, and some of the output channels: what checks look at.
struct Part {
  std::vector<int64_t> image, outs;
  int64_t x_width, y_width, area, taps;
  explicit Part(const Conv2dShape& s)
      : image{s.n - 1},
        outs(some_of(s.out, 2)),
        x_width(s.c * s.h * s.w),
        y_width(s.out * s.out_h() * s.out_w()),
        area(s.out_h() * s.out_w()),
        taps(s.c * s.kernel_h * s.kernel_w) {}

  // Of a tensor of y's shape, the planes of `outs` of every image.
  Vector channels(const Conv2dShape& s, std::span<const float> y) const {
    std::vector<int64_t> planes;
    for (int64_t i = 0; i < s.n; ++i) {
      for (const int64_t o : outs) planes.push_back(i * s.out + o);
    }
    return rows_of(y, area, planes);
  }
};

}  // namespace

Case conv2d_forward(const Problem& problem, const Library& library) {
  const Conv2dShape s = shape_of(problem);
  const bool relu = problem.get("relu", 0) != 0;
  Case c;
  ConvTensors t{s, relu, {}, {}, {}, {}, {}, {}, {}, {}};
  const Part part(s);
  t.x = c.input(normal(s.x_count(), 1));
  t.weight = c.input(normal(s.weight_count(), 2, 1 / std::sqrt(static_cast<float>(part.taps))));
  t.bias = c.input(normal(s.out, 3));
  t.y = c.output(s.y_count());
  c.flops = 2 * products(s);
  c.ours = [=](sslcuda_context* context, const Set& set) {
    const sslcuda_conv2d_shape shape = abi_shape(s);
    return sslcuda_conv2d_forward(context, SSLCUDA_F32, &shape, set[t.x], set[t.weight],
                                  set[t.bias], activation_of(relu), set[t.y]);
  };
  c.check = [=](const Values& v, Checker& checker) {
    Conv2dShape one = s;
    one.n = 1;
    checker.compare(
        "y", rows_of(v[t.y], part.y_width, part.image),
        conv2d_forward(one, rows_of(v.before(t.x), part.x_width, part.image),
                       wide(v.before(t.weight)), wide(v.before(t.bias)), activation_of(relu)),
        sum_tolerance(part.taps));
  };
  if (library.on_cpu()) {
    c.add_peer("oneDNN", [&] { return onednn::conv2d_forward(t); });
  } else {
    c.add_peer("cuDNN", [&] { return cudnn::conv2d_forward(library, t); });
  }
  return c;
}

Case conv2d_backward(const Problem& problem, const Library& library) {
  const Conv2dShape s = shape_of(problem);
  const bool relu = problem.get("relu", 0) != 0;
  Case c;
  ConvTensors t{s, relu, {}, {}, {}, {}, {}, {}, {}, {}};
  const Part part(s);
  t.x = c.input(normal(s.x_count(), 1));
  t.weight = c.input(normal(s.weight_count(), 2, 1 / std::sqrt(static_cast<float>(part.taps))));
  std::vector<float> y = relu ? normal(s.y_count(), 3) : std::vector<float>();
  for (float& value : y) value = std::max(value, 0.0f);
  t.y = c.input(y);
  t.grad_y = c.input(normal(s.y_count(), 4));
  t.grad_x = c.output(s.x_count());
  t.grad_weight = c.output(s.weight_count());
  t.grad_bias = c.output(s.out);
  c.flops = 4 * products(s);
  c.ours = [=](sslcuda_context* context, const Set& set) {
    const sslcuda_conv2d_shape shape = abi_shape(s);
    return sslcuda_conv2d_backward(context, SSLCUDA_F32, &shape, set[t.x], set[t.weight],
                                   relu ? set[t.y] : nullptr, set[t.grad_y], activation_of(relu),
                                   set[t.grad_x], set[t.grad_weight], set[t.grad_bias]);
  };
  c.check = [=](const Values& v, Checker& checker) {
    const int32_t activation = activation_of(relu);
    Conv2dShape one = s, some_outs = s;
    one.n = 1;
    some_outs.out = static_cast<int64_t>(part.outs.size());
    const auto by_image = conv2d_backward(
        one, rows_of(v.before(t.x), part.x_width, part.image), wide(v.before(t.weight)),
        relu ? rows_of(v.before(t.y), part.y_width, part.image) : Vector(),
        rows_of(v.before(t.grad_y), part.y_width, part.image), activation);
    const auto by_outs = conv2d_backward(some_outs, wide(v.before(t.x)),
                                         rows_of(v.before(t.weight), part.taps, part.outs),
                                         relu ? part.channels(s, v.before(t.y)) : Vector(),
                                         part.channels(s, v.before(t.grad_y)), activation);
    checker.compare("grad_x", rows_of(v[t.grad_x], part.x_width, part.image), by_image.x,
                    sum_tolerance(s.out * s.kernel_h * s.kernel_w));
    const double tolerance = sum_tolerance(s.n * part.area);
    checker.compare("grad_weight", rows_of(v[t.grad_weight], part.taps, part.outs), by_outs.weight,
                    tolerance);
    checker.compare("grad_bias", rows_of(v[t.grad_bias], 1, part.outs), by_outs.bias, tolerance);
  };
  if (library.on_cpu()) {
    c.add_peer("oneDNN", [&] { return onednn::conv2d_backward(t); });
  } else {
    c.add_peer("cuDNN", [&] { return cudnn::conv2d_backward(library, t); });
  }
  return c;
}

}  // namespace sslcuda::perf
