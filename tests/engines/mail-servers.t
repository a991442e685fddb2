#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's mail servers under the shipped roles: Postfix, Exim and OpenSMTPD receive on 25, also where
# 25 is redirected to their 2525, and send as their own users; msmtp sends as its caller. Each is the
# machine's only mail server in its turn.
# runs alone: machines share the cgroups of systemd-nspawn, and the package that is built for them
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/engines.sh
. tests/lib/engines.sh

engines_begin

# they are restarted more often than systemd thinks well
mkdir -p "$MACHINE/etc/systemd/system/service.d"
printf '[Unit]\nStartLimitBurst=0\n' >"$MACHINE/etc/systemd/system/service.d/test.conf"
in_machine systemctl daemon-reload

# ---- the world's mail server ----

process_end "$listener" TERM
mkdir "$WORK/mail"
chmod 777 "$WORK/mail"
net_in inet sysctl -qw net.ipv6.bindv6only=1
sink() # ADDRESS
{
        (cd "$WORK/mail" && exec nsenter --net=/run/netns/inet -- \
                smtp-sink -u nobody -d "%M." "$1:25" 100 >>"$WORK/sink.log" 2>&1) &
}
sink "$world"
sink "[$world6]"
sinks_answer()
{
        [ "$(connect machine $world 25 $world6 25)" = "open open" ]
}
eventually 10 sinks_answer
ok $? "the world receives mail"

# 25 of the second address is 2525 of the mail server
cat >"$MACHINE/root/redirect.nft" <<-NFT
	table inet shifted {
		chain pre {
			type nat hook prerouting priority dstnat
			ip daddr $second tcp dport 25 redirect to :2525
			ip6 daddr $second6 tcp dport 25 redirect to :2525
		}
	}
NFT
in_machine nft -f /root/redirect.nft
ok $? "25 is redirected to 2525"

# ---- mail servers: installed, and set up to relay to the world over one address ----

install_mta() # PACKAGE
{
        in_machine sh -c "DEBIAN_FRONTEND=noninteractive apt-get -y --no-install-recommends \
                -o APT::Get::AllowUnauthenticated=1 install /opt/mta/$1/*.deb" \
                >"$WORK/install" 2>&1
        ok $? "$1 is installed"
        diag "$(tail -n 3 "$WORK/install")"
}

postfix_relays_to() # ADDRESS
{
        in_machine postconf -e "relayhost = [$1]" inet_protocols=all inet_interfaces=all \
                smtp_dns_support_level=disabled smtpd_peername_lookup=no \
                'default_transport = smtp' 'mynetworks = 127.0.0.0/8 [::1]/128'
        in_machine postconf -M '2525/inet=2525 inet n - n - - smtpd'
        in_machine systemctl restart postfix
}

exim4_relays_to() # ADDRESS
{
        cat >"$MACHINE/etc/exim4/exim4.conf" <<-CONF
			primary_hostname = machine.example
			qualify_domain = machine.example
			domainlist local_domains =
			daemon_smtp_ports = 25 : 2525
			local_interfaces = <; 0.0.0.0 ; ::0
			smtp_accept_max = 100
			keep_environment =
			tls_advertise_hosts =
			acl_smtp_rcpt = deny
			host_lookup =
			rfc1413_query_timeout = 0s
			begin acl
			deny:
			  deny
			begin routers
			world:
			  driver = accept
			  transport = remote
			begin transports
			remote:
			  driver = smtp
			  hosts = <; $1
			  hosts_override
			  hosts_avoid_tls = *
			begin retry
			* * F,1h,5s
		CONF
        in_machine systemctl restart exim4
}

opensmtpd_relays_to() # ADDRESS
{
        local host=$1
        [[ $host != *:* ]] || host="[$host]"
        cat >"$MACHINE/etc/smtpd.conf" <<-CONF
			listen on 0.0.0.0 port 25
			listen on :: port 25
			listen on 0.0.0.0 port 2525
			listen on :: port 2525
			action "world" relay host "smtp://$host"
			match from local for any action "world"
		CONF
        in_machine systemctl restart opensmtpd
}

serves()
{
        [ "$(connect machine 127.0.0.1 25 127.0.0.1 2525)" = "open open" ]
}

# ---- what is asked of each ----

# A user's mail by sendmail; the number of this one is in its subject, and in $number.
number=0
submit()
{
        number=$((number + 1))
        in_machine runuser -u alice -- sh -c \
                "printf 'From: alice@machine.example\nTo: bob@world.example\nSubject: mail $number\n\nx\n' |
                /usr/sbin/sendmail -f alice@machine.example bob@world.example" >"$WORK/submit" 2>&1
}
arrived() # NUMBER
{
        grep -qsE "^Subject: mail $1[[:space:]]*$" "$WORK"/mail/*
}

delivers() # NAME
{
        submit
        eventually 30 arrived $number
        ok $? "$1"
        arrived $number || diag "$(cat "$WORK/submit"; in_machine journalctl -b -n 20 --no-pager -o cat)"
}

user_sends() # NAME WANTED
{
        is "$(in_machine runuser -u alice -- /opt/probe connect $world 25 $world6 25 2>&1)" \
                "$2 $2" "$1"
}

server_holds() # MTA BACKEND
{
        local mta=$1 backend=$2 address
        policy "$backend" mx </dev/null
        for address in $world $world6; do
                "${mta}_relays_to" "$address"
                eventually 30 serves
                delivers "$mta, $backend, mx: sends to $address"
        done
        published "$mta, $backend, mx" open
        user_sends "$mta, $backend, mx: another user sends nothing" closed
        ctl deny from $world
        ctl deny from $world6
        published "$mta, $backend, the client is denied" filtered
        ctl delete deny from $world
        ctl delete deny from $world6

        in_machine systemctl restart "$mta"
        eventually 30 serves
        delivers "$mta, $backend, the mail server is restarted: sends"
        in_machine systemctl restart p25d
        eventually 12 up
        delivers "$mta, $backend, p25d is restarted: sends"
        published "$mta, $backend, after both" open

        policy "$backend" outbound-mta </dev/null
        delivers "$mta, $backend, outbound-mta: sends"
        published "$mta, $backend, outbound-mta" filtered

        policy "$backend" no-mail </dev/null
        submit
        local held=$number
        published "$mta, $backend, no-mail" filtered
        user_sends "$mta, $backend, no-mail: nobody sends" closed
        policy "$backend" mx </dev/null
        held_arrives()
        {
                "${mta}_flush"
                arrived "$held"
        }
        eventually 60 held_arrives
        ok $? "$mta, $backend, mx again: what waited in the queue is sent"
        delivers "$mta, $backend, mx again: sends"
}
postfix_flush() { in_machine postqueue -f; }
exim4_flush() { in_machine exim4 -qff; }
opensmtpd_flush() { in_machine smtpctl schedule all >"$WORK/null"; }

for mta in postfix exim4 opensmtpd; do
        case $mta in
        exim4) install_mta exim4-daemon-light ;;
        opensmtpd) install_mta opensmtpd ;;
        esac
        for backend in nftables iptables; do
                server_holds $mta $backend
        done
        in_machine systemctl stop $mta
done

# ---- msmtp: it connects as its caller ----

msmtp() # ADDRESS
{
        number=$((number + 1))
        in_machine runuser -u alice -- sh -c \
                "printf 'Subject: mail $number\n\nx\n' | msmtp --host=$1 --port=25 --tls=off --auth=off \
                --from=alice@machine.example bob@world.example" >"$WORK/submit" 2>&1
}
for backend in nftables iptables; do
        policy $backend mx </dev/null
        for address in $world $world6; do
                ! msmtp "$address"
                ok $? "msmtp, $backend, mx: refused to $address"
        done
        policy $backend mx <<<'vars = { mta_groups = [ "alice" ]; };'
        for address in $world $world6; do
                msmtp "$address"
                is $? 0 "msmtp, $backend: allowed by its caller's group to $address"
                arrived $number
                ok $? "msmtp, $backend: and arrives"
        done
done
machine_off
done_testing
