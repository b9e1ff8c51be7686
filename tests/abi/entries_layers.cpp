// entries_layers.cpp - the layers without a matrix product.
#include "tests/abi/entries.hpp"

namespace sslcuda::test {
namespace {

sslcuda_status call_batch_norm_forward(sslcuda_context* c, const Entry& e) {
  return sslcuda_batch_norm_forward(
      c, e.i("dtype"), e.n("n"), e.n("c"), e.n("plane"), e.p("x"), e.p("weight"), e.p("bias"),
      e.p<float>("running_mean"), e.p<float>("running_var"), e.i("training"),
      static_cast<float>(e.f("momentum")), static_cast<float>(e.f("eps")), e.i("activation"),
      e.p("y"), e.p<float>("mean"), e.p<float>("rstd"));
}

sslcuda_pool2d_shape pool_shape(const Entry& e) {
  return {sizeof(sslcuda_pool2d_shape),
          e.n("n"),
          e.n("c"),
          e.n("h"),
          e.n("w"),
          e.n("kernel_h"),
          e.n("kernel_w"),
          e.n("stride_h"),
          e.n("stride_w"),
          e.n("pad_h"),
          e.n("pad_w")};
}

// 2 images of 2 x 4 x 6 by windows of 2 x 3: y [2, 2, 2, 2].
const std::map<std::string, int64_t> kPoolExtents = {
    {"n", 2},        {"c", 2},        {"h", 4},     {"w", 6},        {"kernel_h", 2},
    {"kernel_w", 3}, {"stride_h", 0}, {"pad_h", 0}, {"stride_w", 0}, {"pad_w", 0}};
const std::map<std::string, int64_t> kPoolLeast = {
    {"c", 1}, {"h", 1}, {"w", 1}, {"kernel_h", 1}, {"kernel_w", 1}};

}  // namespace

void Entries::add_norms() {
  const std::vector<double> bad_momentum = {-0.1, 1.1, kNaN}, bad_eps = {0, -1, kNaN, kInf};
  add({.name = "sslcuda_batch_norm_forward",
       .call = call_batch_norm_forward,
       .extents = {{"n", 3}, {"c", 2}, {"plane", 4}},
       .choices = {{"dtype", 0}, {"training", 0}, {"activation", 1}},
       .scalars = {{"momentum", 0.1}, {"eps", 1e-5}},
       .bad_scalars = {{"momentum", bad_momentum}, {"eps", bad_eps}},
       .least = {{"c", 1}, {"plane", 1}},
       .may_share = {{"x", "y"}}},
      {{"x", kIn, floats(24)},
       {"weight", kOptIn, floats(2)},
       {"bias", kOptIn, floats(2)},
       {"running_mean", kIn, floats(2)},
       {"running_var", kIn, floats(2)},
       {"y", kOut, floats(24)},
       {"mean", kOptOut, floats(2)},
       {"rstd", kOptOut, floats(2)}});
  add({.name = "sslcuda_batch_norm_forward",  // in training
       .call = call_batch_norm_forward,
       .extents = {{"c", 2}, {"plane", 4}},
       .fixed = {{"n", 3}, {"training", 1}},
       .choices = {{"dtype", 0}, {"activation", 0}},
       .scalars = {{"momentum", 0.1}, {"eps", 1e-5}},
       .bad_scalars = {{"momentum", bad_momentum}, {"eps", bad_eps}},
       .least = {{"c", 1}, {"plane", 1}},
       .may_share = {{"x", "y"}}},
      {{"x", kIn, floats(24)},
       {"weight", kOptIn, floats(2)},
       {"bias", kOptIn, floats(2)},
       {"running_mean", kOptOut, floats(2)},
       {"running_var", kOptOut, floats(2)},
       {"y", kOut, floats(24)},
       {"mean", kOptOut, floats(2)},
       {"rstd", kOptOut, floats(2)}});
  add({.name = "sslcuda_batch_norm_backward",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             return sslcuda_batch_norm_backward(
                 c, e.i("dtype"), e.n("n"), e.n("c"), e.n("plane"), e.p("x"), e.p("weight"),
                 e.p("y"), e.p<float>("mean"), e.p<float>("rstd"), e.p("grad_y"), e.i("training"),
                 e.i("activation"), e.p("grad_x"), e.p("grad_weight"), e.p("grad_bias"));
           },
       .extents = {{"n", 3}, {"c", 2}, {"plane", 4}},
       .choices = {{"dtype", 0}, {"training", 0}, {"activation", 1}},
       .least = {{"c", 1}, {"plane", 1}},
       .may_share = {{"grad_y", "grad_x"}}},
      {{"x", kIn, floats(24)},
       {"weight", kOptIn, floats(2)},
       {"y", kIn, floats(24)},
       {"mean", kIn, floats(2)},
       {"rstd", kIn, floats(2)},
       {"grad_y", kIn, floats(24)},
       {"grad_x", kOptOut, floats(24)},
       {"grad_weight", kOptOut, floats(2)},
       {"grad_bias", kOptOut, floats(2)}});
  add({.name = "sslcuda_group_norm_forward",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             return sslcuda_group_norm_forward(c, e.i("dtype"), e.n("n"), e.n("c"), e.n("plane"),
                                               e.n("groups"), e.p("x"), e.p("weight"), e.p("bias"),
                                               static_cast<float>(e.f("eps")), e.i("activation"),
                                               e.p("y"), e.p<float>("mean"), e.p<float>("rstd"));
           },
       .extents = {{"n", 3}, {"c", 2}, {"plane", 4}},
       .fixed = {{"groups", 1}},
       .choices = {{"dtype", 0}, {"activation", 1}},
       .scalars = {{"eps", 1e-5}},
       .bad_scalars = {{"eps", bad_eps}},
       .least = {{"c", 1}, {"plane", 1}},
       .may_share = {{"x", "y"}}},
      {{"x", kIn, floats(24)},
       {"weight", kOptIn, floats(2)},
       {"bias", kOptIn, floats(2)},
       {"y", kOut, floats(24)},
       {"mean", kOptOut, floats(3)},
       {"rstd", kOptOut, floats(3)}});
  add({.name = "sslcuda_group_norm_backward",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             return sslcuda_group_norm_backward(
                 c, e.i("dtype"), e.n("n"), e.n("c"), e.n("plane"), e.n("groups"), e.p("x"),
                 e.p("weight"), e.p("y"), e.p<float>("mean"), e.p<float>("rstd"), e.p("grad_y"),
                 e.i("activation"), e.p("grad_x"), e.p("grad_weight"), e.p("grad_bias"));
           },
       .extents = {{"n", 3}, {"c", 2}, {"plane", 4}},
       .fixed = {{"groups", 1}},
       .choices = {{"dtype", 0}, {"activation", 1}},
       .least = {{"c", 1}, {"plane", 1}},
       .may_share = {{"grad_y", "grad_x"}}},
      {{"x", kIn, floats(24)},
       {"weight", kOptIn, floats(2)},
       {"y", kIn, floats(24)},
       {"mean", kIn, floats(3)},
       {"rstd", kIn, floats(3)},
       {"grad_y", kIn, floats(24)},
       {"grad_x", kOptOut, floats(24)},
       {"grad_weight", kOptOut, floats(2)},
       {"grad_bias", kOptOut, floats(2)}});
}

void Entries::add_pools_and_samples() {
  add({.name = "sslcuda_pool2d_forward",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             const sslcuda_pool2d_shape s = pool_shape(e);
             return sslcuda_pool2d_forward(c, e.i("dtype"), e.i("kind"), &s, e.p("x"), e.p("y"));
           },
       .extents = kPoolExtents,
       .choices = {{"dtype", 0}, {"kind", 0}},
       .least = kPoolLeast},
      {{"x", kIn, floats(96)}, {"y", kOut, floats(16)}});
  add({.name = "sslcuda_pool2d_backward",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             const sslcuda_pool2d_shape s = pool_shape(e);
             return sslcuda_pool2d_backward(c, e.i("dtype"), e.i("kind"), &s, e.p("x"), e.p("y"),
                                            e.p("grad_y"), e.p("grad_x"));
           },
       .extents = kPoolExtents,
       .choices = {{"dtype", 0}, {"kind", 1}},
       .least = kPoolLeast},
      {{"x", kOptIn, floats(96)},
       {"y", kOptIn, floats(16)},
       {"grad_y", kIn, floats(16)},
       {"grad_x", kOut, floats(96)}});
  add({.name = "sslcuda_reparameterize_forward",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             return sslcuda_reparameterize_forward(c, e.i("dtype"), e.n("n"), e.n("d"), e.p("mu"),
                                                   e.p("logvar"), e.n("ld"), e.p("noise"), e.p("z"),
                                                   e.p<float>("kl"));
           },
       .extents = {{"n", 3}, {"d", 4}, {"ld", 5}},
       .strides = {{"ld", "d"}},
       .choices = {{"dtype", 0}},
       .least = {{"n", 1}, {"d", 1}}},
      {{"mu", kIn, floats(14)},
       {"logvar", kIn, floats(14)},
       {"noise", kIn, floats(12)},
       {"z", kOptOut, floats(12)},
       {"kl", kOptOut, floats(1)}});
  add({.name = "sslcuda_reparameterize_backward",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             return sslcuda_reparameterize_backward(c, e.i("dtype"), e.n("n"), e.n("d"), e.p("mu"),
                                                    e.p("logvar"), e.n("ld"), e.p("noise"),
                                                    e.p("grad_z"), e.p<float>("grad_kl"),
                                                    e.p("grad_mu"), e.p("grad_logvar"));
           },
       .extents = {{"n", 3}, {"d", 4}, {"ld", 5}},
       .strides = {{"ld", "d"}},
       .choices = {{"dtype", 0}},
       .least = {{"n", 1}, {"d", 1}},
       .may_share = {{"mu", "grad_mu"}, {"logvar", "grad_logvar"}}},
      {{"mu", kIn, floats(14)},
       {"logvar", kIn, floats(14)},
       {"noise", kOptIn, floats(12)},
       {"grad_z", kOptIn, floats(12)},
       {"grad_kl", kOptIn, floats(1)},
       {"grad_mu", kOut, floats(14)},
       {"grad_logvar", kOut, floats(14)}});
}

}  // namespace sslcuda::test
