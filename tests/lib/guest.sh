# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A machine with a kernel of its own, emulated by qemu: Debian 12 with this tree, its programs, and the
# kernel of a Debian release, which tests/kernels/make-kernel got. tests/kernels/inside runs in it, and
# reports over the second serial line; the first has the console. It has no network. In the sandbox of
# tests/lib/e2e.sh the emulator ends with the test.

# shellcheck source=tests/lib/e2e.sh
. "$(dirname "${BASH_SOURCE[0]}")/e2e.sh"
# shellcheck source=tests/lib/package.sh
. tests/lib/package.sh
BUILD=${BUILD:-build}

# The reason why there can be no such machine here; nothing when there can.
guest_hindrance()
{
        local program
        for program in qemu-system-x86_64 mkfs.ext4 dpkg-buildpackage lintian; do
                command -v $program >/dev/null || { echo "$program is not installed"; return; }
        done
        [ "$(id -u)" = 0 ] || { echo "it needs root"; return; }
        [ -s "$guest_root" ] && [ -s "$guest_kernel" ] ||
                echo "there is no archive of a root, or of a kernel (make kernels)"
}

# The programs that run in there: files with a name of their own, by the name that tests/run prints.
guest_programs()
{
        local file
        for file in tests/kernel/*.c tests/adversary/*.c; do
                [ -e "${file%.c}.h" ] || echo "$BUILD/${file%.c}"
        done
        printf 'tests/e2e/%s.t\n' "${guest_scripts[@]}"
}

# This tree, as git has it, and what was built, without what is for debuggers; where every user may
# read it.
guest_copy_tree()
{
        local tree=$WORK/root/opt/p25
        mkdir -p "$tree"
        { git ls-files -z --cached --others --exclude-standard 2>/dev/null ||
                find . -path './build*' -prune -o -type f -print0; } | grep -zv '^tests/fuzz/corpus/' |
                tar -cf - --null -T - | tar -C "$tree" --no-same-owner -xf - || return
        find "$BUILD" -type f \( -executable -o -name '*.so' \) -not -path "$BUILD/boot/*" \
                -not -path "$BUILD/deb/*" -not -path "$BUILD/fresh/*" -print0 |
                tar -cf - --null -T - | tar -C "$tree" --no-same-owner -xf - || return
        find "$tree/$BUILD" -type f -exec strip --strip-debug {} +
        guest_programs >"$tree/programs"
}

# The disk, and beside it what qemu starts: the kernel, and Debian's own initramfs.
guest_make()
{
        local root=$WORK/root
        mkdir -p "$root" && tar -C "$root" -xf "$guest_root" || return
        tar -C "$root" --keep-directory-symlink -xf "$guest_kernel" || return
        guest_release=$(basename "$root"/boot/vmlinuz-*)
        guest_release=${guest_release#vmlinuz-}
        package_make && cp "$DEB" "$root/root/p25.deb" && guest_copy_tree || return
        echo guest >"$root/etc/hostname"
        # emulated, much takes longer than units may: modules that a change needs, half a minute
        mkdir -p "$root"/etc/systemd/{system.conf.d,system/p25d.service.d} "$root/var/log/journal"
        printf '[Manager]\nDefaultTimeoutStartSec=300\n' >"$root/etc/systemd/system.conf.d/slow.conf"
        printf '[Service]\nWatchdogSec=600\n' >"$root/etc/systemd/system/p25d.service.d/slow.conf"
        cat >"$root/etc/systemd/system/inside.service" <<-UNIT
	[Unit]
	After=multi-user.target p25d.service
	[Service]
	Type=oneshot
	TimeoutStartSec=infinity
	LimitNOFILE=65536
	Environment=BUILD=$BUILD HOME=/root
	ExecStart=/bin/sh -c 'cd /opt/p25 && stty -F /dev/ttyS1 raw && exec tests/kernels/inside >/dev/ttyS1 2>&1'
	ExecStopPost=systemctl --no-block poweroff
	UNIT
        mkdir -p "$root/etc/systemd/system/default.target.wants"
        ln -s ../inside.service "$root/etc/systemd/system/default.target.wants/"
        ln -sf /dev/null "$root/etc/systemd/system/systemd-networkd-wait-online.service"
        printf 'virtio_pci\nvirtio_blk\next4\n' >>"$root/etc/initramfs-tools/modules"
        sed -i 's/^MODULES=.*/MODULES=list/' "$root/etc/initramfs-tools/initramfs.conf"
        chroot "$root" depmod "$guest_release" &&
                chroot "$root" mkinitramfs -o /boot/initrd "$guest_release" || return
        mv "$root/boot/vmlinuz-$guest_release" "$WORK/vmlinuz"
        mv "$root/boot/initrd" "$WORK/initrd"
        truncate -s 4G "$WORK/disk"
        mkfs.ext4 -q -d "$root" "$WORK/disk" || return
        rm -rf --one-file-system "$root"
}

# Boots, and waits until the machine is off. Debian's kernels in a machine with KVM would be faster;
# but /dev/kvm may be there and not work.
guest_boot() # STAGE SECONDS
{
        timeout -k 5 "$2" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 4096 \
                -display none -monitor none -nodefaults -no-reboot -nic none \
                -kernel "$WORK/vmlinuz" -initrd "$WORK/initrd" \
                -append "root=/dev/vda rw console=ttyS0 panic=-1 mitigations=off inside=$1" \
                -drive "file=$WORK/disk,format=raw,if=virtio,cache=unsafe" \
                -serial "file:$WORK/$1.console" -serial "file:$WORK/$1.report" \
                >"$WORK/$1.qemu" 2>&1 </dev/null
        guest_status=$?
}

# The tests of a stage as tests of this program, and that it came to its end.
guest_report() # STAGE SECONDS
{
        local line began=$SECONDS
        guest_boot "$1" "$2"
        while read -r line; do
                case $line in
                "ok "*" # SKIP "*) skip "$1: ${line#*# SKIP }" "in the guest" ;;
                "ok "*) ok 0 "$1: ${line#* - }" ;;
                "not ok "*) ok 1 "$1: ${line#* - }" ;;
                "result "*) guest_result "${line#result }" ;;
                *) echo "$line" ;;
                esac
        done < <(tr -d '\r' <"$WORK/$1.report")
        grep -qx "1\.\.[1-9][0-9]*" "$WORK/$1.report" && [ "$guest_status" = 0 ]
        ok $? "$1: all of it has run"
        ! grep -aE 'Kernel panic|BUG:|Oops|WARNING: |lockup' "$WORK/$1.console" >"$WORK/found"
        ok $? "$1: the kernel has nothing to complain of"
        diag "$(cat "$WORK/found" "$WORK/$1.qemu")"
        [ "$tap_failed" = 0 ] || diag "$(tail -n 20 "$WORK/$1.console" | tr -cd '\n -~')"
        echo "#: $1: $((SECONDS - began)) s"
}

# A line of tests/run's RESULTS
guest_result() # "PASSED FAILED SKIPPED SECONDS NAME"
{
        local passed failed skipped seconds name
        read -r passed failed skipped seconds name <<<"$1"
        guest_ran+=" ${name#"$BUILD/"} "
        [ "$failed" = 0 ] && [ "$passed" -gt 0 ]
        ok $? "$name"
        echo "#: $name: $passed passed, $failed failed, $skipped skipped ($seconds s)"
}

guest_begin() # RELEASE
{
        local hindrance
        guest_root=$(echo "$BUILD"/boot/root-guest-*.tar)
        guest_kernel=$(echo "$BUILD/boot/kernel-$1"-*.tar)
        hindrance=$(guest_hindrance)
        if [ -n "$hindrance" ]; then
                skip "the kernel of $1" "$hindrance"
                done_testing
                exit
        fi
        guest_make >"$WORK/make.log" 2>&1
        ok $? "a machine with the kernel of $1: ${guest_release-}"
        [ "$tap_failed" = 0 ] || { diag "$(tail -n 40 "$WORK/make.log")"; done_testing; exit 1; }
        echo "#: $guest_release"
}

# The package from its installation on, and then the programs.
guest_tests()
{
        local program name
        guest_ran=
        guest_report install 1800
        guest_report booted 1800
        guest_report programs "${GUEST_LIMIT:-7200}"
        while read -r program; do
                name=${program#"$BUILD/"}
                name=${name%.t}
                [[ $guest_ran == *" $name "* ]] || ok 1 "$name has run"
        done < <(guest_programs; echo tests/differential/differential)
}

# Scripts of tests/e2e that ask what differs between kernels, and are not measured by the clock.
guest_scripts=(attribution audit bypass change containers crash doctor events explain
        expire limit lockdown one-way origin output reroute roles sets stats tamper uninitialised)
