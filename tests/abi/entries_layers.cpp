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

sslcuda_status call_batch_norm_backward(sslcuda_context* c, const Entry& e) {
  return sslcuda_batch_norm_backward(
      c, e.i("dtype"), e.n("n"), e.n("c"), e.n("plane"), e.p("x"), e.p("weight"), e.p("y"),
      e.p<float>("mean"), e.p<float>("rstd"), e.p("grad_y"), e.i("training"), e.i("activation"),
      e.p("grad_x"), e.p("grad_weight"), e.p("grad_bias"));
}

sslcuda_status call_group_norm_forward(sslcuda_context* c, const Entry& e) {
  return sslcuda_group_norm_forward(c, e.i("dtype"), e.n("n"), e.n("c"), e.n("plane"),
                                    e.n("groups"), e.p("x"), e.p("weight"), e.p("bias"),
                                    static_cast<float>(e.f("eps")), e.i("activation"), e.p("y"),
                                    e.p<float>("mean"), e.p<float>("rstd"));
}

sslcuda_status call_group_norm_backward(sslcuda_context* c, const Entry& e) {
  return sslcuda_group_norm_backward(
      c, e.i("dtype"), e.n("n"), e.n("c"), e.n("plane"), e.n("groups"), e.p("x"), e.p("weight"),
      e.p("y"), e.p<float>("mean"), e.p<float>("rstd"), e.p("grad_y"), e.i("activation"),
      e.p("grad_x"), e.p("grad_weight"), e.p("grad_bias"));
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
  // 3 images of 2 channels of 4: so many sets have a mean, 2 of a batch, 3 of groups of all
  // channels
  constexpr size_t kBatchSets = 2, kGroupSets = 3;
  const auto norm = [](const char* name, Entry::Call call, const char* from, const char* to) {
    return Entry{.name = name,
                 .call = call,
                 .extents = {{"n", 3}, {"c", 2}, {"plane", 4}},
                 .choices = {{"dtype", 0}, {"activation", 1}},
                 .least = {{"c", 1}, {"plane", 1}},
                 .may_share = {{from, to}}};
  };
  const auto forward = [](size_t sets, std::vector<Argument> more = {}) {
    more.insert(more.end(), {{"x", kIn, floats(24)},
                             {"weight", kOptIn, floats(2)},
                             {"bias", kOptIn, floats(2)},
                             {"y", kOut, floats(24)},
                             {"mean", kOptOut, floats(sets)},
                             {"rstd", kOptOut, floats(sets)}});
    return more;
  };
  const auto backward = [](size_t sets) {
    return std::vector<Argument>{
        {"x", kIn, floats(24)},           {"weight", kOptIn, floats(2)},
        {"y", kIn, floats(24)},           {"mean", kIn, floats(sets)},
        {"rstd", kIn, floats(sets)},      {"grad_y", kIn, floats(24)},
        {"grad_x", kOptOut, floats(24)},  {"grad_weight", kOptOut, floats(2)},
        {"grad_bias", kOptOut, floats(2)}};
  };

  Entry batch = norm("sslcuda_batch_norm_forward", call_batch_norm_forward, "x", "y");
  batch.scalars = {{"momentum", 0.1}, {"eps", 1e-5}};
  batch.bad_scalars = {{"momentum", bad_momentum}, {"eps", bad_eps}};
  Entry training = batch;
  batch.choices["training"] = 0;
  add(batch,
      forward(kBatchSets, {{"running_mean", kIn, floats(2)}, {"running_var", kIn, floats(2)}}));
  training.extents.erase("n");
  training.fixed = {{"n", 3}, {"training", 1}};
  training.choices["activation"] = 0;
  add(training, forward(kBatchSets, {{"running_mean", kOptOut, floats(2)},
                                     {"running_var", kOptOut, floats(2)}}));

  Entry batch_backward =
      norm("sslcuda_batch_norm_backward", call_batch_norm_backward, "grad_y", "grad_x");
  batch_backward.choices["training"] = 0;
  add(batch_backward, backward(kBatchSets));

  Entry group = norm("sslcuda_group_norm_forward", call_group_norm_forward, "x", "y");
  group.fixed = {{"groups", 1}};
  group.scalars = {{"eps", 1e-5}};
  group.bad_scalars = {{"eps", bad_eps}};
  add(group, forward(kGroupSets));

  Entry group_backward =
      norm("sslcuda_group_norm_backward", call_group_norm_backward, "grad_y", "grad_x");
  group_backward.fixed = {{"groups", 1}};
  add(group_backward, backward(kGroupSets));
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
