// test_repeat.cpp - the same call gives the same bits: again and again, from a graph, in another
// context, on another stream.
#include <chrono>
#include <cstdlib>
#include <thread>

#include "tests/gpu/job.hpp"

namespace sslcuda::test {
namespace {

double from_environment(const char* name, double otherwise) {
  const char* const given = std::getenv(name);
  return given ? std::atof(given) : otherwise;
}

class Repeat : public OpTest {
 protected:
  // Large ones take their time where there is no GPU.
  std::vector<JobKind> kinds() const {
    std::vector<JobKind> all = job_kinds();
    if (from_environment("SSLCUDA_REPEAT_LARGE", !on_cpu()) != 0) return all;
    return small(std::move(all));
  }
  static std::vector<JobKind> small(std::vector<JobKind> kinds) {
    std::erase_if(kinds, [](const JobKind& kind) { return !kind.small; });
    return kinds;
  }

  // Calls check(kind, a job of it in context(), its results).
  template <class Check>
  void for_each_kind(const Check& check) const {
    for (const JobKind& kind : kinds()) {
      SCOPED_TRACE(kind.name);
      Job job(context());
      kind.build(job);
      job.queue();
      check(kind, job, job.results());
    }
  }
};

// Nothing is written to outputs and workspace before, so that the tool initcheck sees an op that
// reads what nobody wrote.
TEST_P(Repeat, SmallOnce) {
  for (const JobKind& kind : small(job_kinds())) {
    SCOPED_TRACE(kind.name);
    const Context fresh(GetParam());
    Job job(fresh);
    kind.build(job);
    job.queue();
    EXPECT_FALSE(job.results().empty());
  }
}

// As often as the environment asks for, or as its seconds allow.
TEST_P(Repeat, SameBitsEveryTime) {
  using Clock = std::chrono::steady_clock;
  const auto wanted = static_cast<int>(from_environment("SSLCUDA_REPEATS", 20));
  const std::chrono::duration<double> limit(from_environment("SSLCUDA_REPEAT_SECONDS", 60) /
                                            static_cast<double>(kinds().size()));
  int fewest = wanted;
  std::vector<uint8_t> actual;
  for_each_kind([&](const JobKind&, const Job& job, const std::vector<uint8_t>& expected) {
    const auto start = Clock::now();
    int done = 0;
    while (done < wanted && (done == 0 || Clock::now() - start < limit)) {
      job.queue();
      job.read(&actual);
      ASSERT_TRUE(same_bits(actual, expected)) << "repeat " << done;
      ++done;
    }
    fewest = std::min(fewest, done);
  });
  RecordProperty("repeats", fewest);
}

TEST_P(Repeat, GraphGivesTheSameBits) {
  constexpr int kReplays = 10;
  for_each_kind([&](const JobKind&, const Job& job, const std::vector<uint8_t>& expected) {
    sslcuda_graph* graph = nullptr;
    context().must(sslcuda_graph_begin(context()));
    job.queue();
    context().must(sslcuda_graph_end(context(), &graph));
    for (int i = 0; i < kReplays; ++i) {
      job.forget();
      context().must(sslcuda_graph_launch(context(), graph));
      ASSERT_TRUE(same_bits(job.results(), expected)) << "replay " << i;
    }
    context().must(sslcuda_graph_destroy(context(), graph));
  });
}

// Two contexts work at the same time, each from a thread of its own.
TEST_P(Repeat, TwoContextsGiveTheSameBits) {
  constexpr int kRounds = 10;
  const Context other(GetParam());
  for_each_kind([&](const JobKind& kind, const Job& job, const std::vector<uint8_t>& expected) {
    Job other_job(other);
    kind.build(other_job);
    const auto repeat = [&](const Job& mine, bool* same) {
      for (int i = 0; i < kRounds; ++i) {
        mine.queue();
        if (!same_bits(mine.results(), expected)) *same = false;
      }
    };
    bool same = true, other_same = true;
    std::thread thread([&] { repeat(other_job, &other_same); });
    repeat(job, &same);
    thread.join();
    EXPECT_TRUE(same && other_same) << "this context " << same << ", the other " << other_same;
  });
}

TEST_P(Repeat, AnotherStreamGivesTheSameBits) {
  if (on_cpu()) GTEST_SKIP() << "the CPU has no streams";
  const Context other(GetParam());
  sslcuda_stream stream = nullptr;
  other.must(sslcuda_context_get_stream(other, &stream));
  for_each_kind([&](const JobKind&, const Job& job, const std::vector<uint8_t>& expected) {
    job.forget();
    context().must(sslcuda_synchronize(context()));
    context().must(sslcuda_context_set_stream(context(), stream));
    job.queue();
    EXPECT_TRUE(same_bits(job.results(), expected));
    context().must(sslcuda_context_set_stream(context(), nullptr));
  });
}

INSTANTIATE_TEST_SUITE_P(, Repeat, kBackends, backend_name);

}  // namespace
}  // namespace sslcuda::test
