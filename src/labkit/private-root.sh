#!/bin/sh
# Runs a program in a private root: unshare --mount sh private-root.sh ROOT PROGRAM [ARGUMENT ...]
# The root must be a mount point (runc refuses a plain chroot), and the host's folders keep their paths in it.
set -eu
root=$1; shift
mount --make-rprivate /
mount --bind "$root" "$root"
for folder in dev proc sys run tmp home root opt srv mnt media work var/lib; do
	if [ -d "/$folder" ] && [ ! -L "/$folder" ]; then
		mkdir -p "$root/$folder"
		mount --rbind "/$folder" "$root/$folder"
	fi
done
cp /etc/resolv.conf /etc/hosts "$root/etc/"
[ ! -e /etc/ssl/certs/ca-certificates.crt ] || cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
cd "$root"
mkdir -p .old
pivot_root . .old
umount -l /.old
exec "$@"
