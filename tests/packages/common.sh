# common.sh - what the tests of installation share: programs built against what was installed, and
# the numbers that they must print. Sourced; `work` is an empty folder that is deleted at the end.
# shellcheck shell=bash disable=SC2034 # its variables are for the scripts that source it
set -euo pipefail

source_dir="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
version="$(sed -n 's/^#define SSLCUDA_VERSION_[A-Z]* \([0-9]*\).*/\1/p' \
  "$source_dir/capi/include/sslcuda.h" | paste -sd.)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
unset LD_LIBRARY_PATH PKG_CONFIG_PATH CMAKE_PREFIX_PATH DESTDIR
if command -v ccache >/dev/null; then
  export CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache
fi

fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}

skip() {
  echo "skipped: $*"
  exit 77
}

# grep -q, but it reads all, so that what writes into the pipe does not fail.
has() {
  grep "$@" >/dev/null
}

# quietly WHAT COMMAND...: shows what the command prints only if it fails.
quietly() {
  local what="$1"
  shift
  "$@" >"$work/log" 2>&1 || {
    cat "$work/log"
    fail "$what"
  }
}

# The formulas on the examples' batches, in doubles.
cat >"$work/infonce.expected" <<'NUMBERS'
loss 0.247037
grad_a -0.113017 0.115422
grad_a -0.023934 -0.145623
grad_a 0.179808 0.130609
grad_b -0.154270 0.091210
grad_b 0.000240 -0.089440
grad_b 0.154030 -0.001770
NUMBERS
cat >"$work/clip.expected" <<'NUMBERS'
loss 0.288531  top-1 0.67  log scale 1.5000
loss 0.200449  top-1 0.67  log scale 1.4992
loss 0.145137  top-1 1.00  log scale 1.5028
NUMBERS

# check HOW FOLDER: runs the programs in the folder, named as the examples or with _<language> behind
# it. Every word of the output is the expected word or, for numbers, within 2e-6.
check() {
  local how="$1" program example count=0
  for program in "$2"/infonce* "$2"/clip*; do
    [[ -f "$program" && -x "$program" ]] || continue
    example="$(basename "$program")"
    "$program" >"$work/output" || fail "$example built by $how does not run"
    paste "$work/output" "$work/${example%%_*}.expected" | awk '
      {
        half = NF / 2
        for (i = 1; i <= half; ++i) {
          error = $i - $(i + half)
          if ($i != $(i + half) && ($i !~ /^-?[0-9]/ || !(error < 2e-6 && error > -2e-6))) bad = 1
        }
      }
      END { exit bad || NR == 0 }' || {
      cat "$work/output"
      fail "$example built by $how prints other numbers"
    }
    count=$((count + 1))
  done
  ((count >= 2)) || fail "$how built nothing"
  echo "$how: the numbers of $count programs agree"
}

# with_cmake HOW OPTION...: the programs of consumer/.
with_cmake() {
  local how="$1"
  shift
  quietly "$how: the programs cannot be configured" cmake -S "$source_dir/tests/packages/consumer" \
    -B "$work/consumer" -G Ninja "-DSSLCUDA_EXPECTED_VERSION=$version" "$@"
  quietly "$how: the programs do not build" cmake --build "$work/consumer" --target programs
  check "$how" "$work/consumer"
  rm -rf "$work/consumer"
}

# with_pkg_config HOW LINKER_OPTION...: the examples, as anyone would build them. eval, because
# pkg-config quotes what has spaces in it.
with_pkg_config() {
  local how="$1" example flags
  shift
  [[ "$(pkg-config --modversion sslcuda)" == "$version" ]] ||
    fail "$how: pkg-config knows another version than $version"
  mkdir "$work/pkg-config"
  for example in infonce clip; do
    eval "flags=($(pkg-config --cflags --libs sslcuda))"
    quietly "$how: $example does not build" cc -std=c99 -Wall -Wextra -Werror \
      "$source_dir/examples/$example.c" "${flags[@]}" "$@" -o "$work/pkg-config/$example"
  done
  check "$how" "$work/pkg-config"
  rm -r "$work/pkg-config"
}

# names_no_place FOLDER PLACE...: no file in the folder has the path of where it was made.
names_no_place() {
  local folder="$1" place
  shift
  for place in "$@"; do
    if grep -rIlF -e "$place" "$folder"; then fail "the files above name $place"; fi
  done
}
