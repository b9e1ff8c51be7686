#!/bin/bash
# test_debian.sh CMAKE_OPTION... - makes the Debian packages, looks at what they say of themselves,
# unpacks them and builds programs against them. As root it then installs them with apt-get, and purges
# them, in an overlay over the machine's files, of which nothing is left afterwards.
. "$(dirname "$0")/common.sh"
for tool in dpkg-deb dpkg-shlibdeps apt-get; do
  command -v "$tool" >/dev/null || skip "this machine has no $tool"
done

# Compiled anew with other settings for where files go; ccache has the results of the same flags.
quietly "the build cannot be configured" cmake -S "$source_dir" -B "$work/build" -G Ninja \
  -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX=/usr -DSSLCUDA_TESTS=OFF "$@"
quietly "the packages cannot be made" cmake --build "$work/build" --target package
grep -h MiB "$work/log"

declare -A deb
for deb_file in "$work"/build/packages/*.deb; do
  deb[$(dpkg-deb -f "$deb_file" Package)]="$deb_file"
done
[[ "$(printf '%s\n' "${!deb[@]}" | sort | paste -sd' ')" == "libsslcuda-dev libsslcuda1 sslcuda-tools" ]] ||
  fail "the packages are ${!deb[*]}"

# depends PACKAGE PATTERN: one of the package's dependencies is like this.
depends() {
  dpkg-deb -f "${deb[$1]}" Depends | tr ',' '\n' | has -Ex " ?$2" ||
    fail "$1 should depend on $2, but does on $(dpkg-deb -f "${deb[$1]}" Depends)"
}
deb_version="$(dpkg-deb -f "${deb[libsslcuda1]}" Version)"
[[ "$deb_version" == "$version"-* ]] || fail "the packages have the version $deb_version"
depends libsslcuda1 'libc6 .*'
depends libsslcuda1 'libdnnl[0-9]+ .*'
depends libsslcuda-dev "libsslcuda1 \(= $deb_version\)"
depends sslcuda-tools "libsslcuda1 \(= $deb_version\)"
depends sslcuda-tools 'libcairo2 .*'
for name in "${!deb[@]}"; do
  # Its own name apart. What is recommended is installed, too.
  if dpkg-deb -f "${deb[$name]}" Pre-Depends Depends Recommends | sed 's/[a-z]*sslcuda//g' |
    grep -Ei 'cu(da|blas|dnn)|nvidia|nccl'; then
    fail "$name depends on CUDA"
  fi
  for file in copyright changelog.gz changelog.Debian.gz; do
    dpkg-deb -c "${deb[$name]}" | has "\./usr/share/doc/$name/$file\$" || fail "$name lacks $file"
  done
done
[[ "$(dpkg-deb -I "${deb[libsslcuda1]}" triggers)" == "activate-noawait ldconfig" ]] ||
  fail "ldconfig is not run when libsslcuda1 comes or goes"
# With or without CUDA.
needed="$(dpkg-deb -I "${deb[libsslcuda1]}" shlibs | sed -n 's/^libsslcuda 1 libsslcuda1 (>= \(.*\))$/\1/p')"
{ [[ -n "$needed" ]] && dpkg --compare-versions "$needed" le "$version-1~cpu"; } ||
  fail "packages that need libsslcuda.so.1 would depend on its version '$needed'"
if command -v lintian >/dev/null; then
  lintian --allow-root --fail-on error "${deb[@]}" || fail "lintian finds errors"
fi

for name in "${!deb[@]}"; do dpkg-deb -x "${deb[$name]}" "$work/root"; done
names_no_place "$work/root" "$source_dir" "$work"
! readelf -d "$work/root/usr/bin/sslcuda" | grep -E 'R(UN)?PATH' ||
  fail "the command looks for the library in a folder of its own"
library_dir="$(dirname "$(find "$work/root" -name libsslcuda.so.1)")"
[[ "$library_dir" == "$work/root/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)" ]] ||
  fail "the library is in $library_dir"
# Without CUDA the packages are older than those with it.
built="$(LD_LIBRARY_PATH="$library_dir" "$work/root/usr/bin/sslcuda" --version)"
order=eq
if [[ "$built" == *"no CUDA"* ]]; then order=lt; fi
dpkg --compare-versions "$deb_version" "$order" "$version-1" ||
  fail "the packages have the version $deb_version, but in them is $built"
with_cmake "unpacked, find_package" "-DCMAKE_PREFIX_PATH=$work/root/usr"
PKG_CONFIG_PATH="$library_dir/pkgconfig" PKG_CONFIG_SYSROOT_DIR="$work/root" \
  with_pkg_config "unpacked, pkg-config" "-Wl,-rpath,$library_dir"

scripts="$source_dir/tests/packages"
in_overlay() {
  unshare --mount --propagation private \
    bash "$scripts/in_overlay.sh" "$work/overlay" "$source_dir" "$work" -- "$@"
}
if ! in_overlay true 2>/dev/null; then
  echo "not root, or not allowed to mount: the packages were unpacked, but not installed"
  exit
fi
in_overlay bash "$scripts/install_debian.sh" "${deb[@]}"
