// contest.hpp - one problem measured: ours and its peers checked, then sampled in turns, A-B-A-B.
#pragma once

#include "perf/src/case.hpp"
#include "perf/src/ceilings.hpp"
#include "perf/src/device.hpp"
#include "perf/src/json.hpp"
#include "perf/src/problem.hpp"

namespace sslcuda::perf {

struct Distribution {
  double p10, p50, p90;
};
Distribution distribution_of(std::vector<double> values);

// What all problems of a run share.
struct Bench {
  const Library& library;
  Device& device;
  Arena& arena;
  Ceilings ceilings;
};

class Contest {
 public:
  // Makes the inputs, runs every side once and compares the results with float64.
  Contest(const Bench& bench, const Problem& problem);
  Contest(const Contest&) = delete;
  Contest& operator=(const Contest&) = delete;

  // Ours is right, and can be timed.
  bool ok() const { return sides_[0].failure.empty(); }
  const std::string& failure() const { return sides_[0].failure; }

  // One sample of each side that is right. Seconds of ours, 0 if it failed.
  double round();

  Json result() const;  // see README.md, "The result file"

 private:
  struct Contender {
    explicit Contender(const Side& who) : side(who) {}

    Side side;
    std::string failure;   // why it is not timed
    bool skipped = false;  // not served, which is no failure
    Error error{"", 0, 1};
    size_t own_offset = 0;      // in a set
    size_t scratch_offset = 0;  // behind the sets
    Sampler sampler;
    std::vector<double> seconds;
  };

  void lay_out();
  Set set_of(const Contender& contender, int64_t number) const;
  void fill(int64_t set) const;
  void check(Contender& contender);
  void prepare(Contender& contender);
  void add_summary(const Contender& contender, Json* json) const;
  Json peer(const Contender& contender) const;

  const Bench& bench_;
  const Problem problem_;
  Case case_;
  std::vector<Contender> sides_;  // ours first
  std::vector<size_t> offsets_;   // of the tensors in a set
  size_t stride_ = 0;             // from set to set
  int64_t sets_ = 1;
  bool cold_ = false;
  unsigned char* memory_ = nullptr;
};

}  // namespace sslcuda::perf
