#!/bin/bash
# test_prefix.sh BUILD_DIR - installs a build under a DESTDIR, moves what came of it, and builds
# programs against it by pkg-config and find_package, and from the sources by FetchContent.
. "$(dirname "$0")/common.sh"
build_dir="$(cd "$1" && pwd)"

# A prefix that is nowhere, and that shell scripts and CMake code must quote.
made="/opt/made here"
DESTDIR="$work/stage" quietly "the build cannot be installed" \
  cmake --install "$build_dir" --prefix "$made"
prefix="$work/moved to"
mv "$work/stage$made" "$prefix"
[[ -z "$(find "$work/stage" -not -type d)" ]] || fail "files were installed outside the prefix"
names_no_place "$prefix" "$made" "$work/stage" "$source_dir" "$build_dir"

library_dir="$(dirname "$(find "$prefix" -name libsslcuda.so.1)")"
readelf -d "$library_dir/libsslcuda.so.1" | has 'SONAME.*\[libsslcuda\.so\.1\]' ||
  fail "the library's SONAME is not libsslcuda.so.1"
if [[ -e "$prefix/bin/sslcuda" ]]; then
  "$prefix/bin/sslcuda" --help >"$work/help" || fail "the installed command does not start"
  # The manual page knows every command and exit code.
  sed -n '/^Subcommands:/,/^$/s/^  \([a-z]\+\) .*/\1/p; /^Exit codes:/,$s/^ *\([0-9]\+\)  .*/\1/p' \
    "$work/help" >"$work/words"
  (($(wc -l <"$work/words") > 10)) || fail "the help of the command looks different now"
  while read -r word; do
    grep -q "^\.B $word\$" "$prefix/share/man/man1/sslcuda.1" || fail "sslcuda.1 lacks $word"
  done <"$work/words"
fi

# Each file belongs to one component.
for component in runtime development tools; do
  quietly "$component cannot be installed" \
    cmake --install "$build_dir" --prefix "$work/parts/$component" --component "$component"
done
diff <(cd "$prefix" && find . -not -type d | sort) \
  <(cd "$work/parts" && find . -not -type d | cut -d / -f 3- | sed 's|^|./|' | sort) ||
  fail "the components are not what an installation of everything is"
(cd "$work/parts/runtime" && find . -name '*.h' -o -name '*.so' -o -name '*.cmake') | grep . &&
  fail "the component runtime has what only development needs"

export PKG_CONFIG_PATH="$library_dir/pkgconfig"
with_pkg_config pkg-config "-Wl,-rpath,$library_dir"
with_cmake find_package "-DCMAKE_PREFIX_PATH=$prefix"
quietly "the examples cannot be configured" \
  cmake -S "$source_dir/examples" -B "$work/examples" -G Ninja "-DCMAKE_PREFIX_PATH=$prefix"
quietly "the examples do not build" cmake --build "$work/examples"
check "the folder of examples" "$work/examples"
with_cmake FetchContent "-DSSLCUDA_SOURCE_DIR=$source_dir" -DSSLCUDA_CUDA=OFF \
  -DCMAKE_BUILD_TYPE=Release
