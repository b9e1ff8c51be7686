// entries_optimizers.cpp - SGD and LARS, with a list of one tensor.
#include "tests/abi/entries.hpp"

namespace sslcuda::test {

void Entries::add_optimizers() {
  add({.name = "sslcuda_sgd_step",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             const int64_t counts[] = {e.n("counts[0]")};
             void* const params[] = {e.p("params[0]")};
             const void* const grads[] = {e.p("grads[0]")};
             void* const velocities[] = {e.p("velocities[0]")};
             return sslcuda_sgd_step(c, e.i("dtype"), 1, counts, params, grads, velocities,
                                     e.f("lr"), nullptr, e.f("momentum"), e.f("weight_decay"),
                                     e.i("nesterov"));
           },
       .extents = {{"counts[0]", 6}},
       .choices = {{"dtype", 0}, {"nesterov", 0}},
       .scalars = {{"lr", 1e-3}, {"momentum", 0.9}, {"weight_decay", 0.01}},
       .bad_scalars = {{"lr", {-1, kNaN, kInf}},
                       {"momentum", {-0.1, 1, kNaN}},
                       {"weight_decay", {-1, kNaN, kInf}}}},
      {{"params[0]", kOut, floats(6)},
       {"grads[0]", kIn, floats(6)},
       {"velocities[0]", kOut, floats(6)}});
  add({.name = "sslcuda_lars_step",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             const int64_t counts[] = {e.n("counts[0]")};
             void* const params[] = {e.p("params[0]")};
             const void* const grads[] = {e.p("grads[0]")};
             void* const velocities[] = {e.p("velocities[0]")};
             return sslcuda_lars_step(c, e.i("dtype"), 1, counts, params, grads, velocities,
                                      nullptr, e.f("lr"), nullptr, e.f("momentum"),
                                      e.f("weight_decay"), e.f("trust"));
           },
       .extents = {{"counts[0]", 6}},
       .choices = {{"dtype", 0}},
       .scalars = {{"lr", 1e-3}, {"momentum", 0.9}, {"weight_decay", 0.01}, {"trust", 0.001}},
       .bad_scalars = {{"lr", {-1, kNaN, kInf}},
                       {"momentum", {-0.1, 1, kNaN}},
                       {"weight_decay", {-1, kNaN, kInf}},
                       {"trust", {0, -1, kNaN, kInf}}}},
      {{"params[0]", kOut, floats(6)},
       {"grads[0]", kIn, floats(6)},
       {"velocities[0]", kOut, floats(6)}});
}

}  // namespace sslcuda::test
