#include "host/report/html_report.hpp"

#include <fmt/format.h>
#include <sslcuda.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "host/report/evaluation_html.hpp"
#include "host/report/html.hpp"
#include "host/report/loss_chart.hpp"
#include "host/report/run_pictures.hpp"
#include "host/report/words.hpp"
#include "host/train/config.hpp"
#include "host/train/file.hpp"
#include "host/train/json.hpp"
#include "host/train/metrics.hpp"
#include "host/train/run_directory.hpp"

namespace host {
namespace {

namespace fs = std::filesystem;

using Rows = std::vector<std::pair<std::string, std::string>>;

std::string text_of(const Json& json) {
  if (json.is_null()) return "none";
  if (json.is_boolean()) return json.get<bool>() ? "yes" : "no";
  if (json.is_number_float()) return fmt::format("{:.6g}", json.get<double>());
  if (!json.is_string()) return json.dump();
  const auto text = json.get<std::string>();
  return text.empty() ? "none" : text;
}

// Nested objects as rows named by all keys on the way.
void flatten(const Json& json, const std::string& name, Rows& rows) {
  if (!json.is_object()) {
    rows.emplace_back(name, text_of(json));
    return;
  }
  for (const auto& [key, value] : json.items()) {
    std::string words = key;
    std::ranges::replace(words, '_', ' ');
    flatten(value, name.empty() ? words : name + ", " + words, rows);
  }
}

std::string table(const Rows& rows) {
  if (rows.empty()) return {};
  std::string out = "<table><tbody>\n";
  for (const auto& [name, value] : rows) {
    out += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", escape_html(name),
                       escape_html(value));
  }
  return out + "</tbody></table>\n";
}

std::string section(const std::string& title, const std::string& content) {
  if (content.empty()) return {};
  return fmt::format("<section>\n<h2>{}</h2>\n{}</section>\n", title, content);
}

class Report {
 public:
  explicit Report(const RunDirectory& run);
  std::string page() const;

 private:
  std::string heading() const;
  std::string cards() const;
  std::string commands() const;

  const RunDirectory& run_;
  Json config_, summary_;  // summary.json may be missing, as in a run that was killed
  std::string method_, status_;
  Metrics metrics_;
};

Report::Report(const RunDirectory& run)
    : run_(run), config_(read_json(run.file(RunDirectory::kConfig))) {
  std::error_code error;
  const fs::path summary = run.file(RunDirectory::kSummary);
  if (fs::exists(summary, error)) summary_ = read_json(summary);
  method_ = text_of(find_json(config_, "program"));
  if (const Json status = find_json(summary_, "status"); !status.is_null()) {
    status_ = text_of(status);
  }
  metrics_ = read_metrics(run.file(RunDirectory::kMetrics));
}

std::string Report::page() const {
  Rows options, environment;
  Json chosen = config_;
  if (const Json resolved = find_json(config_, kResolved); !resolved.is_null()) {
    flatten(resolved, "", environment);
    chosen.erase(kResolved);
  }
  flatten(chosen, "", options);
  return html_page(
      fmt::format("{}: {}", method_, run_.path().string()),
      heading() + cards() + section("Loss", loss_chart_html(metrics_)) +
          section("Pictures", run_pictures_html(run_.path())) +
          section("Evaluation", evaluation_tables(find_json(summary_, "eval"))) +
          section("Next steps", commands()) + section("Options", table(options)) +
          section("Environment", table(environment)) +
          fmt::format("<p class=\"quiet\">Written by {}</p>\n", escape_html(sslcuda_build_info())));
}

std::string Report::heading() const {
  std::string state = status_.empty() ? "not finished" : status_;
  if (const Json reason = find_json(summary_, "reason"); !reason.is_null()) {
    state += ": " + text_of(reason);
  }
  return fmt::format("<h1>{}</h1>\n<p class=\"quiet\">{}, {}</p>\n", escape_html(method_),
                     escape_html(run_.path().string()), escape_html(state));
}

std::string Report::cards() const {
  std::string out;
  if (const auto& losses = metrics_.epoch_losses; !losses.empty()) {
    out += html_card("Loss, last epoch", fmt::format("{:.5g}", losses.back()),
                     fmt::format("first epoch {:.5g}", losses.front()));
  } else if (!metrics_.losses.empty()) {
    out += html_card("Loss, last step", fmt::format("{:.5g}", metrics_.losses.back()), "");
  }
  out += evaluation_cards(find_json(summary_, "eval"));
  if (const auto speed = number_of(find_json(summary_, "images_per_second"))) {
    out += html_card("Images/s", grouped(static_cast<int64_t>(*speed)), "while training");
  }
  if (const auto seconds = number_of(find_json(summary_, "seconds"))) {
    const auto steps = number_of(find_json(summary_, "steps"));
    out += html_card("Training time", duration(*seconds),
                     steps ? grouped(static_cast<int64_t>(*steps)) + " steps" : "");
  }
  return out.empty() ? out : fmt::format("<dl class=\"cards\">\n{}</dl>\n", out);
}

std::string Report::commands() const {
  const std::string run = quoted(run_.path().string());
  const auto entry = [](const char* purpose, const std::string& command) {
    return fmt::format("<p>{}</p>\n<pre>{}</pre>\n", purpose, escape_html(command));
  };
  const std::string method = quoted(method_);
  const bool diverged = status_ == "diverged";  // going on would end in the same step again
  std::string out, lower;
  if (diverged) {
    const auto lr = number_of(find_json(config_, "lr"));
    lower = fmt::format(" --lr {:g}", lr.value_or(1e-3) / 10);
  } else if (status_ != "completed") {
    out += entry("Continue where it stopped:",
                 fmt::format("sslcuda train {} --out {} --resume", method, run));
  }
  out += entry(
      diverged ? "Train again with a lower learning rate:" : "Train again with the same options:",
      fmt::format("sslcuda train {} --config {}{} --out {}", method,
                  quoted(run_.file(RunDirectory::kConfig).string()), lower,
                  quoted(run_.path().string() + "-again")));
  std::error_code error;
  if (fs::exists(run_.file(RunDirectory::kLast), error)) {
    out += entry("Evaluate the features:", fmt::format("sslcuda eval knn --run {0}\n"
                                                       "sslcuda eval linear --run {0}",
                                                       run));
    out += entry("Draw the plots again, or write the features to embeddings.npy:",
                 fmt::format("sslcuda plot --run {0}\nsslcuda embed --run {0}", run));
    out += entry("Inspect its checkpoint:", "sslcuda inspect " + run);
  }
  out += entry("Follow its curves in TensorBoard:", "tensorboard --logdir " + run);
  return out;
}

}  // namespace

void write_report(const fs::path& directory) {
  const RunDirectory run(directory, RunDirectory::Use::kExisting);
  run.write(RunDirectory::kReport, Report(run).page());
}

}  // namespace host
