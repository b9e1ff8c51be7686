#include "host/cli/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/train/json.hpp"

namespace host {
namespace {

const char* name_of(Level level) {
  switch (level) {
    case Level::kOk:
      return "ok";
    case Level::kWarning:
      return "warning";
    case Level::kProblem:
      break;
  }
  return "problem";
}

void print_json(const std::vector<Finding>& findings, bool usable) {
  Json list = Json::array();
  for (const Finding& finding : findings) {
    list.push_back({{"name", finding.name},
                    {"level", name_of(finding.level)},
                    {"text", finding.text},
                    {"advice", finding.advice}});
  }
  fmt::print("{}", format_json({{"usable", usable}, {"findings", list}}));
}

void print_lines(const std::vector<Finding>& findings, bool usable) {
  for (const Finding& finding : findings) {
    fmt::print("{:<8} {:<8} {}{}{}\n", name_of(finding.level), finding.name, finding.text,
               finding.advice.empty() ? "" : "; ", finding.advice);
  }
  fmt::print("\n{}\n", usable ? "sslcuda can train here." : "Solve the problems above to train.");
}

}  // namespace

Exit doctor(bool as_json) {
  std::vector<Finding> findings;
  for (const auto check :
       {check_library, check_cpu, check_driver, check_devices, check_data, check_disk}) {
    std::ranges::move(check(), std::back_inserter(findings));
  }
  const bool usable = std::ranges::none_of(
      findings, [](const Finding& finding) { return finding.level == Level::kProblem; });
  (as_json ? print_json : print_lines)(findings, usable);
  return usable ? Exit::kSuccess : Exit::kDevice;
}

}  // namespace host
