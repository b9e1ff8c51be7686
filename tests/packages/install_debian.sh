#!/bin/bash
# install_debian.sh PACKAGE_FILE... - installs the packages with apt-get, builds programs as a user of
# Debian does, and purges the packages. Changes the machine: test_debian.sh runs it in an overlay.
. "$(dirname "$0")/common.sh"
export DEBIAN_FRONTEND=noninteractive
apt=(apt-get -y -o APT::Sandbox::User=root --allow-downgrades)

quietly "apt-get cannot install the packages" "${apt[@]}" install "$@"
ldconfig -p | has 'libsslcuda\.so\.1 ' || fail "ldconfig does not know libsslcuda.so.1"
sslcuda --version | has "$version" || fail "the command does not start"
[[ -s /usr/share/man/man1/sslcuda.1.gz ]] || fail "there is no manual page"
[[ -z "$(pkg-config --cflags sslcuda)" ]] || fail "pkg-config names a folder that is always searched"
with_pkg_config "installed, pkg-config"
with_cmake "installed, find_package"

quietly "apt-get cannot purge the packages" "${apt[@]}" purge libsslcuda1 libsslcuda-dev sslcuda-tools
if ldconfig -p | grep sslcuda; then fail "ldconfig still knows the library"; fi
if find /usr/bin /usr/include /usr/lib /usr/share/doc /usr/share/man /var/lib/dpkg/info \
  -name '*sslcuda*' | grep .; then
  fail "the files above are left"
fi
echo "purged: nothing is left"
