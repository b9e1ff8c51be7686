#include "perf/src/problem.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <sstream>

namespace sslcuda::perf {
namespace {

Problem parse(const std::string& line) {
  std::istringstream words(line);
  Problem problem;
  words >> problem.op;
  for (std::string word; words >> word;) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos) throw UsageError("not name=value: '" + word + "'");
    const std::string name = word.substr(0, equals), value = word.substr(equals + 1);
    if (name == "dtype") {
      problem.dtype = value;
    } else if (name == "cache") {
      problem.cache = value;
    } else if (name == "device") {
      problem.device = value;
    } else if (name == "samples") {
      problem.samples = whole_number(value);
    } else {
      problem.shape.emplace_back(name, value);
    }
  }
  if (problem.cache != "cold" && problem.cache != "warm") {
    throw UsageError("cache is cold or warm, not '" + problem.cache + "'");
  }
  return problem;
}

std::string text_of(const std::string& source) {
  if (const std::string known = problem_set(source); !known.empty()) return known;
  std::ifstream file(source);
  if (!file)
    throw UsageError("no problems '" + source +
                     "': give quick, full, contrastive, smoke or a file");
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

int64_t whole_number(const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) {
    throw UsageError("not a whole number: '" + text + "'");
  }
  return value;
}

const std::string* Problem::find(const std::string& field) const {
  for (const auto& [name, value] : shape) {
    if (name == field) return &value;
  }
  return nullptr;
}

int64_t Problem::operator[](const std::string& field) const {
  const std::string* const value = find(field);
  if (!value) throw UsageError(op + " needs " + field + "=");
  return whole_number(*value);
}

int64_t Problem::get(const std::string& field, int64_t otherwise) const {
  const std::string* const value = find(field);
  return value ? whole_number(*value) : otherwise;
}

size_t Problem::choice(const std::string& field, const std::vector<std::string>& words) const {
  const std::string* const value = find(field);
  if (!value) return 0;
  const auto found = std::find(words.begin(), words.end(), *value);
  if (found != words.end()) return static_cast<size_t>(found - words.begin());
  std::string known;
  for (const std::string& word : words) known += (known.empty() ? "" : ", ") + word;
  throw UsageError(field + " is one of " + known + ", not '" + *value + "'");
}

std::string Problem::shape_text() const {
  std::string text;
  for (const auto& [name, value] : shape) {
    if (!text.empty()) text += ' ';
    text += name + '=' + value;
  }
  return text;
}

std::string Problem::name() const {
  return op + ' ' + shape_text() + (dtype == kF32.name ? "" : ' ' + dtype);
}

std::vector<Problem> load_problems(const std::string& source, const std::string& device) {
  std::vector<Problem> problems;
  std::istringstream lines(text_of(source));
  for (std::string line; std::getline(lines, line);) {
    line.erase(std::min(line.find('#'), line.size()));
    std::string first, second;
    std::istringstream(line) >> first >> second;
    if (first.empty()) continue;
    if (first == "include") {
      const std::vector<Problem> more = load_problems(second, device);
      problems.insert(problems.end(), more.begin(), more.end());
      continue;
    }
    const Problem problem = parse(line);
    if (problem.device.empty() || problem.device == device) problems.push_back(problem);
  }
  return problems;
}

}  // namespace sslcuda::perf
