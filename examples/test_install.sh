#!/bin/bash
# test_install.sh BUILD_DIR - installs a build into an empty prefix, moves the prefix, builds the
# examples against it by pkg-config and find_package and from the sources by add_subdirectory, and
# checks their numbers each time.
set -euo pipefail
source_dir="$(cd "$(dirname "$0")/.." && pwd)"
build_dir="$(cd "$1" && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
unset LD_LIBRARY_PATH PKG_CONFIG_PATH CMAKE_PREFIX_PATH
if command -v ccache >/dev/null; then export CMAKE_CXX_COMPILER_LAUNCHER=ccache; fi

fail() {
  echo "test_install: $*" >&2
  exit 1
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

# Every word of the output is the expected word or, for numbers, within 2e-6.
check() {
  local how="$1" directory="$2" example
  for example in infonce clip; do
    "$directory/$example" >"$work/output" || fail "$example built by $how does not run"
    paste "$work/output" "$work/$example.expected" | awk '
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
  done
  echo "examples built by $how: the numbers agree"
}

build() {
  local how="$1"
  shift
  {
    cmake -S "$source_dir/examples" -B "$work/build" -G Ninja "$@" &&
      cmake --build "$work/build" --target infonce clip
  } >"$work/log" 2>&1 || {
    cat "$work/log"
    fail "the examples do not build by $how"
  }
  check "$how" "$work/build"
  rm -rf "$work/build"
}

cmake --install "$build_dir" --prefix "$work/first" >"$work/log"
mv "$work/first" "$work/moved"
prefix="$work/moved"
if grep -rIl -e "$work/first" -e "$source_dir" "$prefix"; then
  fail "the files above name the place where they were made"
fi
library_dir="$(dirname "$(find "$prefix" -name libsslcuda.so.1)")"
readelf -d "$library_dir/libsslcuda.so.1" | grep -q 'SONAME.*\[libsslcuda\.so\.1\]' ||
  fail "the library's SONAME is not libsslcuda.so.1"
if [[ -e "$prefix/bin/sslcuda" ]]; then
  "$prefix/bin/sslcuda" --help >/dev/null || fail "the installed command does not start"
fi

export PKG_CONFIG_PATH="$library_dir/pkgconfig"
for example in infonce clip; do
  # shellcheck disable=SC2046 # the flags are words
  cc -std=c99 -Wall -Wextra -Werror "$source_dir/examples/$example.c" \
    $(pkg-config --cflags --libs sslcuda) "-Wl,-rpath,$library_dir" -o "$work/$example"
done
check pkg-config "$work"
build find_package "-DCMAKE_PREFIX_PATH=$prefix"
build add_subdirectory "-DSSLCUDA_SOURCE_DIR=$source_dir" -DSSLCUDA_CUDA=OFF \
  -DCMAKE_BUILD_TYPE=Release
