#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "host/cli/cli.hpp"

namespace {

// The library's OpenMP threads spin for milliseconds while they wait, which makes training tens of
// times slower as soon as another process wants a core. How long they spin is read from the
// environment when the process starts, so it is started once more. Where that fails, or the user
// has chosen, it goes on as it is.
void spin_briefly(char** argv) {
  constexpr const char *kSpin = "GOMP_SPINCOUNT", *kPolicy = "OMP_WAIT_POLICY";
  if (std::getenv(kSpin) || std::getenv(kPolicy) || setenv(kSpin, "2000", 1) != 0) return;
  execv("/proc/self/exe", argv);
}

}  // namespace

int main(int argc, char** argv) {
  spin_briefly(argv);
  // A limit on the size of files is then an error of write(), as a full disk is.
  std::signal(SIGXFSZ, SIG_IGN);
  return host::run_command_line(argc, argv);
}
