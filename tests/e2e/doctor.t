#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Each finding of doctor has its cause here; and README's three commands lead to it.
. "$(dirname "$0")/../lib/e2e.sh"

# A server that speaks SMTP: at ADDRESS PORT, with what EHLO offers, and what RCPT is answered.
smtp_server() # NAMESPACE ADDRESS PORT OFFERS RCPT-ANSWER
{
        rm -f "$WORK/server.pid"
        net_in "$1" python3 - "${@:2}" "$WORK/server.pid" <<-'PYTHON' 2>"$WORK/null" &
	import os, socket, sys, threading
	open(sys.argv[5], "w").write(str(os.getpid()))
	address, port, offers, rcpt = sys.argv[1:5]
	s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
	s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
	s.bind((address, int(port)))
	s.listen(16)
	def talk(c):
	    f = c.makefile("rw", newline="\r\n")
	    def say(text):
	        f.write(text + "\n"); f.flush()
	    say("220 test.example ESMTP \x1b[31mred")
	    for line in f:
	        word = line.split(" ")[0].split(":")[0].strip().upper()
	        if word == "EHLO":
	            words = ["test.example"] + offers.split(",") + ["HELP"]
	            for w in words[:-1]: say("250-" + w)
	            say("250 " + words[-1])
	        elif word == "RCPT": say(rcpt)
	        elif word == "DATA":
	            open("/tmp/p25-data-was-sent", "w"); say("354 go on")
	        elif word == "QUIT":
	            say("221 bye"); break
	        else: say("250 ok")
	    c.close()
	while True:
	    c, _ = s.accept()
	    threading.Thread(target=talk, args=(c,), daemon=True).start()
	PYTHON
        eventually 10 answers_at "$1" "$2" "$3"
        server=$(cat "$WORK/server.pid")
}

answers_at() # NAMESPACE ADDRESS PORT
{
        local address=${2/0.0.0.0/127.0.0.1}
        [ "$(connect "$1" -t 400 "$address" "$3")" = open ]
}

# Greets at each port and answers nothing; MOST is then how many it had open at the same time.
stalled_server() # NAMESPACE GREETING PORT...
{
        rm -f "$WORK/server.pid" "$WORK/most"
        net_in "$1" python3 - "$WORK" "${@:2}" <<-'PYTHON' 2>"$WORK/null" &
	import os, select, socket, sys
	listeners, clients, most = [], [], 0
	for port in sys.argv[3:]:
	    s = socket.socket()
	    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
	    s.bind(("0.0.0.0", int(port)))
	    s.listen(16)
	    listeners.append(s)
	open(sys.argv[1] + "/server.pid", "w").write(str(os.getpid()))
	while True:
	    for s in select.select(listeners + clients, [], [])[0]:
	        if s in listeners:
	            c, _ = s.accept()
	            try: c.sendall(sys.argv[2].encode() + b"\r\n")
	            except OSError: continue
	            clients.append(c)
	            most = max(most, len(clients))
	            open(sys.argv[1] + "/most", "w").write(str(most))
	        else:
	            try: rest = s.recv(4096)
	            except OSError: rest = b""
	            if not rest:
	                clients.remove(s)
	                s.close()
	PYTHON
        eventually 10 test -s "$WORK/server.pid"
        server=$(cat "$WORK/server.pid")
        eventually 10 answers_at "$1" 0.0.0.0 "${@:$#}"
}

found() # CODE: the words before it
{
        grep -- "\[$1\]" <<<"$out" | cut -d: -f1 | sort -u | tr '\n' ' '
}

net_world
rm -f /tmp/p25-data-was-sent
p25_host <<'CONF'
default = { incoming = "allow"; outgoing = "allow"; };
rules = ( { action = "reject"; direction = "out"; to = [ "198.51.100.3" ]; },
          { action = "reject"; direction = "out"; user = [ "mail" ]; } );
CONF
ok $? "p25d starts"

run_ctl doctor
is "$rc" 0 "nothing is wrong"
is "$(found FOREIGN_DROP)$(found LISTENER_REFUSED)$(found OPEN_RELAY)" "" "and nothing is said to be"

smtp_server host 0.0.0.0 25 "STARTTLS" "554 Relay access denied"
run_ctl doctor
is "$rc" 0 "a good server"
is "$(found GREETING)" "ok " "it greets"
unlike "$out" $'\e' "no escapes reach the terminal"
is "$(found LISTENER)" "ok " "clients are let in"
is "$(found STARTTLS_MISSING)$(found AUTH_BEFORE_TLS)$(found OPEN_RELAY)" "" "and nothing is wrong"

run_ctl deny in
run_ctl doctor
is "$rc $(found LISTENER_REFUSED)" "0 warning " "it listens, and the policy refuses its clients"
run_ctl --json doctor
is "$(jq -r '.[] | select(.code == "LISTENER_REFUSED") | .severity' <<<"$out")" warning "in JSON"
run_ctl delete deny in

net_in host nft -f - <<'NFT'
table inet other {
        chain input { type filter hook input priority 0; policy drop;
                iif lo accept; ct state established accept; tcp dport 22 accept; }
        chain output { type filter hook output priority 0; ip daddr 198.51.100.4 tcp dport 25 drop; }
}
NFT
run_ctl doctor
is "$rc $(found FOREIGN_DROP)" "1 problem " "another firewall is in the way"
like "$out" "table inet other, chain input" "and is named"
# which it leaves out where looking takes long
status_warns()
{
        run_ctl status
        [[ $out == *"another firewall"* ]]
}
eventually 30 status_warns
like "$out" "another firewall stops incoming connections to port 25 over IPv4 .*table inet other, chain input; and 1 more \\(p25ctl doctor\\)" \
        "status has a line of it"
is "$(grep -c 'another firewall' <<<"$out")" 1 "one line"
if command -v strace >"$WORK/out"; then
        run net_in host strace -qq -s 400 -e trace=sendmsg -o "$WORK/sent" "$P25CTL" status
        is "$(grep -o 'Describe\|ListObstacles\|GetUnitFileState' "$WORK/sent" | paste -sd' ')" \
                "Describe ListObstacles GetUnitFileState" "p25d looks for them while status goes on"
else
        skip "p25d looks for them while status goes on" "there is no strace"
fi
obstacles()
{
        run_ctl --json status
        [ "$(jq '.obstacles | length' <<<"$out")" = 2 ]
}
eventually 30 obstacles
is "$(jq -r '.obstacles[0] | "\(.severity) \(.code)"' <<<"$out")" "problem FOREIGN_DROP" "and its JSON has them"
net_in host nft delete table inet other
run_ctl status
unlike "$out" "another firewall" "and none when it is gone"
no_obstacles()
{
        [ "$(ctl --json status | jq -c .obstacles)" = "[]" ]
}
eventually 30 no_obstacles
ok $? "an empty list in JSON"
process_end "$server" TERM

smtp_server host 0.0.0.0 25 "AUTH PLAIN LOGIN" "250 ok"
run_ctl doctor
is "$rc $(found OPEN_RELAY)" "1 problem " "a relay for everybody"
is "$(found STARTTLS_MISSING)" "warning " "without TLS"
is "$(found AUTH_BEFORE_TLS)" "warning " "with passwords in the clear"
[ ! -e /tmp/p25-data-was-sent ]
ok $? "no message was sent"
process_end "$server" TERM

stalled_server host "220 test.example ESMTP" 25 587 2525
run_ctl doctor
is "$rc $(found NO_ANSWER)" "0 warning " "servers that greet and answer nothing else"
is "$(grep -c 'greets and does not answer EHLO' <<<"$out")" 3 "each of them"
is "$(found GREETING)" "" "none of them is reported as ok"
is "$(cat "$WORK/most")" 3 "all are asked at the same time"
process_end "$server" TERM
stalled_server host "554 no service" 25
run_ctl doctor
is "$rc $(found UNWILLING)$(found GREETING)" "0 warning " "a server that refuses to serve"
like "$out" "refuses to serve: 554 no service" "with its words"
process_end "$server" TERM
stalled_server host "SSH-2.0-what" 25
run_ctl doctor
is "$rc $(found NO_GREETING)$(found GREETING)" "0 warning " "something else than SMTP"
process_end "$server" TERM

printf 'table inet p25 {\n}\n' >"$WORK/nftables.conf"
mkdir -p "$WORK/postfix"
printf '# relayhost = no\nrelayhost = [198.51.100.3]:25\n' >"$WORK/postfix/main.cf"
with_files() # COMMAND...
{
        net_in host unshare -m sh -c 'touch /etc/nftables.conf; mkdir -p /etc/postfix
                mount --bind "$0/nftables.conf" /etc/nftables.conf
                mount --bind "$0/postfix" /etc/postfix; exec "$@"' "$WORK" "$@"
}
if [ -e /etc/nftables.conf ] && [ -d /etc/postfix ]; then
        run with_files "$P25CTL" doctor
        is "$(found SAVED_RULES)" "warning " "a saved ruleset with p25's table"
        is "$rc $(found RELAYHOST_REFUSED)" "1 problem " "a relay host that the policy refuses"
        printf 'relayhost = [198.51.100.2]:587\n' >"$WORK/postfix/main.cf"
        run with_files "$P25CTL" doctor
        is "$(found RELAYHOST)" "ok " "one that it lets be reached"
else
        skip "saved rulesets and relay hosts" "no nftables.conf or Postfix here"
fi

# ---- targets ----

smtp_server inet 198.51.100.2 25 "STARTTLS" "554 no"
net_in inet nft -f - <<'NFT'
table inet provider {
        chain input { type filter hook input priority 0; tcp dport 465 drop; }
}
NFT
run_ctl doctor 198.51.100.2
is "$rc $(found OPEN)" "0 ok " "port 25 of a target is open"
like "$out" "^ok: 198.51.100.2 port 25: open, 220 test.example.*, STARTTLS" "with greeting and STARTTLS"
is "$(found CLOSED)" "note " "587 is closed"
is "$(found FILTERED_ELSEWHERE)" "note " "465 is filtered elsewhere"
process_end "$server" TERM
stalled_server inet "220 test.example ESMTP" 25 587 2525
run_ctl doctor 198.51.100.2 203.0.113.7
is "$rc $(found NO_ANSWER)" "1 note problem " "targets that greet and answer nothing else"
is "$(cat "$WORK/most")" 6 "all targets and ports are tried at the same time"
process_end "$server" TERM
run_ctl doctor 198.51.100.3
is "$rc $(found FILTERED_HERE)" "1 problem " "a target that the policy refuses"
for target in "" "[2001:db8:1::2]:25" 198.51.100.0/24 -x "two words"; do
        run_ctl doctor -- "$target"
        is "$rc $err" "4 ERROR: '$target' is not a valid address or host name" "target '$target'"
done
run_ctl doctor no.such.host.invalid
is "$rc $(found NO_ADDRESS)" "1 problem " "a name without an address"

net_in inet nft flush ruleset
net_in inet nft -f - <<'NFT'
table inet provider {
        chain input { type filter hook input priority 0; tcp dport 25 drop; }
}
NFT
run_ctl doctor 198.51.100.2
is "$rc $(found FILTERED_ELSEWHERE)" "1 problem " "a provider that filters port 25"

net_in inet nft flush ruleset

# ---- README: three commands that lead to the cause ----

mapfile -t three < <(sed -n '/^## When mail/,/^## What/p' README.md | sed -n 's/^p25ctl \(.*\)/\1/p')
is "${#three[@]}" 3 "the README has three commands"
typed() # NUMBER
{
        # shellcheck disable=SC2086 # words
        run_ctl ${three[$1]%%   *}
}

smtp_server inet 198.51.100.2 25 "STARTTLS" "554 no"
ctl reject out user www-data >"$WORK/null"
typed 2
like "$out" "Verdict: reject.*Rule: reject .*out.* user www-data" "a rule of p25: explain names it"
ctl delete reject out user www-data >"$WORK/null"

net_in host nft 'table inet other { chain output { type filter hook output priority 0; tcp dport 25 drop; }; }'
typed 0
is "$rc $(found FOREIGN_DROP)" "1 problem " "another firewall: doctor names it"
typed 1
is "$rc $(found FILTERED_HERE)" "1 problem " "as filtered here"
typed 2
like "$out" "table inet other, chain output: dropped by the rule" "and explain names chain and rule"
net_in host nft delete table inet other

typed 1
is "$rc $(found OPEN)" "0 ok " "nothing in the way: the target is open"
net_in inet nft 'table inet provider { chain input { type filter hook input priority 0; tcp dport 25 drop; }; }'
typed 0
is "$rc" 0 "a provider's filter: nothing is wrong on this host"
typed 1
is "$rc $(found FILTERED_ELSEWHERE)" "1 problem " "it is filtered elsewhere"
typed 2
like "$out" "Verdict: allow" "and explain agrees"

p25d_stop TERM
run_ctl doctor
is "$rc $(found NOT_RUNNING)" "1 problem " "without p25d"
done_testing
