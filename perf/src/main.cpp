// main.cpp - sslcuda_perf: checks and times every op of sslcuda.h beside its peers.
//
// Google Benchmark runs the problems, one benchmark each, whose iterations are rounds of A-B-A-B;
// the times it is told are those that a Contest takes.
#include <benchmark/benchmark.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>

#include "perf/src/contest.hpp"
#include "perf/src/ops/ops.hpp"

namespace sslcuda::perf {
namespace {

constexpr int kSchema = 2;

// Exit codes, as those of the sslcuda command.
enum { kWrongResult = 1, kUsage = 2, kNoDevice = 4 };

struct Options {
  std::string device = "auto", problems = "quick", json, only;
  int samples = 30;
  int32_t threads = 0;
};

// One line per problem: what was measured, how long it took, what limits it, how the peers did.
class Lines : public benchmark::BenchmarkReporter {
 public:
  explicit Lines(size_t count) : count_(count) {}
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      std::printf("[%2zu/%zu] %-64s %s\n", ++done_, count_, run.run_name.function_name.c_str(),
                  run.error_occurred ? run.error_message.c_str() : run.report_label.c_str());
    }
    std::fflush(stdout);
  }

 private:
  size_t count_, done_ = 0;
};

std::string line_of(const Json& result) {
  char text[96];
  std::snprintf(text, sizeof text, "%10.1f us  %3.0f %% of %s", result["us"]["p50"].get<double>(),
                100 * result["of_limit"].get<double>(),
                result["limiter"].get_ref<const std::string&>().c_str());
  std::string line = text;
  for (const Json& peer : result["peers"]) {
    const auto& name = peer["name"].get_ref<const std::string&>();
    if (peer.contains("ratio")) {
      std::snprintf(text, sizeof text, "  %.2fx %s", peer["ratio"].get<double>(), name.c_str());
      line += text;
    } else if (peer["status"] == "skipped") {
      line += "  (no " + name + ")";
    } else {
      line += "  (" + name + ": " + peer["message"].get<std::string>() + ")";
    }
  }
  return line;
}

// The result file. It is written anew after every problem, so that a run which is stopped leaves
// what it knew.
class Report {
 public:
  Report(const std::string& path, Json head) : path_(path), json_(std::move(head)) {
    json_["results"] = Json::array();
  }
  Json& operator[](const char* name) { return json_[name]; }

  void write() const {
    if (path_.empty()) return;
    std::ofstream file(path_);
    file << json_.dump(2) << '\n';
    if (!file.flush()) throw UsageError("cannot write " + path_);
  }
  int64_t count(const std::string& status) const {
    const Json& results = json_["results"];
    return std::count_if(results.begin(), results.end(),
                         [&](const Json& result) { return result["status"] == status; });
  }

 private:
  std::string path_;
  Json json_;
};

void run(benchmark::State& state, const Bench& bench, const Problem& problem, Report* report) {
  Contest contest(bench, problem);
  if (contest.ok()) {
    for (auto _ : state) state.SetIterationTime(contest.round());
  }
  const Json result = contest.result();
  (*report)["results"].push_back(result);
  report->write();
  if (contest.ok()) {
    state.SetLabel(line_of(result));
  } else {
    state.SkipWithError((result["status"].get<std::string>() + ": " + contest.failure()).c_str());
  }
}

void run_all(const Bench& bench, const std::vector<Problem>& problems, int samples,
             Report* report) {
  for (const Problem& problem : problems) {
    const auto body = [&bench, &problem, report](benchmark::State& state) {
      run(state, bench, problem, report);
    };
    const int64_t rounds = problem.samples ? std::min<int64_t>(problem.samples, samples) : samples;
    benchmark::RegisterBenchmark(problem.name().c_str(), body)->UseManualTime()->Iterations(rounds);
  }
  Lines lines(problems.size());
  benchmark::RunSpecifiedBenchmarks(&lines);
}

std::vector<Problem> chosen_problems(const Options& options, const std::string& device) {
  std::vector<Problem> problems = load_problems(options.problems, device);
  std::erase_if(problems, [&](const Problem& problem) {
    return problem.op.find(options.only) == std::string::npos;
  });
  for (const Problem& problem : problems) {
    if (!kOps.contains(problem.op)) throw UsageError("no op '" + problem.op + "'");
  }
  return problems;
}

int32_t device_code(const std::string& name) {
  if (name == "cpu") return SSLCUDA_DEVICE_CPU;
  return name == "cuda" ? SSLCUDA_DEVICE_CUDA : SSLCUDA_DEVICE_AUTO;
}

int measure(const Options& options) {
  const Library library(device_code(options.device), options.threads);
  const std::unique_ptr<Device> device =
      library.on_cpu() ? cpu_device(library, options.threads) : cuda_device(library);
  const auto problems = chosen_problems(options, library.on_cpu() ? "cpu" : "cuda");
  std::printf("%s, %s\n", library.description().c_str(), sslcuda_build_info());
  Arena arena(library);
  const Bench bench{library, *device, arena, measure_ceilings(library, *device, arena)};
  std::printf("product in GFLOP/s:");
  for (const DType* type : kDTypes) {
    const double rate = bench.ceilings.gemm[type->code];
    if (rate > 0) std::printf(" %.0f %s", rate * 1e-9, type->name);
  }
  std::printf("; copy %.1f GB/s, smallest call %.2f us\n", bench.ceilings.copy * 1e-9,
              bench.ceilings.launch * 1e6);
  std::fflush(stdout);
  Report report(options.json, {{"schema", kSchema},
                               {"library", sslcuda_build_info()},
                               {"device", device->describe()},
                               {"problems", options.problems},
                               {"ceilings", bench.ceilings.json()},
                               {"conditions", {{"before", device->conditions()}}}});
  run_all(bench, problems, options.samples, &report);
  report["conditions"]["after"] = device->conditions();
  report.write();
  const int64_t failed = report.count("failed");
  std::printf("%zu problems, %ld failed, %ld skipped\n", problems.size(), failed,
              report.count("skipped"));
  return failed == 0 ? 0 : kWrongResult;
}

}  // namespace
}  // namespace sslcuda::perf

int main(int argc, char** argv) {
  using namespace sslcuda::perf;
  Options options;
  CLI::App app(
      "Checks every op against float64, then times it beside its peers and the machine's limits.");
  app.add_option("--device", options.device, "auto, cpu or cuda")
      ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
      ->capture_default_str();
  app.add_option("--problems", options.problems, "quick, full, contrastive, smoke or a file")
      ->capture_default_str();
  app.add_option("--json", options.json, "write the results to this file");
  app.add_option("--only", options.only, "ops whose name contains this");
  app.add_option("--samples", options.samples, "samples of every side")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "CPU threads; 0: as many as there are")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  try {
    return measure(options);
  } catch (const UsageError& error) {
    std::fprintf(stderr, "sslcuda_perf: %s\n", error.what());
    return kUsage;
  } catch (const StatusError& error) {
    std::fprintf(stderr, "sslcuda_perf: %s\n", error.what());
    return error.status() == SSLCUDA_NO_DEVICE ? kNoDevice : kWrongResult;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sslcuda_perf: %s\n", error.what());
    return kWrongResult;
  }
}
