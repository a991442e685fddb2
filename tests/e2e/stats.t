#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Real connections are counted by user and rule, also over a restart; the metrics are valid, and a
# real Prometheus answers every query of the alert rules and the dashboard from them.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen inet 25 587
p25_host <<'CONF'
default = { incoming = "deny"; outgoing = "reject"; routed = "reject"; };
rules = ( { action = "allow"; direction = "out"; to = [ "198.51.100.2" ]; ports = [ 25 ]; log = true; } );
sets = { partners = { entries = [ "203.0.113.0/24", "2001:db8::/32" ]; } };
CONF
ok $? "p25d starts"

# a number of the answer
stat_of() # FILTER
{
        ctl stats --json | jq -r "$1"
}
is_now() # VALUE FILTER
{
        [ "$(stat_of "$2")" = "$1" ]
}

run_ctl stats
is "$rc $err" "0 " "nothing is counted yet"
like "$out" "No rule has decided" "and stats says so"

for address in 8.8.8.8 8.8.4.4 2001:db8:1::2; do
        expect "refused" host closed "$address" 25
done
expect "allowed" host open 198.51.100.2 25
eventually 5 is_now 3 '.users[0].hour.blocked'
ok $? "refused connections of a user"
eventually 5 is_now 1 '.users[0].hour.allowed'
ok $? "and allowed ones"
is "$(stat_of '.users[0] | [.user, .uid, .day.destinations, .hour.estimated, (.past_hour, .past_day, .past_week | map(.destinations) | add)] | @csv')" \
        '"root",0,4,false,4,4,4' "with user, distinct destinations and points for a plot"
# counters are read at most once a second
eventually 5 is_now true '[.rules[] | select(.packets > 0)] | length == 2'
is "$(stat_of '.rules[] | select(.action == "allow") | [.passed, .packets > 0, .last != null] | @csv')" \
        "1,true,true" "the rule that let them pass"
is "$(stat_of '.sets[0] | [.name, .entries] | @csv')" '"partners",2' "sets"
is "$(stat_of '.obstacles')" 0 "no other firewall"
run_ctl stats
like "$out" "root +3 +1 +4 +3 +1 +4" "as a table"
like "$out" "allow out log to 198.51.100.2.* 1 +1 +0  20[0-9-]+" "with the rules"

run as_user nobody env DBUS_SYSTEM_BUS_ADDRESS="$DBUS_SYSTEM_BUS_ADDRESS" "$P25CTL" stats
if [ -n "$many_uids" ]; then
        is "$rc $out" "5 " "users who may not manage see no statistics"
else
        skip "users who may not manage see no statistics" "one uid only"
fi
run_ctl stats --openmetrics --json
is "$rc" 4 "metrics and JSON exclude each other"

# ---- metrics ----

ctl stats --openmetrics >"$WORK/metrics"
is "$(tail -n 1 "$WORK/metrics")" "# EOF" "the metrics end as they should"
promtool check metrics <"$WORK/metrics" >"$WORK/out" 2>&1
is "$? $(cat "$WORK/out")" "0 " "promtool finds nothing"
for name in p25_info p25_active p25_revision p25_lockdown p25_pending p25_repairs_total \
        p25_rule_packets_total p25_connections_total p25_destinations p25_set_entries p25_obstacles; do
        grep -q "^${name}[ {]" "$WORK/metrics"
        ok $? "there is $name"
done
refused='p25_connections_total{direction="out",verdict="reject",user="root",unit=""}'
is "$(grep -F "$refused" "$WORK/metrics")" "$refused 3" "by direction, verdict and user"

mkdir "$WORK/collector"
P25CTL="$WORK/ctl" packaging/systemd/write-metrics "$WORK/collector/p25.prom" 2>/dev/null
is "$? $(ls "$WORK/collector")" "127 " "a failure leaves no file"
cat >"$WORK/ctl" <<CTL
#!/bin/bash
cat "$WORK/metrics"
CTL
chmod +x "$WORK/ctl"
P25CTL="$WORK/ctl" packaging/systemd/write-metrics "$WORK/collector/p25.prom"
ok $? "the collector's file is written"
cmp "$WORK/metrics" "$WORK/collector/p25.prom"
ok $? "whole"
# whoever has the folder, which is not root, may lay links in it, also while it is written
mkdir "$WORK/elsewhere"
echo kept >"$WORK/elsewhere/kept"
ln -s "$WORK/elsewhere/kept" "$WORK/collector/p25.prom.new"
P25CTL="$WORK/ctl" packaging/systemd/write-metrics "$WORK/collector/p25.prom"
is "$? $(cat "$WORK/elsewhere/kept")" "0 kept" "a link in the place of the new file is not followed"
cat >"$WORK/laying" <<LAYING
#!/bin/bash
ln -sfT "$WORK/elsewhere" "$WORK/collector/p25.prom"
cat "$WORK/metrics"
LAYING
chmod +x "$WORK/laying"
P25CTL="$WORK/laying" packaging/systemd/write-metrics "$WORK/collector/p25.prom"
is "$? $(ls "$WORK/elsewhere")" "0 kept" "nor is one to a folder in the place of the file"
cmp "$WORK/metrics" "$WORK/collector/p25.prom"
ok $? "the file is whole"

# ---- Prometheus ----

promtool check rules packaging/prometheus/p25.rules.yml >"$WORK/out" 2>&1
ok $? "promtool accepts the alert rules"
promtool test rules packaging/prometheus/p25.test.yml >"$WORK/out" 2>&1
ok $? "each alert fires on what it is for" || diag "$(cat "$WORK/out")"

cat >"$WORK/serve.py" <<'PY'
import http.server, sys

class Metrics(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        text = open(sys.argv[1], "rb").read()
        self.send_response(200)
        self.send_header("Content-Type", sys.argv[3])
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *words):
        pass

http.server.HTTPServer(("127.0.0.1", int(sys.argv[2])), Metrics).serve_forever()
PY
net_in host python3 "$WORK/serve.py" "$WORK/metrics" 9101 "text/plain; version=0.0.4" &
text=$!
net_in host python3 "$WORK/serve.py" "$WORK/metrics" 9102 \
        "application/openmetrics-text; version=1.0.0; charset=utf-8" &
open=$!
cat >"$WORK/prometheus.yml" <<CONF
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [ "$PWD/packaging/prometheus/p25.rules.yml" ]
scrape_configs:
  - job_name: p25
    static_configs: [ { targets: [ "127.0.0.1:9101", "127.0.0.1:9102" ] } ]
CONF
net_in host prometheus --config.file="$WORK/prometheus.yml" --storage.tsdb.path="$WORK/tsdb" \
        --web.listen-address=127.0.0.1:9190 >"$WORK/prometheus.log" 2>&1 &
prometheus=$!

cat >"$WORK/ask.py" <<'PY'
# how many series each query on stdin has, a line each; an error is a line "error"
import json, sys, urllib.parse, urllib.request

for query in sys.stdin.read().splitlines():
    try:
        url = "http://127.0.0.1:9190/api/v1/query?query=" + urllib.parse.quote(query)
        print(len(json.load(urllib.request.urlopen(url))["data"]["result"]), query)
    except OSError:
        print("error", query)
PY
ask()
{
        net_in host python3 "$WORK/ask.py"
}
both_up()
{
        [ "$(ask <<<'p25_active' | cut -d' ' -f1)" = 2 ]
}
eventually 60 both_up
ok $? "Prometheus reads the metrics in both formats" || diag "$(tail -n 5 "$WORK/prometheus.log")"
jq -r '.panels[].targets[].expr' packaging/grafana/p25.json | sed 's/\$instance/.*/' >"$WORK/queries"
is "$(wc -l <"$WORK/queries")" 13 "the dashboard has its queries"
all_answered()
{
        ! ask <"$WORK/queries" | grep -qE '^(0|error) '
}
eventually 60 all_answered
ok $? "and Prometheus answers each with series" || diag "$(ask <"$WORK/queries" | grep -E '^(0|error) ')"
awk '/^ +expr: >-$/ { joined = 1; next } /^ +expr: / { sub(/^ +expr: /, ""); print; next }
        joined && /^ +(labels|for):/ { print line; line = ""; joined = 0 }
        joined { sub(/^ +/, ""); line = line (line ? " " : "") $0 }' \
        packaging/prometheus/p25.rules.yml >"$WORK/alerts"
is "$(wc -l <"$WORK/alerts") $(ask <"$WORK/alerts" | grep -c '^error ')" "6 0" \
        "and each expression of an alert"
for pid in "$prometheus" "$text" "$open"; do
        process_end "$pid" TERM
done

# ---- over a restart ----

p25d_stop && p25d_start
ok $? "p25d is started again"
is "$(stat_of '.users[0] | [.blocked, .allowed, .day.destinations] | @csv')" "3,1,4" "the counts are there"
expect "refused" host closed 8.8.8.8 25
eventually 5 is_now 4 '.users[0].day.blocked'
ok $? "and goes on"
like "$(ctl stats --openmetrics | grep -F "$refused")" " 4$" "metrics only grow"

# ---- the policy leaves the kernel, and its counters with it ----

packets='[.rules[].packets] | add'
read -rt 1.2 <> <(:) # what is held of an earlier look is a second old at most
before=$(stat_of "$packets")
run_ctl disable
run_ctl enable
for _ in $(seq $((before + 1))); do connect host 8.8.8.8 25 >/dev/null; done
eventually 5 is_now $((2 * before + 1)) "$packets"
ok $? "counters that begin again are added to those of before"

# ---- limits by time ----

run_ctl prepend limit out to 198.51.100.2 rate 1/hour burst 2
if [ "${P25_BACKEND:-nftables}" = iptables ]; then
        like "$rc $err" "^4 .*cannot limit outgoing connections by user" "iptables has no such limits"
        done_testing
        exit
fi
for _ in 1 2 3 4 5; do connect host 198.51.100.2 25 >/dev/null; done
refused_of='.rules[] | select(.action == "limit") | .past_hour, .past_day, .past_week | "\(map(.packets) | add) \(map(.refused) | add)"'
eventually 5 is_now $'5 3\n5 3\n5 3' "$refused_of"
ok $? "decisions and refusals of a limit are kept by the minute, five minutes and the hour"
p25d_stop && p25d_start
is "$(stat_of "$refused_of")" $'5 3\n5 3\n5 3' "over a restart too"
is "$(stat_of '[.rules[] | select(.action != "limit") | .past_day] | unique | @csv')" "" "of limits only"

done_testing
