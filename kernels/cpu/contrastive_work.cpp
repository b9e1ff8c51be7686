#include <cmath>

#include "kernels/cpu/contrastive.hpp"
#include "kernels/cpu/parallel.hpp"

namespace sslcuda::cpu {
namespace {

constexpr int64_t kPieces = 16;
// More bring products no further, but their scores leave the caches.
constexpr int64_t kMostRows = 512;

Width width_of(const ContrastiveArgs& a) {
  if (a.kind == ContrastiveKind::kSampled) return {0, a.sampled};
  return {a.m, (a.positives ? 1 : 0) + a.negatives_per_row};
}

// Rows start at cache lines, and do not all start at the same place of a page, where the columns
// of a block would compete for a few places in the cache.
int64_t leading_dimension(int64_t width) {
  constexpr int64_t kLine = 16, kPage = 1024;
  const int64_t lines = ceil_div(width, kLine) * kLine;
  return lines % kPage == 0 ? lines + kLine : lines;
}

int64_t block_rows(const ContrastiveArgs& a, int64_t ld) {
  const auto floats = static_cast<int64_t>(a.workspace_limit / sizeof(float));
  return std::clamp<int64_t>(floats / ld - kPieces, 1, std::min(a.n, kMostRows));
}

// Numbers labels by their places in the sorted list of the columns' labels, which has room for m.
void number_labels(int64_t n, const int64_t* rows, int64_t m, const int64_t* columns,
                   int64_t* sorted, const Numbers& numbers) {
  std::copy_n(columns, m, sorted);
  std::sort(sorted, sorted + m);
  const auto place = [&](int64_t label) { return std::lower_bound(sorted, sorted + m, label); };
  for (int64_t j = 0; j < m; ++j) {
    numbers.column[j] = static_cast<int32_t>(place(columns[j]) - sorted);
  }
  for (int64_t i = 0; i < n; ++i) {
    const int64_t* const found = place(rows[i]);
    const bool is_there = found != sorted + m && *found == rows[i];
    numbers.row[i] = is_there ? static_cast<int32_t>(found - sorted) : -1;
  }
}

// How many columns have row i's class, itself not counted; from the list that numbers it.
int32_t count_positives(const ContrastiveWork& w, int64_t i, const int64_t* sorted) {
  const int64_t m = w.args.m, label = w.args.labels[i];
  if (w.classes.row[i] < 0) return 0;
  const int64_t* const first = sorted + w.classes.row[i];
  const auto count = static_cast<int32_t>(std::upper_bound(first, sorted + m, label) - first);
  const int64_t self = w.own_column(i);
  return count - (self >= 0 && w.args.column_labels[self] == label ? 1 : 0);
}

void set_temperature(ContrastiveWork* w) {
  const Temperature& t = w->args.temperature;
  w->scale = t.log_scale ? std::exp(*t.log_scale) : 1 / (t.tau_device ? *t.tau_device : t.tau);
  w->scale_is_limited = t.max_scale > 0 && w->scale > t.max_scale;
  if (w->scale_is_limited) w->scale = t.max_scale;
}

void weigh_rows(ContrastiveWork* w) {
  const ContrastiveArgs& a = w->args;
  const auto weight = [&](int64_t i) { return a.weights ? a.weights[i] : 1.0f; };
  for (int64_t i = 0; i < a.n; ++i) {
    if (!w->counts(i)) continue;
    w->weight_sum += weight(i);
    ++w->counted;
  }
  if (a.mean_over_total) w->weight_sum = static_cast<double>(a.total_rows);
  const float upstream = a.grad_loss ? *a.grad_loss : 1.0f;
  for (int64_t i = 0; i < a.n; ++i) {
    const auto mean = static_cast<float>(weight(i) / w->weight_sum);
    const float of_row = a.grad_row_loss ? a.grad_row_loss[i] : mean;
    w->row_scale[i] = w->counts(i) ? upstream * of_row : 0;
  }
  if (!w->two_sided) return;
  // The loss of column j belongs to the row at the same place. A part of CLIP weighs all alike.
  for (int64_t j = 0; j < a.m; ++j) {
    const int64_t i = a.first_column + j - a.first_row;
    const bool is_here = i >= 0 && i < a.n;
    w->column_scale[j] = is_here ? w->row_scale[i] : upstream / static_cast<float>(a.total_rows);
  }
}

}  // namespace

ContrastiveWork::ContrastiveWork(const ContrastiveArgs& arguments, Arena& arena)
    : args(arguments),
      rows_of_a{args.dtype, args.normalize, args.n, args.d, args.a, args.lda},
      rows_of_b{args.dtype, args.normalize, args.m, args.d, args.b, args.ldb},
      two_sided(args.kind == ContrastiveKind::kClip),
      has_products(args.grad_a || args.grad_b || args.grad_positives || args.grad_negatives ||
                   args.grad_column_bias),
      needs_g(has_products || (args.grad_temperature && args.column_bias)),
      width(width_of(args)),
      ld(leading_dimension(width.total())),
      block(block_rows(args, ld)),
      pieces(ceil_div(block, ceil_div(block, kPieces))) {
  const int64_t n = args.n, m = args.m;
  a = make_operand(rows_of_a, arena);
  b = args.self ? a : make_operand(rows_of_b, arena);
  grad_a = make_gathered(rows_of_a, args.grad_a, arena);
  grad_b = args.self ? grad_a : make_gathered(rows_of_b, args.grad_b, arena);
  scores = arena.take<float>(block * ld);
  exps = arena.take<float>(pieces * ld);
  own_rows = arena.take<float>(width.own > 0 ? pieces * 2 * args.d : 0);
  results = arena.take<RowResult>(n);
  row_scale = arena.take<float>(n);
  const int64_t sided = two_sided ? m : 0;
  column_scale = arena.take<float>(sided);
  column_lse = arena.take<float>(sided);
  diagonal = arena.take<float>(sided);
  columns = {arena.take<float>(sided), arena.take<float>(sided), arena.take<float>(sided)};
  classes = ids = {nullptr, nullptr};
  auto* const sorted = arena.take<int64_t>(has_classes() || args.row_ids ? m : 0);
  if (has_classes()) {
    classes = {arena.take<int32_t>(n), arena.take<int32_t>(m)};
    positives = arena.take<int32_t>(n);
  }
  if (args.row_ids) ids = {arena.take<int32_t>(n), arena.take<int32_t>(m)};
  if (arena.only_counts()) return;

  set_temperature(this);
  if (args.row_ids) number_labels(n, args.row_ids, m, args.column_ids, sorted, ids);
  if (has_classes()) {
    number_labels(n, args.labels, m, args.column_labels, sorted, classes);
    for (int64_t i = 0; i < n; ++i) {
      if (is_ignored(i)) classes.row[i] = -1;
    }
    for (int64_t i = 0; i < n; ++i) positives[i] = count_positives(*this, i, sorted);
  }
  weigh_rows(this);
}

bool ContrastiveWork::counts(int64_t i) const {
  if (is_ignored(i)) return false;
  if (args.weights && args.weights[i] == 0) return false;
  return !has_classes() || positives[i] > 0;
}

int64_t ContrastiveWork::positive_column(int64_t i) const {
  if (args.kind == ContrastiveKind::kSampled) return 0;
  if (is_ignored(i)) return -1;
  if (args.positives) return args.m;
  const int64_t row = args.first_row + i;
  if (args.kind == ContrastiveKind::kNtXent) {
    return in_part((row + args.total_rows / 2) % args.total_rows);
  }
  return in_part(args.labels ? args.labels[i] : row);
}

}  // namespace sslcuda::cpu
