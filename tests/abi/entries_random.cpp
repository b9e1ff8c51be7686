// entries_random.cpp - random numbers and what is drawn with them.
#include "tests/abi/entries.hpp"

namespace sslcuda::test {
namespace {

sslcuda_augmentation augmentation(const Entry& e) {
  sslcuda_augmentation a = SSLCUDA_AUGMENTATION_INIT;
  const auto f = [&](const char* name) { return static_cast<float>(e.f(name)); };
  a.scale_low = f("scale_low"), a.scale_high = f("scale_high");
  a.ratio_low = f("ratio_low"), a.ratio_high = f("ratio_high");
  a.degrees = f("degrees"), a.shear = f("shear"), a.translate = f("translate");
  a.flip = f("flip"), a.brightness = f("brightness"), a.contrast = f("contrast");
  a.blur = f("blur"), a.sigma_low = f("sigma_low"), a.sigma_high = f("sigma_high");
  a.noise = f("noise"), a.drop = f("drop"), a.fill = f("fill");
  return a;
}

}  // namespace

void Entries::add_random() {
  add({.name = "sslcuda_random_uniform",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             return sslcuda_random_uniform(
                 c, e.i("dtype"), e.n("count"), 1, 2, e.p<int64_t>("sequence_device"),
                 static_cast<float>(e.f("low")), static_cast<float>(e.f("high")), e.p("y"));
           },
       .extents = {{"count", 9}},
       .choices = {{"dtype", 0}},
       .scalars = {{"low", -1}, {"high", 1}},
       .bad_scalars = {{"low", {kNaN, kInf}}, {"high", {-2, kNaN, kInf}}}},
      {{"sequence_device", kOptIn, longs(1)}, {"y", kOut, floats(9)}});
  add({.name = "sslcuda_random_normal",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             return sslcuda_random_normal(
                 c, e.i("dtype"), e.n("count"), 1, 2, e.p<int64_t>("sequence_device"),
                 static_cast<float>(e.f("mean")), static_cast<float>(e.f("std")), e.p("y"));
           },
       .extents = {{"count", 9}},
       .choices = {{"dtype", 0}},
       .scalars = {{"mean", -1}, {"std", 2}},
       .bad_scalars = {{"mean", {kNaN, kInf}}, {"std", {-1, kNaN, kInf}}}},
      {{"sequence_device", kOptIn, longs(1)}, {"y", kOut, floats(9)}});
  const std::vector<double> no_share = {-0.5, 1.5, kNaN}, no_amount = {-1, kNaN, kInf};
  add({.name = "sslcuda_augment",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             const sslcuda_augmentation a = augmentation(e);
             return sslcuda_augment(c, e.i("dtype"), e.n("n"), e.n("c"), e.n("h"), e.n("w"),
                                    e.p("x"), e.n("views"), &a, 1, 2,
                                    e.p<int64_t>("sequence_device"), e.p("y"));
           },
       .extents = {{"n", 2}, {"c", 2}, {"h", 3}, {"w", 4}, {"views", 2}},
       .choices = {{"dtype", 0}},
       .scalars = {{"scale_low", 0.5},
                   {"scale_high", 0.9},
                   {"ratio_low", 0.7},
                   {"ratio_high", 1.3},
                   {"degrees", 20},
                   {"shear", 10},
                   {"translate", 0.1},
                   {"flip", 0.5},
                   {"brightness", 1},
                   {"contrast", 0.5},
                   {"blur", 0.5},
                   {"sigma_low", 0.5},
                   {"sigma_high", 2},
                   {"noise", 0.1},
                   {"drop", 0.1},
                   {"fill", 0}},
       .bad_scalars = {{"scale_low", {0, -1, 1.5, kNaN}},
                       {"scale_high", {0.25, 1.5, kNaN}},
                       {"ratio_low", {0, -1, kNaN, kInf}},
                       {"ratio_high", {0.5, kNaN, kInf}},
                       {"degrees", {-1, 181, kNaN}},
                       {"shear", {-1, 61, kNaN}},
                       {"translate", no_share},
                       {"flip", no_share},
                       {"brightness", no_amount},
                       {"contrast", no_amount},
                       {"blur", no_share},
                       {"sigma_low", {0, -1, 4, kNaN}},
                       {"sigma_high", {0.25, 4, kNaN}},
                       {"noise", no_amount},
                       {"drop", no_share},
                       {"fill", {kNaN, kInf}}},
       .least = {{"views", 1}}},
      {{"x", kIn, floats(48)}, {"sequence_device", kOptIn, longs(1)}, {"y", kOut, floats(96)}});
}

}  // namespace sslcuda::test
