// problem.hpp - one line of a problem file: an op, its extents, and how it is to be measured.
//
//   linear_forward n=64 in=784 out=128 activation=1 cache=warm      # a comment
//   include quick
//
// Words: dtype=f32 (the default) | cache=cold (the default) or warm | device=cpu or cuda, for a
// problem that only makes sense there. All else is an extent or a choice that the op knows.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace sslcuda::perf {

// What is wrong with the input, for people.
class UsageError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Problem {
  std::string op;
  std::vector<std::pair<std::string, int64_t>> shape;
  std::string dtype = "f32", cache = "cold", device;

  int64_t operator[](const std::string& field) const;  // it must be there
  int64_t get(const std::string& field, int64_t otherwise) const;
  bool warm() const { return cache == "warm"; }
  std::string shape_text() const;  // "n=64 d=128"
};

// `source`: quick, full or smoke, which are compiled in, or a file. The problems of `device` only.
std::vector<Problem> load_problems(const std::string& source, const std::string& device);

// A compiled-in file of problems/, by name; empty if there is none.
std::string problem_set(const std::string& name);

}  // namespace sslcuda::perf
