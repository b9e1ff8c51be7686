#!/bin/bash
# test_tarball.sh BUILD_DIR - packs a build into a tarball, unpacks that in an empty folder, and builds
# programs against it.
. "$(dirname "$0")/common.sh"
build_dir="$(cd "$1" && pwd)"

quietly "the tarball cannot be made" \
  cpack --config "$build_dir/CPackConfig.cmake" -G TGZ -B "$work/made"
grep -h MiB "$work/log"
tarballs=("$work"/made/*.tar.gz)
((${#tarballs[@]} == 1)) || fail "cpack made ${tarballs[*]}"
(cd "$work/made" && sha256sum --quiet --check ./*.sha256) || fail "the checksum is of something else"

mkdir "$work/unpacked"
tar -C "$work/unpacked" -xzf "${tarballs[0]}"
prefix=("$work"/unpacked/*)
[[ "${prefix[*]}" == "$work/unpacked/$(basename "${tarballs[0]}" .tar.gz)" ]] ||
  fail "the tarball has something beside one folder of its own name"
names_no_place "${prefix[0]}" "$source_dir" "$build_dir" "$work"
for file in LICENSE copyright; do
  [[ -s "${prefix[0]}/share/doc/sslcuda/$file" ]] || fail "the tarball lacks $file"
done
if [[ -e "${prefix[0]}/bin/sslcuda" ]]; then
  "${prefix[0]}/bin/sslcuda" --version | has "$version" || fail "the command does not start"
fi

library_dir="$(dirname "$(find "$work/unpacked" -name libsslcuda.so.1)")"
export PKG_CONFIG_PATH="$library_dir/pkgconfig"
with_pkg_config "tarball, pkg-config" "-Wl,-rpath,$library_dir"
with_cmake "tarball, find_package" "-DCMAKE_PREFIX_PATH=${prefix[0]}"
