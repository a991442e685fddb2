#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A policy leaves the kernel only by 'disable', by enabled = false, or with the package: files that
# are lost while p25d is dead do not open the ports.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen host 25 587
bus_start

closed() # NAME: incoming 25 is denied, 587 is nobody's business
{
        expect "$1: 25 is closed" inet "filtered filtered" -t 300 198.51.100.1 25 2001:db8:1::1 25
        expect "$1: 587 is open" inet open 198.51.100.1 587
}

opened() # NAME
{
        expect "$1: 25 is open" inet "open open" 198.51.100.1 25 2001:db8:1::1 25
}

start_again() # NAME
{
        [ -e "$WORK/p25d.log" ] && rm "$WORK/p25d.log"
        p25d_start
        ok $? "$1: p25d starts"
}

kept() # NAME: the kernel's policy stays, and everybody hears why
{
        start_again "$1"
        closed "$1"
        like "$(cat "$WORK/p25d.log")" "files are gone.*disable" "$1: the log says so"
        run_ctl status
        is "$rc" 0 "$1: status exits 0"
        like "$out" "Status: active" "$1: is active"
        like "$out$err" "files are gone.*disable" "$1: and warns"
}

scenario()
{
        root_make
        start_again "$P25_BACKEND"
        ctl enable && ctl deny in
        closed "$P25_BACKEND"

        p25d_stop KILL
        rm -rf "$ROOT/var/lib/p25"
        kept "$P25_BACKEND, /var/lib/p25 is gone"
        run_ctl deny in 587
        is "$rc" 0 "a rule is stored"
        expect "and is not in force" inet open 198.51.100.1 587
        p25d_stop TERM
        kept "$P25_BACKEND, it is gone at the next start"
        run_ctl disable
        is "$rc" 0 "disable"
        opened "$P25_BACKEND, disabled"
        run_ctl status
        is "$out$err" "Status: inactive" "$P25_BACKEND, disabled: without a warning"
        p25d_stop KILL
        start_again "$P25_BACKEND, disabled"
        run_ctl status
        is "$out$err" "Status: inactive" "$P25_BACKEND, disabled: also after a start"
        p25d_stop KILL

        # both
        rm -rf "$ROOT"
        root_make
        echo 'enabled = true; rules = ( { action = "deny"; direction = "in"; } );' >"$CONF"
        start_again "$P25_BACKEND, by p25.conf"
        closed "$P25_BACKEND, by p25.conf"
        p25d_stop KILL
        rm -rf "$ROOT"
        root_make
        kept "$P25_BACKEND, all files are gone"
        run_ctl enable
        is "$rc" 0 "enable puts another policy in force"
        opened "$P25_BACKEND, enabled without a rule"
        run_ctl status
        unlike "$out$err" "gone" "without a warning"
        p25d_stop KILL
        kernel_clear

        # only /etc/p25: there are copies
        rm -rf "$ROOT"
        root_make
        echo 'enabled = true; rules = ( { action = "deny"; direction = "in"; } );' >"$CONF"
        start_again "$P25_BACKEND, p25.conf"
        eventually 5 test -e "$ROOT/var/lib/p25/last-good"
        ok $? "the files were good"
        p25d_stop KILL
        mv "$ROOT/etc/p25" "$ROOT/etc/aside"
        start_again "$P25_BACKEND, /etc/p25 is gone"
        closed "$P25_BACKEND, /etc/p25 is gone"
        run_ctl status
        like "$out" "25/tcp +DENY" "the last good policy is known"
        like "$out$err" "p25.conf is gone" "and why it is in force"
        like "$(cat "$WORK/p25d.log")" "p25.conf is gone" "the log says it too"
        run_ctl reload
        is "$rc" 4 "a reload without p25.conf is refused"
        like "$err" "disable" "the error names the way out"
        closed "$P25_BACKEND, after that reload"
        mv "$ROOT/etc/aside" "$ROOT/etc/p25"
        run_ctl reload
        is "$rc" 0 "a reload of the files"
        closed "$P25_BACKEND, the files are back"
        run_ctl status
        unlike "$out$err" "is gone" "without a warning"

        # explicitly off
        p25d_stop KILL
        echo 'enabled = false;' >"$CONF"
        start_again "$P25_BACKEND, enabled = false"
        opened "$P25_BACKEND, enabled = false"
        p25d_stop KILL

        # with the package
        echo 'enabled = true; rules = ( { action = "deny"; direction = "in"; } );' >"$CONF"
        start_again "$P25_BACKEND, installed"
        run net_in host timeout 20 "$P25D" --root "$ROOT" --remove-policy
        is "$rc" 1 "--remove-policy beside p25d is refused"
        like "$err" "already running" "and says why"
        closed "$P25_BACKEND, refused"
        p25d_stop TERM
        # beside programs of root that leave no inotify instance, as on hosts with many containers
        run net_in host timeout 20 strace -f -qq -o "$WORK/trace" -e trace=inotify_init1 \
                -e inject=inotify_init1:error=EMFILE "$P25D" --root "$ROOT" --remove-policy
        is "$rc $err" "0 p25d: no policy for mail ports is in the kernel any more" \
                "--remove-policy of a stopped p25d"
        opened "$P25_BACKEND, removed"
        start_again "$P25_BACKEND, installed again"
        closed "$P25_BACKEND, installed again"
        p25d_stop KILL
        kernel_clear
        rm -rf "$ROOT"
}

for P25_BACKEND in nftables iptables; do
        scenario
done

# which backend held it nobody knows any more
P25_BACKEND=
root_make
echo 'enabled = true; backend = "iptables"; rules = ( { action = "deny"; direction = "in"; } );' >"$CONF"
start_again "backend = iptables"
closed "backend = iptables"
p25d_stop KILL
rm -rf "$ROOT"
root_make
kept "backend = iptables, all files are gone"
run_ctl disable
opened "backend = iptables, disabled"
done_testing
