# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A Debian root that is not booted: programs run in it, and apt reaches the network as the host does.

# The address of Debian's archive
# shellcheck disable=SC2034
mirror=${MIRROR:-http://deb.debian.org/debian}

# The host's way to the archive, for the apt in there, which tries a download that failed again (for
# minutes: each time it waits longer); nothing waits for the disk, since the root is thrown away.
root_network() # ROOT
{
        cp -L /etc/resolv.conf /etc/hosts "$1/etc/"
        { apt-config dump | grep '^Acquire::'; echo 'Acquire::Retries "8";'; } >"$1/etc/apt/apt.conf.d/90host"
        echo force-unsafe-io >"$1/etc/dpkg/dpkg.cfg.d/90host"
}

# A command in the root, with processes and mounts of its own: they end with it. What apt downloads
# stays in the folder CACHE.
root_run() # ROOT CACHE COMMAND...
{
        mkdir -p "$2/partial"
        unshare --mount --pid --fork --kill-child -- bash -c '
                root=$1 cache=$2
                shift 2
                # "/" must be a mount there, for namespaces to be made inside
                mount --bind "$root" "$root" && cd "$root" || exit
                mount -t proc proc "$root/proc" && mount --rbind /sys "$root/sys" &&
                        mount -t tmpfs tmpfs "$root/tmp" && mount -t tmpfs tmpfs "$root/run" &&
                        mount -t devpts devpts "$root/dev/pts" -o newinstance,ptmxmode=666 &&
                        mount --bind "$cache" "$root/var/cache/apt/archives" &&
                        cd "$root" && exec chroot . env -i HOME=/root LC_ALL=C.UTF-8 TERM=dumb \
                        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"' \
                bash "$@" </dev/null
}
