#include "host/train/interrupt.hpp"

#include <csignal>

namespace host {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM};

volatile std::sig_atomic_t g_interrupted = 0;

}  // namespace

void begin_interrupts() {
  struct sigaction action {};
  action.sa_handler = [](int) { g_interrupted = 1; };
  action.sa_flags = SA_RESETHAND | SA_RESTART;
  for (int number : kSignals) sigaction(number, &action, nullptr);
}

void end_interrupts() {
  for (int number : kSignals) std::signal(number, SIG_DFL);
}

bool interrupted() { return g_interrupted != 0; }

}  // namespace host
