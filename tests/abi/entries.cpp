#include "tests/abi/entries.hpp"

namespace sslcuda::test {
namespace {

sslcuda_conv2d_shape conv_shape(const Entry& e) {
  sslcuda_conv2d_shape s{};
  s.size = sizeof s;
  s.n = e.n("n"), s.c = e.n("c"), s.h = e.n("h"), s.w = e.n("w"), s.out = e.n("out");
  s.kernel_h = e.n("kernel_h"), s.kernel_w = e.n("kernel_w");
  s.stride_h = e.n("stride_h"), s.stride_w = e.n("stride_w");
  s.pad_h = e.n("pad_h"), s.pad_w = e.n("pad_w");
  s.dilation_h = e.n("dilation_h"), s.dilation_w = e.n("dilation_w");
  return s;
}

// 2 images of 1 x 4 x 4, 3 outputs of 3 x 3: y [2, 3, 2, 2].
const std::map<std::string, int64_t> kConvExtents = {
    {"n", 2},        {"c", 1},        {"h", 4},         {"w", 4},     {"out", 3},
    {"kernel_h", 3}, {"kernel_w", 3}, {"stride_h", 0},  {"pad_h", 0}, {"dilation_h", 0},
    {"stride_w", 0}, {"pad_w", 0},    {"dilation_w", 0}};
const std::map<std::string, int64_t> kConvLeast = {{"c", 1},   {"h", 1},        {"w", 1},
                                                   {"out", 1}, {"kernel_h", 1}, {"kernel_w", 1}};

}  // namespace

Entries::Entries() {
  add_layers();
  add_norms();
  add_pools_and_samples();
  add_losses();
  add_contrastive();
  add_data();
  add_optimizers();
  add_random();
}

void Entries::add(Entry entry, const std::vector<Argument>& pointers) {
  for (const auto& [name, role, bytes] : pointers) {
    memory_.push_back(std::make_unique<int64_t[]>(kBytes / sizeof(int64_t)));
    entry.pointers[name] = {role, memory_.back().get(), bytes};
  }
  entries_.push_back(std::move(entry));
}

void Entries::add_layers() {
  add({.name = "sslcuda_matmul",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             return sslcuda_matmul(c, e.i("dtype"), e.n("m"), e.n("n"), e.n("k"), e.p("a"),
                                   e.n("lda"), e.i("transpose_a"), e.p("b"), e.n("ldb"),
                                   e.i("transpose_b"), static_cast<float>(e.f("alpha")),
                                   static_cast<float>(e.f("beta")), e.p("c"), e.n("ldc"));
           },
       .extents = {{"m", 3}, {"n", 2}, {"k", 4}, {"lda", 5}, {"ldb", 3}, {"ldc", 2}},
       .strides = {{"lda", "k"}, {"ldb", "n"}, {"ldc", "n"}},
       .choices = {{"dtype", 0}, {"transpose_a", 0}, {"transpose_b", 0}},
       .scalars = {{"alpha", 2}, {"beta", 0.5}},
       .bad_scalars = {{"alpha", {kNaN, kInf}}, {"beta", {kNaN, kInf}}}},
      {{"a", kIn, floats(14)}, {"b", kIn, floats(11)}, {"c", kOut, floats(6)}});
  add({.name = "sslcuda_linear_forward",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             return sslcuda_linear_forward(c, e.i("dtype"), e.n("n"), e.n("in"), e.n("out"),
                                           e.p("x"), e.p("weight"), e.p("bias"), e.i("activation"),
                                           e.p("y"));
           },
       .extents = {{"n", 3}, {"in", 4}, {"out", 5}},
       .choices = {{"dtype", 0}, {"activation", 1}}},
      {{"x", kIn, floats(12)},
       {"weight", kIn, floats(20)},
       {"bias", kOptIn, floats(5)},
       {"y", kOut, floats(15)}});
  add({.name = "sslcuda_linear_backward",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             return sslcuda_linear_backward(c, e.i("dtype"), e.n("n"), e.n("in"), e.n("out"),
                                            e.p("x"), e.p("weight"), e.p("y"), e.p("grad_y"),
                                            e.i("activation"), e.p("grad_x"), e.p("grad_weight"),
                                            e.p("grad_bias"));
           },
       .extents = {{"n", 3}, {"in", 4}, {"out", 5}},
       .choices = {{"dtype", 0}, {"activation", 2}}},
      {{"x", kIn, floats(12)},
       {"weight", kIn, floats(20)},
       {"y", kIn, floats(15)},
       {"grad_y", kIn, floats(15)},
       {"grad_x", kOptOut, floats(12)},
       {"grad_weight", kOptOut, floats(20)},
       {"grad_bias", kOptOut, floats(5)}});
  add({.name = "sslcuda_linear_mse",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             return sslcuda_linear_mse(c, e.i("dtype"), e.n("n"), e.n("in"), e.n("out"), e.p("x"),
                                       e.p("weight"), e.p("bias"), e.p("target"), e.i("activation"),
                                       e.p<float>("grad_loss"), e.p<float>("loss"), e.p("grad_u"),
                                       e.p("y"));
           },
       .extents = {{"n", 3}, {"in", 4}, {"out", 5}},
       .choices = {{"dtype", 0}, {"activation", 2}},
       .least = {{"n", 1}, {"out", 1}}},
      {{"x", kIn, floats(12)},
       {"weight", kIn, floats(20)},
       {"bias", kOptIn, floats(5)},
       {"target", kIn, floats(15)},
       {"grad_loss", kOptIn, floats(1)},
       {"loss", kOptOut, floats(1)},
       {"grad_u", kOptOut, floats(15)},
       {"y", kOptOut, floats(15)}});
  add({.name = "sslcuda_conv2d_forward",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             const sslcuda_conv2d_shape s = conv_shape(e);
             return sslcuda_conv2d_forward(c, e.i("dtype"), &s, e.p("x"), e.p("weight"),
                                           e.p("bias"), e.i("activation"), e.p("y"));
           },
       .extents = kConvExtents,
       .choices = {{"dtype", 0}, {"activation", 1}},
       .least = kConvLeast},
      {{"x", kIn, floats(32)},
       {"weight", kIn, floats(27)},
       {"bias", kOptIn, floats(3)},
       {"y", kOut, floats(24)}});
  add({.name = "sslcuda_conv2d_backward",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             const sslcuda_conv2d_shape s = conv_shape(e);
             return sslcuda_conv2d_backward(c, e.i("dtype"), &s, e.p("x"), e.p("weight"), e.p("y"),
                                            e.p("grad_y"), e.i("activation"), e.p("grad_x"),
                                            e.p("grad_weight"), e.p("grad_bias"));
           },
       .extents = kConvExtents,
       .choices = {{"dtype", 0}, {"activation", 1}},
       .least = kConvLeast},
      {{"x", kIn, floats(32)},
       {"weight", kIn, floats(27)},
       {"y", kIn, floats(24)},
       {"grad_y", kIn, floats(24)},
       {"grad_x", kOptOut, floats(32)},
       {"grad_weight", kOptOut, floats(27)},
       {"grad_bias", kOptOut, floats(3)}});
  add({.name = "sslcuda_l2_normalize_forward",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             return sslcuda_l2_normalize_forward(c, e.i("dtype"), e.n("n"), e.n("d"), e.p("x"),
                                                 e.p("y"), e.p<float>("norms"));
           },
       .extents = {{"n", 3}, {"d", 4}},
       .choices = {{"dtype", 0}},
       .least = {{"d", 1}},
       .may_share = {{"x", "y"}}},
      {{"x", kIn, floats(12)}, {"y", kOut, floats(12)}, {"norms", kOptOut, floats(3)}});
  add({.name = "sslcuda_l2_normalize_backward",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             return sslcuda_l2_normalize_backward(c, e.i("dtype"), e.n("n"), e.n("d"), e.p("y"),
                                                  e.p<float>("norms"), e.p("grad_y"),
                                                  e.p("grad_x"));
           },
       .extents = {{"n", 3}, {"d", 4}},
       .choices = {{"dtype", 0}},
       .least = {{"d", 1}},
       .may_share = {{"grad_y", "grad_x"}}},
      {{"y", kIn, floats(12)},
       {"norms", kIn, floats(3)},
       {"grad_y", kIn, floats(12)},
       {"grad_x", kOut, floats(12)}});
}

void Entries::add_data() {
  add({.name = "sslcuda_adam_step",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             const int64_t counts[] = {e.n("counts[0]")};
             void* const params[] = {e.p("params[0]")};
             const void* const grads[] = {e.p("grads[0]")};
             void* const moments[] = {e.p("moments[0]")};
             void* const variances[] = {e.p("variances[0]")};
             return sslcuda_adam_step(c, e.i("dtype"), 1, counts, params, grads, moments, variances,
                                      e.f("lr"), nullptr, e.f("beta1"), e.f("beta2"), e.f("eps"),
                                      static_cast<int64_t>(e.f("step")), nullptr);
           },
       .extents = {{"counts[0]", 6}},
       .choices = {{"dtype", 0}},
       .scalars = {{"lr", 1e-3}, {"beta1", 0.9}, {"beta2", 0.999}, {"eps", 1e-8}, {"step", 1}},
       .bad_scalars = {{"lr", {-1, kNaN, kInf}},
                       {"beta1", {-0.1, 1, kNaN}},
                       {"beta2", {-0.1, 1, kNaN}},
                       {"eps", {-1, kNaN, kInf}},
                       {"step", {0, -1}}}},
      {{"params[0]", kOut, floats(6)},
       {"grads[0]", kIn, floats(6)},
       {"moments[0]", kOut, floats(6)},
       {"variances[0]", kOut, floats(6)}});
  add({.name = "sslcuda_gather_images",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             return sslcuda_gather_images(
                 c, e.i("dtype"), e.n("n"), e.n("width"), e.p<uint8_t>("images"), e.n("count"),
                 e.p<int64_t>("indices"), e.n("indices_count"), e.p<int64_t>("cursor"),
                 static_cast<float>(e.f("mean")), static_cast<float>(e.f("std")), e.p("y"));
           },
       .extents = {{"n", 3}, {"width", 4}, {"count", 5}, {"indices_count", 6}},
       .choices = {{"dtype", 0}},
       .scalars = {{"mean", 0.5}, {"std", 0.5}},
       .bad_scalars = {{"mean", {kNaN, kInf}}, {"std", {0, kNaN, kInf}}},
       .least = {{"count", 1}, {"indices_count", 1}}},
      {{"images", kIn, 20},
       {"indices", kOptIn, longs(6)},
       {"cursor", kOptIn, longs(1)},
       {"y", kOut, floats(12)}});
  add({.name = "sslcuda_gather_rows",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             return sslcuda_gather_rows(c, e.n("n"), e.n("row_bytes"), e.p("rows"), e.n("count"),
                                        e.p<int64_t>("indices"), e.n("indices_count"),
                                        e.p<int64_t>("cursor"), e.p("y"));
           },
       .extents = {{"n", 3}, {"row_bytes", 4}, {"count", 5}, {"indices_count", 6}},
       .least = {{"count", 1}, {"indices_count", 1}}},
      {{"rows", kIn, 20},
       {"indices", kOptIn, longs(6)},
       {"cursor", kOptIn, longs(1)},
       {"y", kOut, 12}});
  add({.name = "sslcuda_rotate90",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             return sslcuda_rotate90(c, e.i("dtype"), e.n("n"), e.n("c"), e.n("h"), e.p("x"),
                                     e.p<int64_t>("turns"), e.p("y"));
           },
       .extents = {{"n", 2}, {"c", 2}, {"h", 3}},
       .choices = {{"dtype", 0}}},
      {{"x", kIn, floats(36)}, {"turns", kIn, longs(2)}, {"y", kOut, floats(36)}});
  add({.name = "sslcuda_rotate",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             return sslcuda_rotate(c, e.i("dtype"), e.n("n"), e.n("c"), e.n("h"), e.n("w"),
                                   e.p("x"), e.p<float>("degrees"), 0.0f, e.p("y"));
           },
       .extents = {{"n", 2}, {"c", 2}, {"h", 3}, {"w", 4}},
       .choices = {{"dtype", 0}}},
      {{"x", kIn, floats(48)}, {"degrees", kIn, floats(2)}, {"y", kOut, floats(48)}});
  add({.name = "sslcuda_counter_add",
       .call = [](sslcuda_context* c,
                  const Entry& e) { return sslcuda_counter_add(c, e.p<int64_t>("counter"), 1); }},
      {{"counter", kOut, longs(1)}});
}

}  // namespace sslcuda::test
