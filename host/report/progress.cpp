#include "host/report/progress.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "host/message.hpp"

namespace host {
namespace {

constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::seconds kPlainLine{10};

bool is_terminal() {
  const char* term = std::getenv("TERM");
  return isatty(STDERR_FILENO) && term && std::string_view(term) != "dumb";
}

size_t terminal_width() {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

std::string duration(double seconds) {
  const auto total = static_cast<int64_t>(seconds + 0.5);
  if (total < 3600) return fmt::format("{}:{:02}", total / 60, total % 60);
  return fmt::format("{}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
}

}  // namespace

Progress::Progress(ProgressMode mode)
    : mode_(mode != ProgressMode::kAuto ? mode
            : is_terminal()             ? ProgressMode::kBar
                                        : ProgressMode::kPlain) {}

double Progress::seconds() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

bool Progress::due() const {
  const auto since = Clock::now() - shown_;
  return since >= (mode_ == ProgressMode::kBar ? Clock::duration(kRedraw) : kPlainLine);
}

void Progress::training(const Training& state) {
  shown_ = Clock::now();
  const auto part = [&](int64_t steps) {
    return static_cast<double>(steps) / static_cast<double>(state.steps);
  };
  const double done = part(state.step), done_here = part(state.step - state.first_step);
  const std::string text =
      fmt::format("epoch {}/{}  step {}/{}  loss {:.4g}  {:.0f} images/s", state.epoch,
                  state.epochs, state.step, state.steps, state.loss, state.images_per_second);
  if (mode_ == ProgressMode::kBar) {
    const double left = done_here > 0 ? seconds() * (1 - done) / done_here : 0;
    draw(done, fmt::format("{}  ETA {}", text, duration(left)));
  }
  if (state.epoch_done || mode_ == ProgressMode::kPlain) {
    note(fmt::format("{:3.0f}%  {}  {}", 100 * done, text, duration(seconds())));
  }
}

void Progress::evaluating(const std::string& what, double done) {
  if (mode_ != ProgressMode::kBar || !due()) return;
  shown_ = Clock::now();
  draw(done, what);
}

void Progress::note(const std::string& line) {
  if (log_) log_(line);
  if (mode_ == ProgressMode::kNone) return;
  clear();
  to_stderr(line + '\n');
}

void Progress::clear() {
  if (bar_is_up_) to_stderr("\r\033[K");
  bar_is_up_ = false;
}

void Progress::draw(double done, const std::string& text) {
  constexpr size_t kCells = 20;
  const size_t full = std::min(kCells, static_cast<size_t>(done * kCells));
  std::string line =
      fmt::format("[{:<{}}] {:3.0f}%  {}", std::string(full, '='), kCells, 100 * done, text);
  line.resize(std::min(line.size(), terminal_width() - 1));
  to_stderr(fmt::format("\r{}\033[K", line));
  bar_is_up_ = true;
}

}  // namespace host
