// progress.hpp - what a run shows on standard error while it works: a bar that is redrawn in place
// on a terminal, else a line per epoch and one now and then.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace host {

enum class ProgressMode { kAuto, kBar, kPlain, kNone };

class Progress {
 public:
  explicit Progress(ProgressMode mode);
  // Takes the bar away, so that what is printed next starts on a clean line.
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  struct Training {
    int64_t epoch, epochs;
    int64_t first_step;   // done before this process started
    int64_t step, steps;  // done, and of the whole run
    double loss;
    double images_per_second;
    bool epoch_done;
  };

  // Takes every line that stays as well, whatever is shown.
  void log_to(std::function<void(const std::string&)> log) { log_ = std::move(log); }

  // Is it time to show something new? Asked at every step, so that the device is not.
  bool due() const;
  void training(const Training& state);
  void evaluating(const std::string& what, double done);
  // A line that stays.
  void note(const std::string& line);
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  double seconds() const;
  void draw(double done, const std::string& text);

  ProgressMode mode_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point shown_ = start_;
  bool bar_is_up_ = false;
  std::function<void(const std::string&)> log_;
};

}  // namespace host
