// onednn_conv2d.cpp - oneDNN's convolutions in the formats they choose themselves. The case's
// tensors are brought into these, and results out of them, outside the time: what oneDNN does at
// its best.
#include "perf/src/peers/onednn.hpp"
#include "perf/src/peers/onednn_program.hpp"

namespace sslcuda::perf::onednn {
namespace {

struct ConvDescs {
  Desc x, weight, bias, y;
  Dims strides, padding;
};

ConvDescs descs(const reference::Conv2dShape& s, Tag images, Tag weights) {
  return {float_desc({s.n, s.c, s.h, s.w}, images),
          float_desc({s.out, s.c, s.kernel_h, s.kernel_w}, weights),
          float_desc({s.out}, Tag::a),
          float_desc({s.n, s.out, s.out_h(), s.out_w()}, images),
          {s.stride_h, s.stride_w},
          {s.pad_h, s.pad_w}};
}

// Brings one tensor from one format and place to another.
void add_reorder(Program& program, const Desc& from, const Locate& source, const Desc& to,
                 const Locate& target) {
  const dnnl::reorder::primitive_desc chosen(engine(), from, engine(), to);
  program.add(dnnl::reorder(chosen), {{DNNL_ARG_FROM, from, source}, {DNNL_ARG_TO, to, target}});
}

dnnl::convolution_forward::primitive_desc forward_desc(const ConvDescs& c,
                                                       const dnnl::primitive_attr& attributes) {
  return {{dnnl::prop_kind::forward_training, dnnl::algorithm::convolution_direct, c.x, c.weight,
           c.bias, c.y, c.strides, c.padding, c.padding},
          attributes,
          engine()};
}

// A convolution's call between the reorders into and out of its formats.
struct Reordered {
  std::shared_ptr<Program> before = std::make_shared<Program>(), call = std::make_shared<Program>(),
                           after = std::make_shared<Program>();
  Layout layout;

  Locate input(const Desc& plain, Tensor<float> tensor, const Desc& own) {
    const Locate place = layout.own(own.get_size());
    add_reorder(*before, plain, at(tensor), own, place);
    return place;
  }
  Locate output(const Desc& own, const Desc& plain, Tensor<float> tensor) {
    const Locate place = layout.own(own.get_size());
    add_reorder(*after, own, place, plain, at(tensor));
    return place;
  }
  Side side() const {
    Side side;
    side.name = "oneDNN convolution";
    side.version = version();
    layout.ask(&side);
    side.prepare = runner(before);
    side.call = runner(call);
    side.finish = runner(after);
    return side;
  }
};

}  // namespace

Side conv2d_forward(const ConvTensors& t) {
  const ConvDescs plain = descs(t.shape, Tag::nchw, Tag::oihw);
  dnnl::primitive_attr attributes;
  if (t.relu) {
    dnnl::post_ops operations;
    operations.append_eltwise(1, dnnl::algorithm::eltwise_relu, 0, 0);
    attributes.set_post_ops(operations);
  }
  const auto chosen = forward_desc(descs(t.shape, Tag::any, Tag::any), attributes);
  Reordered r;
  r.call->add(dnnl::convolution_forward(chosen),
              {{DNNL_ARG_SRC, chosen.src_desc(), r.input(plain.x, t.x, chosen.src_desc())},
               {DNNL_ARG_WEIGHTS, chosen.weights_desc(),
                r.input(plain.weight, t.weight, chosen.weights_desc())},
               {DNNL_ARG_BIAS, plain.bias, at(t.bias)},
               {DNNL_ARG_DST, chosen.dst_desc(), r.output(chosen.dst_desc(), plain.y, t.y)}});
  return r.side();
}

Side conv2d_backward(const ConvTensors& t) {
  const ConvDescs plain = descs(t.shape, Tag::nchw, Tag::oihw),
                  any = descs(t.shape, Tag::any, Tag::any);
  const auto hint = forward_desc(any, {});
  const dnnl::convolution_backward_data::primitive_desc data(
      {dnnl::algorithm::convolution_direct, any.x, any.weight, any.y, any.strides, any.padding,
       any.padding},
      engine(), hint);
  const dnnl::convolution_backward_weights::primitive_desc weights(
      {dnnl::algorithm::convolution_direct, any.x, any.weight, any.bias, any.y, any.strides,
       any.padding, any.padding},
      engine(), hint);
  Reordered r;
  r.call->add(
      dnnl::convolution_backward_data(data),
      {{DNNL_ARG_DIFF_DST, data.diff_dst_desc(), r.input(plain.y, t.grad_y, data.diff_dst_desc())},
       {DNNL_ARG_WEIGHTS, data.weights_desc(),
        r.input(plain.weight, t.weight, data.weights_desc())},
       {DNNL_ARG_DIFF_SRC, data.diff_src_desc(),
        r.output(data.diff_src_desc(), plain.x, t.grad_x)}});
  r.call->add(dnnl::convolution_backward_weights(weights),
              {{DNNL_ARG_DIFF_DST, weights.diff_dst_desc(),
                r.input(plain.y, t.grad_y, weights.diff_dst_desc())},
               {DNNL_ARG_SRC, weights.src_desc(), r.input(plain.x, t.x, weights.src_desc())},
               {DNNL_ARG_DIFF_WEIGHTS, weights.diff_weights_desc(),
                r.output(weights.diff_weights_desc(), plain.weight, t.grad_weight)},
               {DNNL_ARG_DIFF_BIAS, plain.bias, at(t.grad_bias)}});
  Side side = r.side();
  if (t.relu) side.computes = "the convolutions";
  return side;
}

}  // namespace sslcuda::perf::onednn
