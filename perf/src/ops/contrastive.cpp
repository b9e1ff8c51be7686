// contrastive.cpp - the contrastive family by sslcuda_contrastive, and its short form
// sslcuda_infonce.
//   contrastive kind=clip n=4096 d=512 pass=both: pass=forward the loss, both with its gradients,
//     backward the gradients alone, from log-sum-exps that a forward call has left
//   infonce n=2048 d=128 grad=1: the loss alone, or with both gradients
//   FLOPs: 2 for each of the n m d scores, 4 for their gradients (2 where a is on both sides: one
//     product with G + G^T). Scores that are computed twice count once
#include "perf/src/ops/contrastive_check.hpp"
#include "perf/src/ops/ops.hpp"
#include "perf/src/peers/cublas.hpp"
#include "perf/src/peers/onednn.hpp"
#include "perf/src/random.hpp"

namespace sslcuda::perf {
namespace {

constexpr float kTau = 0.05f;
constexpr int64_t kPerClass = 8;  // rows of SupCon, on average

// By SSLCUDA_INFONCE ...
const std::vector<std::string> kKinds = {"infonce",   "clip",   "ntxent", "supcon",
                                         "supcon_in", "siglip", "sampled"};
enum Pass { kForward, kBoth, kBackward };
const std::vector<std::string> kPasses = {"forward", "both", "backward"};

// About unit rows, half of which is the same direction in all, as with real embeddings: else the
// negatives' share of a gradient, a mean of independent rows, would be too small to be checked.
std::vector<float> rows(int64_t n, int64_t d, uint64_t seed) {
  std::vector<float> x = normal(n * d, seed);
  const std::vector<float> common = normal(d, 1000);
  const float scale = 1 / std::sqrt(2 * static_cast<float>(d));
  for (int64_t i = 0; i < n * d; ++i) x[i] = scale * (x[i] + common[i % d]);
  return x;
}

// The row itself, then others.
std::vector<int64_t> sampled_columns(int64_t n, int64_t sampled, int64_t m) {
  std::vector<int64_t> indices = whole<int64_t>(n * sampled, 3, m - 1);
  for (int64_t i = 0; i < n * sampled; ++i) {
    const int64_t row = i / sampled;
    indices[i] = i % sampled == 0 ? row % m : (row + 1 + indices[i]) % m;
  }
  return indices;
}

ContrastiveTensors shape_of(const Problem& p) {
  ContrastiveTensors t{};
  t.kind = static_cast<int32_t>(p.choice("kind", kKinds));
  t.self = t.kind == SSLCUDA_NTXENT || t.kind == SSLCUDA_SUPCON || t.kind == SSLCUDA_SUPCON_IN;
  t.normalize = p.get("normalize", 0) != 0;
  t.n = p["n"], t.d = p["d"], t.m = t.self ? t.n : p.get("m", t.n);
  t.sampled = t.kind == SSLCUDA_SAMPLED ? p.get("sampled", 101) : 0;
  t.tau = kTau;
  // Scores are about 10: a row's negatives weigh as much as its positive.
  if (t.kind == SSLCUDA_SIGLIP) t.bias = -10 - std::log(static_cast<float>(t.m));
  return t;
}

void add_inputs(const DType& type, ContrastiveTensors* t, Case* c) {
  t->a = c->input(type, rows(t->n, t->d, 1));
  t->b = t->self ? t->a : c->input(type, rows(t->m, t->d, 2));
  if (t->kind == SSLCUDA_SAMPLED) t->indices = c->input(sampled_columns(t->n, t->sampled, t->m));
  if (t->kind == SSLCUDA_SUPCON || t->kind == SSLCUDA_SUPCON_IN) {
    t->labels = c->input(whole<int64_t>(t->n, 3, std::max<int64_t>(t->n / kPerClass, 1)));
  } else if (t->kind == SSLCUDA_INFONCE && t->m != t->n) {
    t->labels = c->input(whole<int64_t>(t->n, 3, t->m));
  }
}

void add_loss(ContrastiveTensors* t, Case* c) {
  t->loss = c->output(1);
  t->row_loss = c->output(t->n);
}

void add_gradients(ContrastiveTensors* t, Case* c) {
  t->grad_a = c->output(*t->a.type, t->n * t->d);
  if (!t->self) t->grad_b = c->output(*t->a.type, t->m * t->d);
}

template <class Handle>
auto pointer(const Set& set, const std::optional<Handle>& tensor) {
  return tensor ? set[*tensor] : nullptr;
}

sslcuda_contrastive_args inputs_of(const ContrastiveTensors& t, const Set& set) {
  sslcuda_contrastive_args args = SSLCUDA_CONTRASTIVE_INIT;
  args.kind = t.kind;
  args.normalize = t.normalize;
  args.n = t.n, args.m = t.m, args.d = t.d;
  args.a = set[t.a], args.lda = t.d;
  args.b = t.self ? nullptr : set[t.b], args.ldb = t.d;
  args.tau = t.tau;
  args.bias = t.bias;
  args.labels = pointer(set, t.labels);
  args.indices = pointer(set, t.indices), args.sampled = t.sampled;
  return args;
}

// Whatever is wanted of it, in one call.
sslcuda_status compute(sslcuda_context* context, const ContrastiveTensors& t, const Set& set) {
  sslcuda_contrastive_args args = inputs_of(t, set);
  args.loss = pointer(set, t.loss), args.row_loss = pointer(set, t.row_loss);
  args.row_lse = pointer(set, t.row_lse), args.column_lse = pointer(set, t.column_lse);
  args.grad_a = pointer(set, t.grad_a), args.grad_b = pointer(set, t.grad_b);
  return sslcuda_contrastive(context, t.a.type->code, &args);
}

sslcuda_status compute_lse(sslcuda_context* context, const ContrastiveTensors& t, const Set& set) {
  sslcuda_contrastive_args args = inputs_of(t, set);
  args.row_lse = pointer(set, t.row_lse), args.column_lse = pointer(set, t.column_lse);
  return sslcuda_contrastive(context, t.a.type->code, &args);
}

sslcuda_status compute_gradients(sslcuda_context* context, const ContrastiveTensors& t,
                                 const Set& set) {
  sslcuda_contrastive_args args = inputs_of(t, set);
  args.given_row_lse = pointer(set, t.row_lse), args.given_column_lse = pointer(set, t.column_lse);
  args.grad_a = pointer(set, t.grad_a), args.grad_b = pointer(set, t.grad_b);
  return sslcuda_contrastive(context, t.a.type->code, &args);
}

double flops_of(const ContrastiveTensors& t, Pass pass) {
  const double scores = 2.0 * t.n * (t.indices ? t.sampled : t.m) * t.d;
  const double gradients = (t.self ? 1 : 2) * scores;
  return (pass == kBackward ? 0 : scores) + (pass == kForward ? 0 : gradients);
}

void add_peer(const Library& library, const ContrastiveTensors& t, Pass pass, Case* c) {
  const bool pairs = t.kind == SSLCUDA_INFONCE && !t.labels && !t.normalize;
  if (!library.on_cpu()) {
    if (!t.indices) {
      c->add_peer("cuBLASLt", [&] { return cublas::contrastive(library, t, pass != kBackward); });
    }
  } else if (pairs && pass != kBackward && t.a.type->code == SSLCUDA_F32) {
    c->add_peer("oneDNN", [&] { return onednn::infonce(t); });
  }
}

}  // namespace

Case contrastive(const Problem& problem, const Library& library) {
  ContrastiveTensors t = shape_of(problem);
  const auto pass = static_cast<Pass>(problem.choice("pass", kPasses));
  if (pass == kBackward && t.kind == SSLCUDA_SAMPLED) {
    throw UsageError("kind=sampled has no pass=backward");
  }
  Case c;
  add_inputs(problem.type(), &t, &c);
  if (pass != kBackward) add_loss(&t, &c);
  if (t.kind != SSLCUDA_SIGLIP) t.row_lse = c.output(t.n);
  if (t.kind == SSLCUDA_CLIP) t.column_lse = c.output(t.m);
  if (pass != kForward) add_gradients(&t, &c);
  c.flops = flops_of(t, pass);
  if (pass == kBackward && t.row_lse) {
    c.prepare = [=](sslcuda_context* context, const Set& set) {
      return compute_lse(context, t, set);
    };
  }
  c.ours = [=](sslcuda_context* context, const Set& set) {
    return pass == kBackward ? compute_gradients(context, t, set) : compute(context, t, set);
  };
  c.check = [=](const Values& v, Checker& checker) { check_contrastive(t, v, checker); };
  add_peer(library, t, pass, &c);
  return c;
}

Case infonce(const Problem& problem, const Library& library) {
  const Pass pass = problem.get("grad", 0) != 0 ? kBoth : kForward;
  ContrastiveTensors t = shape_of(problem);
  Case c;
  add_inputs(problem.type(), &t, &c);
  add_loss(&t, &c);
  if (pass == kBoth) add_gradients(&t, &c);
  c.flops = flops_of(t, pass);
  c.ours = [=](sslcuda_context* context, const Set& set) {
    return sslcuda_infonce(context, t.a.type->code, t.n, t.d, set[t.a], t.d, set[t.b], t.d, t.tau,
                           nullptr, nullptr, set[*t.loss], set[*t.row_loss], pointer(set, t.grad_a),
                           pointer(set, t.grad_b), nullptr);
  };
  c.check = [=](const Values& v, Checker& checker) { check_contrastive(t, v, checker); };
  add_peer(library, t, pass, &c);
  return c;
}

}  // namespace sslcuda::perf
