#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Programs that a policy does not judge as its author may expect: publishers of containers that hide
# the clients, or whose own connection to the container is refused; rootless containers; a server
# whose user may not send. The programs are small ones under the names of the real ones.
. "$(dirname "$0")/../lib/e2e.sh"

cp /etc/passwd "$WORK/passwd"
echo 'opensmtpx:x:41005:41005::/:/bin/false' >>"$WORK/passwd"
echo 'alice:x:41001:41001::/:/bin/false' >>"$WORK/passwd"
mount --bind "$WORK/passwd" /etc/passwd
net_world
p25_host </dev/null
ok $? "p25d starts"

# A program of this name, which listens; the arguments behind -- are on its command line as well.
cat >"$WORK/program.py" <<'PY'
import os, socket, sys, time
listeners = []
for word in sys.argv[2].split():
    address, port = word.rsplit(",", 1)
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if ":" in address and address != "::":
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if sys.argv[1].startswith("docker-proxy") and address == "::":
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.bind((address, int(port)))
    s.listen()
    listeners.append(s)
open("/proc/self/comm", "w").write(sys.argv[1])
with open(sys.argv[3], "w") as f:
    f.write("%d\n" % os.getpid())
time.sleep(600)
PY
program_start() # USER NAME LISTENERS [WORD...]
{
        rm -f "$WORK/up"
        chmod 1777 "$WORK"
        net_in host setpriv --reuid "$1" --inh-caps=+net_bind_service --ambient-caps=+net_bind_service \
                /usr/bin/python3 "$WORK/program.py" "$2" "$3" "$WORK/up" "${@:4}" &
        eventually 10 test -s "$WORK/up"
}
program_end()
{
        process_end "$(cat "$WORK/up")" TERM
}
warnings()
{
        ctl status --json | jq -r '.warnings[]'
}

# ---- docker-proxy: a socket for each family, of which IPv4 is translated before ----

program_start 0 docker-proxy '0.0.0.0,25 ::,25' -proto tcp -host-ip 0.0.0.0 -host-port 25 \
        -container-ip 172.17.0.2 -container-port 25
ok $? "docker-proxy listens"
hides='port 25: docker-proxy passes IPv6 connections to a container, .*; to close IPv6: p25ctl deny from ::/0 to any port 25'
run_ctl --strict role set mx
is "$rc" 4 "role set: --strict refuses"
run_ctl role set mx
like "$rc $err" "^0 WARNING: $hides" "role set warns"
like "$(warnings)" "$hides" "status warns"
like "$(ctl status verbose)" "Warning: $hides" "as a line of status verbose"
like "$(ctl show listening)" "warning: $hides" "show listening warns"
is "$(ctl show listening --json | jq -r '.[] | select(.warning) | .address')" "::" "in JSON, of the one socket"
eval "run_ctl $(warnings | sed -n 's/.*to close IPv6: p25ctl //p')"
is "$rc" 0 "the command from the warning"
expect "closes IPv6" inet filtered -t 300 2001:db8:1::1 25
expect "and leaves IPv4" inet open 198.51.100.1 25
unlike "$(warnings)" "$hides" "then status is silent"
unlike "$(ctl show listening)" "warning:" "and so is show listening"
run_ctl --force delete 1
mkdir -p "$ROOT/etc/docker"
echo '{ "iptables": false }' >"$ROOT/etc/docker/daemon.json"
cat >"$WORK/dockerd.py" <<'PY'
import time
open("/proc/self/comm", "w").write("dockerd")
open("%s", "w").close()
time.sleep(600)
PY
sed -i "s|%s|$WORK/dockerd-up|" "$WORK/dockerd.py"
/usr/bin/python3 "$WORK/dockerd.py" &
dockerd=$!
eventually 10 test -e "$WORK/dockerd-up"
like "$(warnings)" 'port 25: docker-proxy passes IPv4 connections to a container, .*: p25ctl deny from 0.0.0.0/0 to any port 25' \
        "and IPv4 as well, if Docker does not use iptables"
process_end "$dockerd" TERM
program_end

# ---- its own connection to the container ----

program_start 0 docker-proxy '127.0.0.1,25' -proto tcp -host-ip 127.0.0.1 -host-port 25 \
        -container-ip 172.17.0.2 -container-port 25
hop='docker-proxy \(user root\) passes port 25 on to the container at 172.17.0.2 port 25, and this connection is refused \(out\); to allow it: p25ctl allow out to 172.17.0.2 port 25 user root$'
run_ctl role set app-server
like "$rc $err" "^0 WARNING: $hop" "app-server: a relay container on loopback"
run_ctl role set no-mail
like "$rc $err" "WARNING: $hop" "no-mail: too"
like "$(warnings)" "$hop" "status warns"
unlike "$(ctl show listening)" "warning:" "loopback hides no clients of other hosts"
eval "run_ctl $(warnings | sed -n 's/.*to allow it: p25ctl //p')"
is "$rc" 0 "the command from the warning"
like "$(ctl explain out to 172.17.0.2 user root)" "allow" "lets it pass"
unlike "$(warnings)" "docker-proxy" "and status is silent"
run_ctl role set mx
unlike "$err" "docker-proxy" "under mx root may send: no warning"
run_ctl --force reset
program_end

# ---- rootless ones, which hide both families ----

for name in rootlessport rootlesskit slirp4netns; do
        program_start 41001 "$name" '::,25'
        run_ctl role set mx
        like "$err" "WARNING: port 25: $name passes connections to a container, .*; to close the port: p25ctl deny 25/tcp" \
                "$name: role set warns"
        like "$(ctl show listening)" "warning: port 25: $name passes connections" "and show listening"
        unlike "$err" "may not send" "because it is not a mail server"
        run_ctl role set container-host
        like "$err" "WARNING: role container-host does not stop the rootless containers of user alice \\($name\\), .*: p25ctl reject out user alice" \
                "container-host does not stop it"
        run_ctl role set container-host outbound-mta
        unlike "$err" "rootless containers" "another role closes what it sends: no warning"
        run_ctl role remove outbound-mta
        like "$err" "WARNING: role container-host does not stop the rootless containers of user alice" \
                "which comes when that role goes"
        run_ctl role set no-mail
        unlike "$err$(warnings)" "$name" "no-mail closes all of it: no warning"
        unlike "$(ctl show listening)" "warning:" "nor one of show listening"
        run_ctl role set mx
        run_ctl deny from ::/0
        like "$(ctl show listening)" "$name passes IPv4 connections .*p25ctl deny from 0.0.0.0/0" \
                "one family closed: show listening warns of the other"
        run_ctl --force reset
        program_end
done
run_ctl --force reset

# ---- pasta, under whichever name: its server sees the clients' own addresses ----

for name in pasta passt passt.avx2; do
        program_start 41001 "$name" '::,25'
        run_ctl role set mx
        unlike "$err$(ctl show listening)" "passes connections" "$name: hides no clients"
        unlike "$err" "may not send" "and is not a mail server"
        run_ctl role set container-host
        like "$err" "WARNING: role container-host does not stop the rootless containers of user alice \\($name\\), .*: p25ctl reject out user alice" \
                "container-host does not stop it"
        program_end
done
run_ctl --force reset

# ---- a server whose user may not send ----

program_start 41005 smtpx '0.0.0.0,25'
sender='user opensmtpx listens on port 25 and may not send: add it to vars.mta_users in p25.conf, or: p25ctl allow out user opensmtpx$'
run_ctl role set mx
like "$err" "WARNING: $sender" "mx: role set warns"
like "$(warnings)" "$sender" "and status"
run_ctl allow out user opensmtpx
unlike "$(warnings)" "may not send" "then it may"
run_ctl --force delete 1
run_ctl role set app-server
unlike "$err" "may not send" "app-server names no senders: no warning"
program_end
done_testing
