#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Other firewalls on the same host: p25 keeps its place and its verdicts, and they keep theirs, under
# both backends.
. "$(dirname "$0")/../lib/e2e.sh"
. tests/lib/firewalld.sh

if [ -z "$real_root" ] || ! command -v ufw >/dev/null; then
        skip "other firewalls" "ufw is not installed, or not root"
        done_testing
        exit
fi

net_world
listen host 22 25 587
listen inet 25 80
listen lan 25
listen box 2525

# ufw with files of its own, and with the iptables that is asked for
ufw_prepare() # legacy|nft
{
        umount /usr/sbin/xtables-nft-multi 2>/dev/null
        [ "$1" = nft ] || mount --bind /usr/sbin/xtables-legacy-multi /usr/sbin/xtables-nft-multi
        rm -rf "$WORK/ufw" && cp -a /etc/ufw "$WORK/ufw" && mount --bind "$WORK/ufw" /etc/ufw
        sed 's/^IPV6=.*/IPV6=yes/' /etc/default/ufw >"$WORK/ufw.default"
        mount --bind "$WORK/ufw.default" /etc/default/ufw
}

# Is p25 before all others?
first()
{
        local program
        [ "$backend" = iptables ] || { net_in host nft list table inet p25 >/dev/null; return; }
        for program in iptables-legacy ip6tables-legacy; do
                net_in host $program -S INPUT 1 2>/dev/null | grep -q -- '-j P25-IN$' &&
                        net_in host $program -S FORWARD 1 2>/dev/null | grep -q -- '-j P25-FWD$' &&
                        net_in host $program -S OUTPUT 1 2>/dev/null | grep -q -- '-j P25-OUT$' ||
                        return
        done
}

# Every firewall refuses in a way of its own. A busy machine's answer may be late: then once more.
answers() # WANTED NAMESPACE ADDRESS PORT...
{
        local got
        got=$(answers_in 1 "${@:2}")
        [ "$got" = "$1" ] || got=$(answers_in 20 "${@:2}")
        echo "$got"
}
answers_in() # PATIENCE NAMESPACE ADDRESS PORT...
{
        PROBE_PATIENCE=$1 connect "$2" -t 300 "${@:3}" | sed 's/[A-Za-z]*/&\n/g' | sed -n '/[a-zA-Z]/p' |
                sed -e 's/^ *//' -e '/^open$/!s/.*/shut/' | tr '\n' ' '
}

# what p25 denies is denied, what it allows is up to the other
verdicts() # WHEN PORT-25-IN PORT-587-IN
{
        eventually 5 first
        ok $? "$1: p25 is in its place"
        expect "$1: p25 denies 25" inet "filtered filtered" -t 300 -s 198.51.100.3 198.51.100.1 25 \
                198.51.100.1 25
        is "$(answers "$2 $2 " inet 198.51.100.1 25 2001:db8:1::1 25)" "$2 $2 " "$1: allowed by p25, 25 is"
        is "$(answers "$3 " inet 198.51.100.1 587)" "$3 " "$1: 587, of which p25 says nothing, is"
        expect "$1: ssh is open" inet open 198.51.100.1 22
        # Two firewalls of the same priority: whoever came first may drop what p25 would reject.
        case $(outcome "closed closed" lan -t 300 8.8.8.8 25 2001:db8:2::2 25),$name in
        "closed closed,"* | "filtered filtered,iptables beside ufw on nft") true ;;
        *) false ;;
        esac
        ok $? "$1: what is routed is refused"
}

kernel() # all that is p25's
{
        if [ "$backend" = nftables ]; then
                net_in host nft list table inet p25 | without_counts
        else
                { net_in host iptables-legacy-save; net_in host ip6tables-legacy-save; } \
                        2>/dev/null | grep P25 | sed 's/\[.*\]$//'
        fi
}

try_ufw() # legacy|nft
{
        local name="$backend beside ufw on $1" before
        ufw_prepare "$1"
        before=$(kernel)
        net_in host ufw allow 22/tcp >"$WORK/out" 2>&1
        net_in host ufw --force enable >"$WORK/out" 2>&1
        ok $? "$name: enable" || diag "$(cat "$WORK/out")"
        verdicts "$name" shut shut
        net_in host ufw allow 25/tcp >"$WORK/out" 2>&1
        verdicts "$name, 25 open there" open shut
        for _ in 1 2 3; do net_in host ufw reload >"$WORK/out" 2>&1; done
        verdicts "$name, reloaded" open shut
        is "$(kernel)" "$before" "$name: p25's rules are the same"
        run_ctl deny in from 192.0.2.99
        is "$rc" 0 "$name: a change of p25"
        verdicts "$name, after it" open shut
        run_ctl delete deny in from 192.0.2.99
        run_ctl disable
        is "$(kernel 2>"$WORK/null")" "" "$name: p25 leaves without a trace"
        expect "$name: and denies nothing" inet open -t 300 -s 198.51.100.3 198.51.100.1 25
        run_ctl enable
        verdicts "$name, p25 comes after it" open shut
        net_in host ufw reload >"$WORK/out" 2>&1
        verdicts "$name, p25 comes after it, reloaded" open shut
        net_in host ufw disable >"$WORK/out" 2>&1
        verdicts "$name, disabled" open open
        is "$(kernel)" "$before" "$name: and still the same"
        umount /etc/ufw /etc/default/ufw
}

try_firewalld() # nftables|iptables
{
        local name="$backend beside firewalld with $1" before
        umount /usr/sbin/xtables-nft-multi 2>/dev/null
        [ "$1" = nftables ] ||
                mount --bind /usr/sbin/xtables-legacy-multi /usr/sbin/xtables-nft-multi
        before=$(kernel)
        firewalld_begin host "$1"
        ok $? "$name: starts" || diag "$(tail -n 5 "$WORK/firewalld.log")"
        firewall --add-service=ssh
        verdicts "$name" shut shut
        firewall --permanent --add-service=smtp
        firewall --reload
        verdicts "$name, 25 open there, reloaded" open shut
        firewall --complete-reload
        verdicts "$name, reloaded completely" open shut
        is "$(kernel)" "$before" "$name: p25's rules are the same"
        run_ctl deny in from 192.0.2.99
        is "$rc" 0 "$name: a change of p25"
        verdicts "$name, after it" open shut
        run_ctl delete deny in from 192.0.2.99
        firewalld_end
        verdicts "$name, stopped" open open
        is "$(kernel)" "$before" "$name: and still the same"
}

# as a container engine has its rules; it puts itself before all others whenever it starts
engine_start()
{
        legacy -t nat -N DOCKER
        legacy -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
        legacy -t nat -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
        legacy -t nat -A DOCKER ! -i docker0 -p tcp --dport 25 -j DNAT --to-destination 172.17.0.2:2525
        legacy -N DOCKER
        legacy -N DOCKER-USER
        legacy -A DOCKER -d 172.17.0.2 ! -i docker0 -o docker0 -p tcp --dport 2525 -j ACCEPT
        legacy -I FORWARD -o docker0 -j DOCKER
        legacy -I FORWARD -i docker0 ! -o docker0 -j ACCEPT
        legacy -I FORWARD -j DOCKER-USER
}
engine_stop()
{
        legacy -D FORWARD -j DOCKER-USER
        legacy -D FORWARD -i docker0 ! -o docker0 -j ACCEPT
        legacy -D FORWARD -o docker0 -j DOCKER
        legacy -F DOCKER
        legacy -X DOCKER
        legacy -X DOCKER-USER
        legacy -t nat -F
        legacy -t nat -X
}
legacy()
{
        net_in host iptables-legacy "$@"
}
foreign() # all that is not p25's
{
        net_in host iptables-legacy-save 2>"$WORK/null" | sed -e '/P25/d' -e '/^#/d' -e 's/\[[0-9:]*\]//'
}

try_engine()
{
        local name="$backend beside a container engine" theirs
        engine_start
        theirs=$(foreign)
        eventually 5 first
        ok $? "$name: p25 is before it"
        published()
        {
                expect "$name$1: the published port is open" inet open -t 400 198.51.100.1 25
                expect "$name$1: not for whom p25 denies" inet filtered -t 400 -s 198.51.100.3 198.51.100.1 25
                # only the engine's word counts for what p25 has no say in
                expect "$name$1: what is routed is refused" lan closed -t 400 8.8.8.8 25
                expect "$name$1: from containers too, whom the engine accepts" box closed -t 400 8.8.8.8 25
        }
        published ""
        run_ctl deny in from 192.0.2.99
        is "$rc" 0 "$name: a change of p25"
        run_ctl delete deny in from 192.0.2.99
        engine_stop
        engine_start
        eventually 5 first
        ok $? "$name: p25 is before it after its restart"
        published ", restarted"
        is "$(foreign)" "$theirs" "$name: its rules are as it made them"
        run_ctl disable
        is "$(foreign)" "$theirs" "$name: also without p25"
        expect "$name: which denies nothing now" inet open -t 400 -s 198.51.100.3 198.51.100.1 25
        run_ctl enable
        published ", p25 comes after it"
        engine_stop
}

for backend in nftables iptables; do
        P25_BACKEND=$backend
        p25_host <<-'CONF'
	default = { routed = "reject"; };
	rules = ( { action = "deny"; direction = "in"; from = [ "198.51.100.3" ]; } );
	CONF
        ok $? "p25d starts with $backend"
        try_engine
        try_ufw legacy
        try_ufw nft
        if command -v firewalld >/dev/null; then
                try_firewalld nftables
                try_firewalld iptables
        else
                skip "beside firewalld" "it is not installed"
        fi
        p25d_stop TERM
        kernel_clear
        for program in iptables ip6tables; do
                net_in host $program-nft -F 2>/dev/null; net_in host $program-nft -X 2>/dev/null
                net_in host $program-legacy -P INPUT ACCEPT
                net_in host $program-legacy -P FORWARD ACCEPT
        done
        bus_stop
done
done_testing
