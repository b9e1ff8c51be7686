#include "host/report/evaluation_html.hpp"

#include <fmt/format.h>

#include <vector>

#include "host/report/html.hpp"
#include "host/report/words.hpp"

namespace host {
namespace {

struct Measure {
  const char *title, *evaluation, *entry;  // entry: of a kind of features; empty: itself
};

constexpr Measure kMeasures[] = {
    {"kNN, k = 20", "knn", "k20"}, {"kNN, k = 200", "knn", "k200"}, {"linear probe", "linear", ""}};

struct Kind {
  const char *key, *name;
};

constexpr Kind kKinds[] = {
    {"backbone", "backbone"}, {"projector", "projector"}, {"raw_pixels", "raw pixels"}};

std::optional<double> accuracy_of(const Json& eval, const Measure& measure, const char* kind) {
  const Json features = find_json(eval, measure.evaluation, kind);
  const std::string entry = measure.entry;
  return number_of(find_json(entry.empty() ? features : find_json(features, entry), "accuracy"));
}

std::string accuracy_card(const Json& eval, const Measure& measure, const std::string& title) {
  const auto accuracy = accuracy_of(eval, measure, "backbone");
  if (!accuracy) return {};
  const auto raw = accuracy_of(eval, measure, "raw_pixels");
  return html_card(title, percent(*accuracy), raw ? "raw pixels " + percent(*raw) : "");
}

std::string accuracy_table(const Json& eval) {
  std::vector<Measure> measures;
  for (const Measure& measure : kMeasures) {
    if (accuracy_of(eval, measure, "backbone")) measures.push_back(measure);
  }
  if (measures.empty()) return {};
  std::string out = "<table><thead><tr><th scope=\"col\">accuracy of</th>";
  for (const Measure& measure : measures) {
    out += fmt::format("<th scope=\"col\">{}</th>", measure.title);
  }
  out += "</tr></thead><tbody>\n";
  for (const Kind& kind : kKinds) {
    std::string cells;
    bool any = false;
    for (const Measure& measure : measures) {
      const auto accuracy = accuracy_of(eval, measure, kind.key);
      any = any || accuracy;
      cells += fmt::format("<td>{}</td>", accuracy ? percent(*accuracy) : "");
    }
    if (any) out += fmt::format("<tr><th scope=\"row\">{}</th>{}</tr>\n", kind.name, cells);
  }
  return out + "</tbody></table>\n";
}

std::string checkpoints(const Json& eval) {
  std::string out;
  for (const char* evaluation : {"knn", "linear", "reconstruction"}) {
    const Json checkpoint = find_json(eval, evaluation, "checkpoint");
    if (!checkpoint.is_string()) continue;
    out += fmt::format("{}{} of {}", out.empty() ? "" : ", ", evaluation,
                       escape_html(checkpoint.get<std::string>()));
  }
  return out.empty() ? out : fmt::format("<p class=\"quiet\">Checkpoints: {}.</p>\n", out);
}

}  // namespace

std::optional<double> number_of(const Json& json) {
  if (!json.is_number()) return std::nullopt;
  return json.get<double>();
}

std::string evaluation_cards(const Json& eval) {
  std::string out = accuracy_card(eval, kMeasures[0], "kNN accuracy") +
                    accuracy_card(eval, kMeasures[2], "Linear probe");
  if (const auto error = number_of(find_json(eval, "reconstruction", "mse"))) {
    const auto pca = number_of(find_json(eval, "reconstruction", "pca_mse"));
    out += html_card("Error per pixel", fmt::format("{:.5f}", *error),
                     pca ? fmt::format("PCA of this width {:.5f}", *pca) : "");
  }
  return out;
}

std::string evaluation_tables(const Json& eval) {
  const std::string table = accuracy_table(eval);
  if (table.empty() && find_json(eval, "reconstruction").is_null()) return {};
  std::string out = table;
  if (const auto error = number_of(find_json(eval, "reconstruction", "mse"))) {
    const auto pca = number_of(find_json(eval, "reconstruction", "pca_mse"));
    const auto width = number_of(find_json(eval, "reconstruction", "width"));
    out += fmt::format("<p>Squared error per pixel of reconstructed test images: {:.6f}{}{}.</p>\n",
                       *error, pca ? fmt::format("; of PCA {:.6f}", *pca) : "",
                       width ? fmt::format(", codes of {:.0f} numbers", *width) : "");
  }
  return out + checkpoints(eval);
}

}  // namespace host
