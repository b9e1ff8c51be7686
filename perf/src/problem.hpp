// problem.hpp - one line of a problem file: an op, its extents, and how it is to be measured.
//
//   linear_forward n=64 in=784 out=128 activation=1 cache=warm      # a comment
//   contrastive kind=clip n=4096 d=512 pass=both dtype=bf16 device=cuda
//   include quick
//
// Words: dtype=f32 (the default), tf32, bf16 or f16 | cache=cold (the default) or warm | device=cpu
// or cuda, for a problem that only makes sense there | samples=5, at most, for one that takes long.
// All else is an extent or a choice that the op knows.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "perf/src/number.hpp"

namespace sslcuda::perf {

// What is wrong with the input, for people.
class UsageError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Problem {
  std::string op;
  std::vector<std::pair<std::string, std::string>> shape;
  std::string dtype = "f32", cache = "cold", device;
  int64_t samples = 0;  // 0: as many as of the others

  int64_t operator[](const std::string& field) const;  // it must be there
  int64_t get(const std::string& field, int64_t otherwise) const;
  // Which of the words it is, the first if the field is not there.
  size_t choice(const std::string& field, const std::vector<std::string>& words) const;
  const DType& type() const { return *dtype_of(dtype); }
  bool warm() const { return cache == "warm"; }
  std::string shape_text() const;  // "n=64 d=128"
  std::string name() const;        // "mse count=9", with the dtype unless it is f32

 private:
  const std::string* find(const std::string& field) const;  // null if it is not there
};

// UsageError if the text is none.
int64_t whole_number(const std::string& text);

// `source`: quick, full, contrastive or smoke, which are compiled in, or a file. The problems of
// `device` only.
std::vector<Problem> load_problems(const std::string& source, const std::string& device);

// A compiled-in file of problems/, by name; empty if there is none.
std::string problem_set(const std::string& name);

}  // namespace sslcuda::perf
