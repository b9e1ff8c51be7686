// entries_contrastive.cpp - sslcuda_contrastive, whose fields are arguments here: one entry for
// every set of them that goes together.
#include "tests/abi/entries.hpp"

namespace sslcuda::test {
namespace {

sslcuda_status contrastive(sslcuda_context* context, const Entry& e) {
  sslcuda_contrastive_args a = SSLCUDA_CONTRASTIVE_INIT;
  a.kind = e.i("kind"), a.normalize = e.i("normalize");
  a.n = e.n("n"), a.m = e.n("m"), a.d = e.n("d");
  a.a = e.p("a"), a.lda = e.n("lda");
  a.b = e.optional("b"), a.ldb = e.n("ldb");
  a.tau = e.f("tau", 1), a.max_scale = e.f("max_scale", 0);
  a.tau_device = e.optional<float>("tau_device"), a.log_scale = e.optional<float>("log_scale");
  a.labels = e.optional<int64_t>("labels");
  a.column_labels = e.optional<int64_t>("column_labels");
  a.weights = e.optional<float>("weights");
  a.positives = e.optional("positives"), a.ld_positives = e.n("ld_positives");
  a.negatives = e.optional("negatives"), a.negatives_per_row = e.n("negatives_per_row");
  a.indices = e.optional<int64_t>("indices"), a.sampled = e.n("sampled");
  a.row_ids = e.optional<int64_t>("row_ids");
  a.column_ids = e.optional<int64_t>("column_ids");
  a.mask = e.optional<uint32_t>("mask"), a.ld_mask = e.n("ld_mask");
  a.margin = e.f("margin", 0), a.bias = e.f("bias", 0);
  a.bias_device = e.optional<float>("bias_device");
  a.column_bias = e.optional<float>("column_bias");
  a.smoothing = e.f("smoothing", 0), a.z_loss = e.f("z_loss", 0);
  a.total_rows = e.n("total_rows"), a.total_columns = e.n("total_columns");
  a.given_row_lse = e.optional<float>("given_row_lse");
  a.given_column_lse = e.optional<float>("given_column_lse");
  a.grad_loss = e.optional<float>("grad_loss");
  a.grad_row_loss = e.optional<float>("grad_row_loss");
  a.loss = e.optional<float>("loss"), a.row_loss = e.optional<float>("row_loss");
  a.row_lse = e.optional<float>("row_lse"), a.column_lse = e.optional<float>("column_lse");
  a.row_positive = e.optional<float>("row_positive");
  a.row_entropy = e.optional<float>("row_entropy"), a.top1 = e.optional<float>("top1");
  a.grad_a = e.optional("grad_a"), a.grad_b = e.optional("grad_b");
  a.grad_positives = e.optional("grad_positives");
  a.grad_negatives = e.optional("grad_negatives");
  a.grad_temperature = e.optional<float>("grad_temperature");
  a.grad_bias = e.optional<float>("grad_bias");
  a.grad_column_bias = e.optional<float>("grad_column_bias");
  return sslcuda_contrastive(context, e.i("dtype"), &a);
}

}  // namespace

// 3 rows and 4 columns of 4 numbers, where the kind does not want as many columns as rows.
void Entries::add_contrastive() {
  const char* const kName = "sslcuda_contrastive";
  const std::vector<double> bad_tau = {0, -1, kNaN, kInf}, negative = {-1, kNaN, kInf};
  add({.name = kName,
       .call = contrastive,
       .extents = {{"n", 3}, {"m", 4}, {"d", 4}, {"lda", 5}, {"ldb", 4}},
       .strides = {{"lda", "d"}, {"ldb", "d"}},
       .choices = {{"dtype", 0}, {"kind", SSLCUDA_INFONCE}, {"normalize", 1}},
       .scalars = {{"tau", 0.5}, {"max_scale", 9}, {"smoothing", 0.1}, {"z_loss", 0.01}},
       .bad_scalars = {{"tau", bad_tau},
                       {"max_scale", negative},
                       {"smoothing", {-0.1, 1, kNaN, kInf}},
                       {"z_loss", negative}},
       .least = {{"n", 1}, {"m", 1}, {"d", 1}}},
      {{"a", kIn, floats(14)},
       {"b", kIn, floats(16)},
       {"labels", kOptIn, longs(3)},
       {"weights", kOptIn, floats(3)},
       {"column_bias", kOptIn, floats(4)},
       {"grad_loss", kOptIn, floats(1)},
       {"grad_row_loss", kOptIn, floats(3)},
       {"loss", kOptOut, floats(1)},
       {"row_loss", kOptOut, floats(3)},
       {"row_lse", kOptOut, floats(3)},
       {"row_positive", kOptOut, floats(3)},
       {"row_entropy", kOptOut, floats(3)},
       {"top1", kOptOut, floats(1)},
       {"grad_a", kOptOut, floats(14)},
       {"grad_b", kOptOut, floats(16)},
       {"grad_temperature", kOptOut, floats(1)},
       {"grad_column_bias", kOptOut, floats(4)}});
  // In 16 bits, so that every tensor has half the bytes.
  add({.name = kName,
       .call = contrastive,
       .extents = {{"n", 3}, {"m", 4}, {"d", 4}, {"lda", 6}, {"ldb", 4}, {"ld_positives", 8}},
       .fixed = {{"negatives_per_row", 2}},
       .strides = {{"lda", "d"}, {"ldb", "d"}, {"ld_positives", "d"}},
       .choices = {{"dtype", SSLCUDA_BF16}, {"kind", SSLCUDA_INFONCE}, {"normalize", 0}},
       .scalars = {{"margin", 0.5}},
       .bad_scalars = {{"margin", negative}},
       .least = {{"n", 1}, {"d", 1}}},
      {{"a", kIn, 2 * 16},
       {"b", kIn, 2 * 16},
       {"positives", kOptIn, 2 * 20},
       {"negatives", kIn, 2 * 24},
       {"tau_device", kOptIn, floats(1)},
       {"loss", kOptOut, floats(1)},
       {"grad_a", kOptOut, 2 * 16},
       {"grad_b", kOptOut, 2 * 16},
       {"grad_positives", kOptOut, 2 * 20},
       {"grad_negatives", kOptOut, 2 * 24}});
  add({.name = kName,
       .call = contrastive,
       .extents = {{"d", 4}, {"lda", 5}, {"ldb", 4}},
       .fixed = {{"n", 3}, {"m", 3}, {"ld_mask", 2}},
       .strides = {{"lda", "d"}, {"ldb", "d"}},
       .choices = {{"dtype", 0}, {"kind", SSLCUDA_CLIP}, {"normalize", 0}},
       .least = {{"d", 1}}},
      {{"a", kIn, floats(14)},
       {"b", kIn, floats(12)},
       {"log_scale", kOptIn, floats(1)},
       {"weights", kOptIn, floats(3)},
       {"row_ids", kOptIn, longs(3)},
       {"column_ids", kOptIn, longs(3)},
       {"mask", kOptIn, 5 * sizeof(uint32_t)},
       {"loss", kOptOut, floats(1)},
       {"row_lse", kOptOut, floats(3)},
       {"column_lse", kOptOut, floats(3)},
       {"grad_a", kOptOut, floats(14)},
       {"grad_b", kOptOut, floats(12)}});
  // A part of CLIP with the log-sum-exps of the whole.
  add({.name = kName,
       .call = contrastive,
       .extents = {{"d", 4}, {"lda", 5}, {"ldb", 4}},
       .fixed = {{"n", 3}, {"m", 2}, {"total_rows", 6}, {"total_columns", 6}},
       .strides = {{"lda", "d"}, {"ldb", "d"}},
       .choices = {{"dtype", 0}, {"kind", SSLCUDA_CLIP}, {"normalize", 0}},
       .least = {{"d", 1}}},
      {{"a", kIn, floats(14)},
       {"b", kIn, floats(8)},
       {"given_row_lse", kOptIn, floats(3)},
       {"given_column_lse", kOptIn, floats(2)},
       {"grad_a", kOptOut, floats(14)},
       {"grad_b", kOptOut, floats(8)},
       {"grad_temperature", kOptOut, floats(1)}});
  add({.name = kName,
       .call = contrastive,
       .extents = {{"d", 4}, {"lda", 5}},
       .fixed = {{"n", 4}},
       .strides = {{"lda", "d"}},
       .choices = {{"dtype", 0}, {"kind", SSLCUDA_NTXENT}, {"normalize", 1}},
       .scalars = {{"tau", 0.5}},
       .bad_scalars = {{"tau", bad_tau}},
       .least = {{"d", 1}}},
      {{"a", kIn, floats(19)}, {"loss", kOptOut, floats(1)}, {"grad_a", kOptOut, floats(19)}});
  // Without b and column_labels these are rows among themselves.
  for (const int32_t kind : {SSLCUDA_SUPCON, SSLCUDA_SUPCON_IN}) {
    add({.name = kName,
         .call = contrastive,
         .extents = {{"n", 3}, {"m", 4}, {"d", 4}, {"lda", 5}, {"ldb", 4}},
         .strides = {{"lda", "d"}, {"ldb", "d"}},
         .choices = {{"dtype", 0}, {"kind", kind}, {"normalize", 0}},
         .least = {{"n", 1}, {"m", 1}, {"d", 1}}},
        {{"a", kIn, floats(14)},
         {"b", kOptIn, floats(16)},
         {"labels", kIn, longs(3)},
         {"column_labels", kOptIn, longs(4)},
         {"loss", kOptOut, floats(1)},
         {"row_positive", kOptOut, floats(3)},
         {"grad_a", kOptOut, floats(14)},
         {"grad_b", kOptOut, floats(16)}});
  }
  // The bias by value is read only where it is not in memory.
  Entry siglip{.name = kName,
               .call = contrastive,
               .extents = {{"d", 4}, {"lda", 5}, {"ldb", 4}},
               .fixed = {{"n", 3}, {"m", 3}},
               .strides = {{"lda", "d"}, {"ldb", "d"}},
               .choices = {{"dtype", 0}, {"kind", SSLCUDA_SIGLIP}, {"normalize", 0}},
               .least = {{"d", 1}}};
  std::vector<Argument> pointers = {{"a", kIn, floats(14)},
                                    {"b", kIn, floats(12)},
                                    {"bias_device", kOptIn, floats(1)},
                                    {"loss", kOptOut, floats(1)},
                                    {"grad_a", kOptOut, floats(14)},
                                    {"grad_b", kOptOut, floats(12)},
                                    {"grad_bias", kOptOut, floats(1)}};
  add(siglip, pointers);
  siglip.scalars = {{"bias", -1}};
  siglip.bad_scalars = {{"bias", {kNaN, kInf}}};
  std::erase_if(pointers, [](const Argument& x) { return x.name == std::string("bias_device"); });
  add(siglip, pointers);
  add({.name = kName,
       .call = contrastive,
       .extents = {{"n", 3}, {"m", 4}, {"d", 4}, {"sampled", 2}, {"lda", 5}, {"ldb", 4}},
       .strides = {{"lda", "d"}, {"ldb", "d"}},
       .choices = {{"dtype", 0}, {"kind", SSLCUDA_SAMPLED}, {"normalize", 0}},
       .least = {{"n", 1}, {"m", 1}, {"d", 1}, {"sampled", 1}}},
      {{"a", kIn, floats(14)},
       {"b", kIn, floats(16)},
       {"indices", kIn, longs(6)},
       {"loss", kOptOut, floats(1)},
       {"row_lse", kOptOut, floats(3)},
       {"grad_a", kOptOut, floats(14)},
       {"grad_b", kOptOut, floats(16)}});
  add({.name = "sslcuda_lse_merge",
       .call =
           [](sslcuda_context* c, const Entry& e) {
             return sslcuda_lse_merge(c, e.n("count"), e.p<float>("one"), e.p<float>("other"),
                                      e.p<float>("merged"));
           },
       .extents = {{"count", 5}},
       .may_share = {{"one", "merged"}, {"other", "merged"}}},
      {{"one", kIn, floats(5)}, {"other", kIn, floats(5)}, {"merged", kOut, floats(5)}});
}

}  // namespace sslcuda::test
