#!/bin/bash
# in_overlay.sh FOLDER SHARED... -- COMMAND... - runs a command in a copy of the machine's files that is
# made as they are written, in memory, and gone afterwards. The shared folders stay the real ones. In a
# mount namespace of its own: unshare --mount.
set -euo pipefail
folder="$1"
shift
mkdir -p "$folder"
mount -t tmpfs tmpfs "$folder"
mkdir "$folder/changes" "$folder/scratch" "$folder/root"
mount -t overlay overlay \
  -o "lowerdir=/,upperdir=$folder/changes,workdir=$folder/scratch" "$folder/root"
shared=(/dev /proc)
while [[ "$1" != -- ]]; do
  shared+=("$1")
  shift
done
shift
for path in "${shared[@]}"; do
  mkdir -p "$folder/root$path"
  mount --rbind "$path" "$folder/root$path"
done
exec chroot "$folder/root" "$@"
