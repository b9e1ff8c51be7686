# common.sh - what the scripts share: paths, steps with a log, the choice of tools. Sourced.
# shellcheck shell=bash disable=SC2034 # its variables are for the scripts that source it
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
logs="$root/build/logs"
# The distribution's Python, whose packages setup installs; another one may come first in PATH.
python=/usr/bin/python3

# Where setup puts what the system lacks, or has too old.
pip_tools="$root/.venv-tools"
pip_cuda="$root/.venv-cuda"
pip_docs="$root/.venv-docs"
PATH="$pip_tools/bin:$PATH"

# OpenMP threads that spin for long while they wait make everything many times slower as soon as
# another process wants the cores, which here is usual: tests run side by side.
export GOMP_SPINCOUNT="${GOMP_SPINCOUNT:-2000}"

die() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# The comment at the top of the script is its help.
usage() {
  awk 'NR > 1 && !/^#/ { exit } NR > 1 { sub(/^# ?/, ""); print }' "$0"
}

# step TEXT NAME COMMAND...: runs the command with its output in build/logs/NAME.log and shows the
# end of that if it fails.
step() {
  local text="$1" log="$logs/$2.log" started="$SECONDS"
  shift 2
  mkdir -p "$logs"
  printf '%s ... ' "$text"
  if "$@" </dev/null >"$log" 2>&1; then
    echo "done ($((SECONDS - started)) s)"
  else
    local status=$?
    printf 'failed\n%s\n' "--- end of $log:" >&2
    tail -n 60 "$log" >&2
    return "$status"
  fi
}

# run_tests PRESET CTEST_OPTION...: leaves its results in build/logs/tests-PRESET.xml.
run_tests() {
  local preset="$1" result="$logs/tests-$1.xml"
  shift
  rm -f "$result"
  step "testing ($preset)" "test-$preset" ctest --preset "$preset" --no-tests=error \
    --parallel "$(nproc)" --output-junit "$result" "$@"
}

at_least() {
  [[ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" == "$1" ]]
}

has_cmake() {
  command -v cmake >/dev/null &&
    at_least 3.25 "$(cmake --version | awk 'NR == 1 { print $3 }')"
}

# Prints the CUDA compiler to use: the first that is recent enough for sm_90a and C++20.
find_nvcc() {
  local nvcc version
  for nvcc in "$pip_cuda/cuda/bin/nvcc" "${CUDACXX:-}" "$(command -v nvcc)" \
    /usr/local/cuda/bin/nvcc; do
    [[ -x "$nvcc" ]] || continue
    version="$("$nvcc" --version | sed -n 's/.*release \([0-9.]*\).*/\1/p')"
    if at_least 12.0 "$version"; then
      echo "$nvcc"
      return 0
    fi
  done
  return 1
}
