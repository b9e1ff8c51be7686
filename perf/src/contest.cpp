#include "perf/src/contest.hpp"

#include <algorithm>
#include <cmath>

#include "perf/src/ops/ops.hpp"

namespace sslcuda::perf {
namespace {

constexpr size_t kAlignment = 256;
constexpr int64_t kMaxSets = 8192;  // also the largest graph that is made of them
constexpr double kCacheTimes = 4;   // a set is used again after so many caches of other data
constexpr int32_t kNaNByte = 0xff;

size_t aligned(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// Does this version have the op in the problem's storage type?
bool is_served(const Problem& problem) {
  const auto found = kOps.find(problem.op);
  if (found == kOps.end()) throw UsageError("no op '" + problem.op + "'");
  return problem.dtype == kF32.name || (found->second.any_dtype && dtype_of(problem.dtype));
}

Case case_of(const Problem& problem, const Library& library) {
  return is_served(problem) ? kOps.at(problem.op).make(problem, library) : Case();
}

// A number where the text is one.
Json json_of(const std::string& text) {
  const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
  return digits ? Json(whole_number(text)) : Json(text);
}

Json json_of(const Distribution& seconds) {
  return {{"p10", seconds.p10 * 1e6}, {"p50", seconds.p50 * 1e6}, {"p90", seconds.p90 * 1e6}};
}

}  // namespace

Distribution distribution_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto quantile = [&](double q) {
    const double position = q * static_cast<double>(values.size() - 1);
    const auto below = static_cast<size_t>(position);
    const size_t above = std::min(below + 1, values.size() - 1);
    return values[below] +
           (position - static_cast<double>(below)) * (values[above] - values[below]);
  };
  return {quantile(0.1), quantile(0.5), quantile(0.9)};
}

Contest::Contest(const Bench& bench, const Problem& problem)
    : bench_(bench), problem_(problem), case_(case_of(problem, bench.library)) {
  const Library& library = bench.library;
  Side ours;
  ours.name = "libsslcuda";
  if (case_.prepare) {
    ours.prepare = [this, &library](const Set& set) { library.must(case_.prepare(library, set)); };
  }
  ours.call = [this, &library](const Set& set) { library.must(case_.ours(library, set)); };
  sides_.emplace_back(ours);
  for (const Side& peer : case_.peers) sides_.emplace_back(peer);
  if (!is_served(problem)) {
    sides_[0].failure = problem.op + " of dtype " + problem.dtype + " is not in this version";
    sides_[0].skipped = true;
    return;
  }
  try {
    lay_out();
  } catch (const StatusError& error) {
    sides_[0].failure = error.what();
    sides_[0].skipped = error.status() == SSLCUDA_OUT_OF_MEMORY;
    return;
  }
  for (Contender& contender : sides_) check(contender);
  if (!ok()) return;
  for (int64_t set = 1; set < sets_; ++set) fill(set);
  for (Contender& contender : sides_) prepare(contender);
}

void Contest::lay_out() {
  for (const Case::Spec& spec : case_.specs()) {
    offsets_.push_back(stride_);
    stride_ += aligned(spec.bytes);
  }
  size_t scratch = 0;
  for (Contender& contender : sides_) {
    contender.own_offset = stride_;
    contender.scratch_offset = scratch;
    stride_ += aligned(contender.side.own_bytes);
    scratch += aligned(contender.side.scratch_bytes);
  }
  const double wanted = kCacheTimes * static_cast<double>(bench_.device.cache_bytes());
  if (!problem_.warm()) {
    // A case that uses little of what it is given, as gathers do, is not repeated without end.
    const double most = std::max(1.0, 4 * wanted / static_cast<double>(stride_));
    const double sets = std::min(std::ceil(wanted / case_.bytes), most);
    sets_ = std::clamp<int64_t>(static_cast<int64_t>(sets), 1, kMaxSets);
    cold_ = static_cast<double>(sets_) * case_.bytes >= wanted;
  }
  memory_ = bench_.arena.reserve(stride_ * static_cast<size_t>(sets_) + scratch);
}

Set Contest::set_of(const Contender& contender, int64_t number) const {
  unsigned char* const begin = memory_ + stride_ * static_cast<size_t>(number);
  std::vector<unsigned char*> tensors;
  for (const size_t offset : offsets_) tensors.push_back(begin + offset);
  unsigned char* const end = memory_ + stride_ * static_cast<size_t>(sets_);
  return {tensors, begin + contender.own_offset, end + contender.scratch_offset};
}

// Puts the given values into inputs and states, and NaN into outputs.
void Contest::fill(int64_t set) const {
  const Library& library = bench_.library;
  for (size_t i = 0; i < offsets_.size(); ++i) {
    const auto& [role, bytes] = case_.specs()[i];
    unsigned char* const tensor = memory_ + stride_ * static_cast<size_t>(set) + offsets_[i];
    if (role == Role::kOutput) {
      library.must(sslcuda_fill(library, tensor, kNaNByte, bytes));
    } else {
      library.must(
          sslcuda_copy(library, tensor, case_.initial()[i].data(), bytes, SSLCUDA_HOST_TO_DEVICE));
    }
  }
}

void Contest::check(Contender& contender) {
  const Library& library = bench_.library;
  if (!contender.side.absent.empty()) {
    contender.failure = contender.side.absent;
    contender.skipped = true;
    return;
  }
  try {
    const Set set = set_of(contender, 0);
    fill(0);
    if (&contender == &sides_[0]) {
      if (case_.prepare) library.reserve_for([&] { return case_.prepare(library, set); });
      library.reserve_for([&] { return case_.ours(library, set); });
    }
    if (contender.side.prepare) contender.side.prepare(set);
    contender.side.call(set);
    if (contender.side.finish) contender.side.finish(set);
    library.synchronize();
    if (contender.side.computes != "all") return;

    std::vector<Values::Bytes> after;
    for (size_t i = 0; i < offsets_.size(); ++i) {
      const auto& [role, bytes] = case_.specs()[i];
      after.emplace_back(role == Role::kInput ? 0 : bytes);
      library.must(sslcuda_copy(library, after.back().data(), memory_ + offsets_[i],
                                after.back().size(), SSLCUDA_DEVICE_TO_HOST));
    }
    Checker checker;
    case_.check(Values(case_.initial(), std::move(after)), checker);
    contender.error = checker.worst();
    if (!contender.error.ok()) contender.failure = "wrong result: " + contender.error.output;
  } catch (const StatusError& error) {
    contender.failure = error.what();
    contender.skipped = error.status() == SSLCUDA_UNSUPPORTED;
  } catch (const std::exception& error) {
    contender.failure = error.what();
  }
}

void Contest::prepare(Contender& contender) {
  if (!contender.failure.empty()) return;
  try {
    std::vector<Set> sets;
    for (int64_t i = 0; i < sets_; ++i) sets.push_back(set_of(contender, i));
    if (contender.side.prepare) {
      for (const Set& set : sets) contender.side.prepare(set);
    }
    contender.sampler = bench_.device.sampler(
        [call = contender.side.call, sets](int64_t set) { call(sets[set]); }, sets_);
  } catch (const std::exception& error) {
    contender.failure = error.what();
  }
}

double Contest::round() {
  for (Contender& contender : sides_) {
    if (!contender.failure.empty()) continue;
    try {
      contender.seconds.push_back(contender.sampler());
    } catch (const std::exception& error) {
      contender.failure = error.what();
      contender.seconds.clear();
    }
  }
  return ok() ? sides_[0].seconds.back() : 0;
}

// What is known of a side, added to what the caller knows of it.
void Contest::add_summary(const Contender& contender, Json* json) const {
  Json& summary = *json;
  summary["status"] = "ok";
  if (!contender.failure.empty()) {
    summary["status"] = contender.skipped ? "skipped" : "failed";
    summary["message"] = contender.failure;
  }
  if (!contender.error.output.empty()) {
    summary["error"] = {{"output", contender.error.output},
                        {"relative", contender.error.relative},
                        {"tolerance", contender.error.tolerance}};
  }
  if (!contender.seconds.empty()) {
    summary["samples"] = contender.seconds.size();
    summary["us"] = json_of(distribution_of(contender.seconds));
  }
}

Json Contest::peer(const Contender& contender) const {
  Json peer{{"name", contender.side.name},
            {"version", contender.side.version},
            {"computes", contender.side.computes}};
  add_summary(contender, &peer);
  if (!contender.seconds.empty() && !sides_[0].seconds.empty()) {
    peer["ratio"] = distribution_of(contender.seconds).p50 / distribution_of(sides_[0].seconds).p50;
  }
  return peer;
}

Json Contest::result() const {
  Json result{{"op", problem_.op}, {"shape", Json::object()}};
  for (const auto& [name, value] : problem_.shape) result["shape"][name] = json_of(value);
  result["dtype"] = problem_.dtype;
  result["cache"] = cold_ ? "cold" : "warm";
  result["flops"] = case_.flops;
  result["bytes"] = case_.bytes;
  add_summary(sides_[0], &result);
  const Limit limit = limit_of(bench_.ceilings, problem_, case_.flops, case_.bytes, cold_);
  result["limiter"] = limit.what;
  result["limit_us"] = limit.seconds * 1e6;
  if (!sides_[0].seconds.empty()) {
    result["of_limit"] = limit.seconds / distribution_of(sides_[0].seconds).p50;
  }
  result["peers"] = Json::array();
  for (size_t i = 1; i < sides_.size(); ++i) result["peers"].push_back(peer(sides_[i]));
  return result;
}

}  // namespace sslcuda::perf
