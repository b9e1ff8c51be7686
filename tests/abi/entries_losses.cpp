#include "tests/abi/entries.hpp"

namespace sslcuda::test {

void Entries::add_losses() {
  const std::vector<double> bad_tau = {0, -1, kNaN, kInf};
  add({.name = "sslcuda_similarity_forward",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             return sslcuda_similarity_forward(c, e.i("dtype"), e.n("n"), e.n("m"), e.n("d"),
                                               e.p("a"), e.n("lda"), e.p("b"), e.n("ldb"),
                                               e.i("normalize"), static_cast<float>(e.f("tau")),
                                               nullptr, e.p("s"), e.n("lds"));
           },
       .extents = {{"n", 3}, {"m", 2}, {"d", 4}, {"lda", 5}, {"ldb", 4}, {"lds", 6}},
       .strides = {{"lda", "d"}, {"ldb", "d"}, {"lds", "m"}},
       .choices = {{"dtype", 0}, {"normalize", 1}},
       .scalars = {{"tau", 0.5}},
       .bad_scalars = {{"tau", bad_tau}},
       .least = {{"d", 1}}},
      {{"a", kIn, floats(14)}, {"b", kIn, floats(8)}, {"s", kOut, floats(14)}});
  add({.name = "sslcuda_similarity_backward",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             return sslcuda_similarity_backward(
                 c, e.i("dtype"), e.n("n"), e.n("m"), e.n("d"), e.p("a"), e.n("lda"), e.p("b"),
                 e.n("ldb"), e.i("normalize"), static_cast<float>(e.f("tau")), nullptr,
                 e.p("grad_s"), e.n("lds"), e.p("grad_a"), e.p("grad_b"), e.p<float>("grad_tau"));
           },
       .extents = {{"n", 3}, {"m", 2}, {"d", 4}, {"lda", 5}, {"ldb", 4}, {"lds", 6}},
       .strides = {{"lda", "d"}, {"ldb", "d"}, {"lds", "m"}},
       .choices = {{"dtype", 0}, {"normalize", 0}},
       .scalars = {{"tau", 0.5}},
       .bad_scalars = {{"tau", bad_tau}},
       .least = {{"n", 1}, {"m", 1}, {"d", 1}}},
      {{"a", kIn, floats(14)},
       {"b", kIn, floats(8)},
       {"grad_s", kIn, floats(14)},
       {"grad_a", kOptOut, floats(14)},
       {"grad_b", kOptOut, floats(8)},
       {"grad_tau", kOptOut, floats(1)}});
  add({.name = "sslcuda_infonce",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             return sslcuda_infonce(c, e.i("dtype"), e.n("n"), e.n("d"), e.p("a"), e.n("lda"),
                                    e.p("b"), e.n("ldb"), static_cast<float>(e.f("tau")), nullptr,
                                    e.p<float>("grad_loss"), e.p<float>("loss"),
                                    e.p<float>("row_loss"), e.p("grad_a"), e.p("grad_b"),
                                    e.p<float>("grad_tau"));
           },
       .extents = {{"n", 3}, {"d", 4}, {"lda", 5}, {"ldb", 4}},
       .strides = {{"lda", "d"}, {"ldb", "d"}},
       .choices = {{"dtype", 0}},
       .scalars = {{"tau", 0.5}},
       .bad_scalars = {{"tau", bad_tau}},
       .least = {{"n", 2}, {"d", 1}}},
      {{"a", kIn, floats(14)},
       {"b", kIn, floats(12)},
       {"grad_loss", kOptIn, floats(1)},
       {"loss", kOptOut, floats(1)},
       {"row_loss", kOptOut, floats(3)},
       {"grad_a", kOptOut, floats(14)},
       {"grad_b", kOptOut, floats(12)},
       {"grad_tau", kOptOut, floats(1)}});
  add({.name = "sslcuda_cross_entropy",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             return sslcuda_cross_entropy(c, e.i("dtype"), e.n("n"), e.n("v"), e.p("logits"),
                                          e.n("ld"), e.p<int64_t>("labels"), nullptr, -100,
                                          static_cast<float>(e.f("smoothing")),
                                          e.p<float>("grad_loss"), e.p<float>("loss"),
                                          e.p<float>("row_loss"), e.p("grad_logits"));
           },
       .extents = {{"n", 3}, {"v", 4}, {"ld", 5}},
       .strides = {{"ld", "v"}},
       .choices = {{"dtype", 0}},
       .scalars = {{"smoothing", 0.1}},
       .bad_scalars = {{"smoothing", {-0.1, 1, kNaN, kInf}}},
       .least = {{"n", 1}, {"v", 1}},
       .may_share = {{"logits", "grad_logits"}}},
      {{"logits", kIn, floats(14)},
       {"labels", kIn, longs(3)},
       {"grad_loss", kOptIn, floats(1)},
       {"loss", kOptOut, floats(1)},
       {"row_loss", kOptOut, floats(3)},
       {"grad_logits", kOptOut, floats(14)}});
  add({.name = "sslcuda_mse",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             return sslcuda_mse(c, e.i("dtype"), e.n("count"), e.p("x"), e.p("target"),
                                e.i("sigmoid"), e.p<float>("grad_loss"), e.p<float>("loss"),
                                e.p("grad_x"));
           },
       .extents = {{"count", 10}},
       .choices = {{"dtype", 0}, {"sigmoid", 1}},
       .least = {{"count", 1}},
       .may_share = {{"x", "grad_x"}}},
      {{"x", kIn, floats(10)},
       {"target", kIn, floats(10)},
       {"grad_loss", kOptIn, floats(1)},
       {"loss", kOptOut, floats(1)},
       {"grad_x", kOptOut, floats(10)}});
  add({.name = "sslcuda_binary_cross_entropy",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             return sslcuda_binary_cross_entropy(c, e.i("dtype"), e.n("count"), e.p("x"),
                                                 e.p("target"), e.p<float>("grad_loss"),
                                                 e.p<float>("loss"), e.p("grad_x"));
           },
       .extents = {{"count", 10}},
       .choices = {{"dtype", 0}},
       .least = {{"count", 1}},
       .may_share = {{"x", "grad_x"}}},
      {{"x", kIn, floats(10)},
       {"target", kIn, floats(10)},
       {"grad_loss", kOptIn, floats(1)},
       {"loss", kOptOut, floats(1)},
       {"grad_x", kOptOut, floats(10)}});
}

}  // namespace sslcuda::test
