#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The findings of doctor on the host itself, each with its real cause: the start at boot, saved rulesets,
# relay hosts of Postfix and Exim, families, programs, and a Postfix that listens for everybody.
. "$(dirname "$0")/../lib/e2e.sh"

# an /etc of its own, which the test may change
cp -a /etc "$WORK/etc" 2>"$WORK/null"
mount --bind "$WORK/etc" /etc
mkdir -p /etc/exim4 /etc/iptables /etc/postfix
: >/etc/postfix/main.cf
echo 'opensmtpx:x:41005:41005::/:/bin/false' >>/etc/passwd

found() # CODE: the words before it
{
        grep -- "\[$1\]" <<<"$out" | cut -d: -f1 | sort -u | tr '\n' ' '
}

systemd_says() # STATE
{
        [ -z "${systemd-}" ] || { signal TERM "$systemd"; wait "$systemd" 2>"$WORK/null"; }
        mkfifo "$WORK/ready.$1"
        "${BUILD:-build}/tests/lib/unit_state" "$1" >"$WORK/ready.$1" &
        systemd=$!
        read -r -t 20 _ <"$WORK/ready.$1"
}

net_world
for backend in nftables iptables; do
        P25_BACKEND=$backend
        p25_host app-server <<-'CONF'
	vars = { smarthosts = [ "198.51.100.3" ]; };
	CONF
        ok $? "$backend: p25d starts"
        run_ctl doctor
        is "$rc $(found NOT_AT_BOOT)$(found STARTS_AT_BOOT)$(found SAVED_RULES)$(found RELAYHOST)" \
                "0 " "$backend: nothing is wrong"

        # a copy as the admin's own tools make it
        if [ $backend = nftables ]; then
                net_in host nft list ruleset >/etc/nftables.conf
                files=/etc/nftables.conf
        else
                net_in host iptables-legacy-save >/etc/iptables/rules.v4
                net_in host ip6tables-legacy-save >/etc/iptables/rules.v6
                files="/etc/iptables/rules.v4 /etc/iptables/rules.v6"
        fi
        run_ctl doctor
        for file in $files; do
                like "$out" "warning: $file holds a copy of p25's rules \\[SAVED_RULES\\]" "$backend: $file"
                rm "$file"
        done
        is "$(grep -c SAVED_RULES <<<"$out")" "$(wc -w <<<"$files")" "$backend: no other file is named"

        echo 'relayhost = [203.0.113.7]' >/etc/postfix/main.cf
        echo "dc_smarthost='203.0.113.7'" >/etc/exim4/update-exim4.conf.conf
        run_ctl doctor
        like "$rc $out" "^[01] .*note: there is no user Debian-exim, .*\\[NO_SUCH_USER\\]" \
                "$backend: the file of a server that is not installed"
        echo 'Debian-exim:x:41006:41006::/:/bin/false' >>/etc/passwd
        run_ctl doctor
        is "$rc $(found RELAYHOST_REFUSED)" "1 problem " "$backend: relay hosts outside of smarthosts"
        like "$out" "203.0.113.7 port 25 of /etc/postfix/main.cf is refused to user postfix" "$backend: Postfix's"
        like "$out" "203.0.113.7 port 25 of /etc/exim4/update-exim4.conf.conf is refused to user Debian-exim" \
                "$backend: Exim's"
        echo 'relayhost = [198.51.100.3]' >/etc/postfix/main.cf
        echo "dc_smarthost='198.51.100.3::25'" >/etc/exim4/update-exim4.conf.conf
        run_ctl doctor
        is "$rc $(found RELAYHOST)" "0 ok " "$backend: relay hosts among smarthosts"
        echo 'relayhost = smtp.example.com:587' >/etc/postfix/main.cf
        rm /etc/exim4/update-exim4.conf.conf
        sed -i '/^Debian-exim/d' /etc/passwd
        run_ctl doctor
        is "$rc $(found RELAYHOST_BY_NAME)" "0 note " "$backend: one that is a name"
        : >/etc/postfix/main.cf
        p25d_stop TERM
        bus_stop
        kernel_clear
done

# ---- the start at boot, families, programs ----

P25_BACKEND=
p25_host mx <<<''
ok $? "p25d of a mail server starts"
systemd_says disabled
run_ctl doctor
is "$rc $(found NOT_AT_BOOT)" "1 problem " "p25d does not start at boot"
like "$out" "NOT_AT_BOOT\\]: systemctl enable p25d.service" "with what to do"
systemd_says enabled
run_ctl doctor
is "$rc $(found STARTS_AT_BOOT)" "0 ok " "it does"

program() # NAME USER: listens on port 25 of both families
{
        rm -f "$WORK/up"
        chmod 1777 "$WORK"
        net_in host setpriv --reuid "$2" --inh-caps=+net_bind_service --ambient-caps=+net_bind_service \
                /usr/bin/python3 -c 'import os, socket, sys, time
s = socket.socket(socket.AF_INET6)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("::", 25))
s.listen()
open("/proc/self/comm", "w").write(sys.argv[1])
open(sys.argv[2], "w").write(str(os.getpid()))
while True:
    c, _ = s.accept()
    c.close()' "$1" "$WORK/up" &
        eventually 10 test -s "$WORK/up"
}

program smtpd 41005
run_ctl doctor
like "$out" "user opensmtpx listens on port 25 and may not send.*\\[PROGRAMS\\]" "a user whom no role lets send"
is "$(found FAMILIES_DIFFER)" "" "the families do not differ"
ctl deny in from ::/0 >"$WORK/null" 2>&1
run_ctl doctor
is "$(found FAMILIES_DIFFER)" "warning " "one family is closed"
like "$out" "port 25 is limit over IPv4 and deny over IPv6" "which"
ctl --force delete 1 >"$WORK/null"
process_end "$(cat "$WORK/up")" TERM
for name in docker-proxy rootlessport slirp4netns; do
        program "$name" 41005
        run_ctl doctor
        like "$out" "warning: port 25: $name .*\\[PROGRAMS\\]" "$name hides its clients"
        process_end "$(cat "$WORK/up")" TERM
done

# ---- a real Postfix that listens for everybody, under app-server ----

if [ -x /usr/sbin/postfix ] && [ -n "$real_root" ]; then
        ctl role set app-server >"$WORK/null"
        mkdir -p "$WORK/postfix/queue" "$WORK/postfix/data"
        chown postfix "$WORK/postfix/data"
        chmod 755 "$WORK" "$WORK/postfix" "$WORK/postfix/queue"
        cat >/etc/postfix/main.cf <<-CF
	compatibility_level = 3.6
	queue_directory = $WORK/postfix/queue
	data_directory = $WORK/postfix/data
	inet_interfaces = all
	inet_protocols = ipv4
	myhostname = host.test.example
	mydestination = localhost
	alias_maps =
	alias_database =
	local_recipient_maps =
	mynetworks = 0.0.0.0/0
	smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
	smtp_dns_support_level = disabled
	CF
        cat >/etc/postfix/master.cf <<-'CF'
	smtp      inet  n - n - - smtpd
	cleanup   unix  n - n - 0 cleanup
	rewrite   unix  - - n - - trivial-rewrite
	proxymap  unix  - - n - - proxymap
	anvil     unix  - - n - 1 anvil
	qmgr      unix  n - n 300 1 qmgr
	smtp      unix  - - n - - smtp
	bounce    unix  - - n - 0 bounce
	defer     unix  - - n - 0 bounce
	error     unix  - - n - - error
	local     unix  - n n - - local
	CF
        net_in host postfix start >"$WORK/postfix.log" 2>&1
        postfix_greets()
        {
                [ "$(connect host -t 400 127.0.0.1 25)" = open ]
        }
        eventually 20 postfix_greets
        ok $? "Postfix starts"
        run_ctl doctor
        like "$out" "warning: .* listens on 0.0.0.0 port 25, and the policy refuses clients .*\\[LISTENER_REFUSED\\]" \
                "it listens for others, under app-server"
        net_in host postfix stop >"$WORK/postfix.log" 2>&1
else
        skip "a Postfix that listens for everybody" "no Postfix here, or not as root"
fi
done_testing
