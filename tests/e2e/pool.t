#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# p25d-site, as a user without rights, beside a real PHP-FPM with pools of several users, and beside
# sockets, masters and workers that lie.
. "$(dirname "$0")/../lib/e2e.sh"

fpm=$(compgen -G '/usr/sbin/php-fpm[0-9]*' | head -n 1)
[ -n "$fpm" ] || { skip "PHP-FPM" "it is not installed"; done_testing; exit; }
[ -n "$many_uids" ] || { skip "pools of several users" "there is one user only"; done_testing; exit; }
chmod 755 /run

# ---- PHP-FPM: three pools of two users, beside a hundred others ----

site=$WORK/www
mkdir -p "$site" "$WORK/pool.d" "$WORK/run"
chmod 711 "$WORK/run"
cat >"$site/wait.php" <<'PHP'
<?php
if (isset($_GET['child'])) system('echo $$ >' . $_GET['child'] . '; exec sleep 600');
sleep(600);
PHP
cat >"$WORK/fpm.conf" <<CONF
[global]
error_log = $WORK/fpm.log
daemonize = no
include = $WORK/pool.d/*.conf
CONF
pool() # NAME USER GROUP EXTRA
{
        cat >"$WORK/pool.d/$1.conf" <<CONF
[$1]
user = $2
group = $3
listen = $WORK/run/\$pool.sock
listen.owner = www-data
listen.group = www-data
pm = static
pm.max_children = 3
$4
CONF
}
status="pm.status_path = /status
pm.status_listen = $WORK/run/\$pool-status.sock ; for p25"
pool shop.example www-data www-data "$status"
pool blog.example nobody nogroup "$status"
pool plain nobody nogroup ""
for n in {1..100}; do
        pool "other$n" nobody nogroup "$(printf 'pm.status_path = /s\npm.status_listen = %s' "$WORK/run/o$n.sock")"
        sed -i 's/= static/= ondemand/' "$WORK/pool.d/other$n.conf"
done
"$fpm" -y "$WORK/fpm.conf" -R 2>"$WORK/fpm.err" &
master=$!
# it binds its sockets one after the other
eventually 20 grep -q 'ready to handle connections' "$WORK/fpm.log"
ok $? "PHP-FPM runs with 103 pools"
diag "$(cat "$WORK/fpm.err" "$WORK/fpm.log" 2>/dev/null | head -5)"

# A request of a pool, which lasts longer than the test.
clients=()
request() # POOL URI QUERY [SCRIPT]
{
        /usr/bin/python3 tests/lib/fpm_request.py "$WORK/run/$1.sock" "${4-$site/wait.php}" "$2" "$3" &>/dev/null &
        clients+=($!)
}
# The worker of a pool whose folder is the site's: it runs the script.
worker() # POOL
{
        local pid
        for pid in $(pgrep -x -f "php-fpm: pool $1"); do
                [ "$(readlink "/proc/$pid/cwd")" != "${2-$site}" ] || { echo "$pid"; return; }
        done
        return 1
}

# ---- p25d-site ----

site_start() # GROUPS...
{
        systemd-socket-activate --seqpacket -l /run/p25d-site.socket -- \
                setpriv --reuid 12345 --regid 12345 "$@" --no-new-privs --bounding-set=-all \
                "$PWD/${BUILD:-build}/p25d-site" 2>"$WORK/site.log" &
        helper=$!
        eventually 5 [ -S /run/p25d-site.socket ]
}
site_stop()
{
        process_end "$helper" TERM
        rm -f /run/p25d-site.socket
}
ask()
{
        out=$(/usr/bin/python3 tests/lib/site_ask.py "$@" 2>&1)
}

request shop.example /contact.php 'to=you%40example.org'
request blog.example /post ''
request plain / ''
for pool in shop.example blog.example plain; do
        eventually 10 worker "$pool"
        ok $? "a worker of $pool runs the script"
done
shop=$(worker shop.example) blog=$(worker blog.example) plain=$(worker plain)

site_start --clear-groups
ask request "$shop" 33
is "$(head -1 <<<"$out")" "Permission denied" "a user who may not open the socket learns nothing"
site_stop
site_start --groups 33
ask request "$shop" 33
is "$out" "known
shop.example
$site/wait.php
GET /contact.php?to=you%40example.org" "a member of www-data: site, script and request"
ask request "$blog" 65534
is "$out" "known
blog.example
$site/wait.php
GET /post" "of another user's pool"
ask request "$shop" 65534
is "$(head -1 <<<"$out")" "No such file or directory" "not for another user"
ask request "$plain" 65534
is "$(head -1 <<<"$out")" "No such file or directory" "a pool without a status socket"
ask request $$ 0
is "$(head -1 <<<"$out")" "No such file or directory" "a process that is not a worker"
ask request 4000000 0
is "$(head -1 <<<"$out")" "No such file or directory" "a process that is gone"

# an idle worker of the pool
idle=$(comm -23 <(pgrep -x -f "php-fpm: pool shop.example" | sort) <(echo "$shop") | head -1)
ask request "$idle" 33
is "$out" "known
shop.example" "an idle worker has a site only"

# a program that the script starts
request shop.example /mail.php "child=$WORK/run/child"
: >"$WORK/run/child"
chown 33 "$WORK/run/child"
eventually 10 [ -s "$WORK/run/child" ]
ok $? "a script starts a program"
ask request "$(cat "$WORK/run/child")" 33
is "$(sed -n '2,4p' <<<"$out")" "shop.example
$site/wait.php
GET /mail.php?child=$WORK/run/child" "a program that a script started"

# ---- names that should move a terminal's cursor ----

bad=$site/$'\e[2J\n\xff'.php
cp "$site/wait.php" "$bad"
mkdir "$site/sub"
cp "$site/wait.php" "$site/sub/$(printf 'a%.0s' {1..200}).php"
request blog.example $'/\e]0;x\a' $'\n\xff' "$bad"
found_bad()
{
        local pid
        for pid in $(pgrep -x -f "php-fpm: pool blog.example"); do
                [ "$pid" = "$blog" ] || [ "$(readlink "/proc/$pid/cwd")" != "$site" ] || { echo "$pid"; return; }
        done
        return 1
}
eventually 10 found_bad
ok $? "a worker runs a script of a hostile name"
ask request "$(found_bad)" 65534
is "$(head -2 <<<"$out")" "known
blog.example" "a hostile name is known"
is "$(printf '%s' "$out" | LC_ALL=C tr -d '\n' | LC_ALL=C grep -c '[[:cntrl:]]')" 0 "without control characters"
is "$(wc -l <<<"$out")" 4 "and in its line"
diag "$out"

# ---- liars ----

# A worker whose master is a program of root's that names this file; its socket does what MODE says.
cat >"$WORK/liar.py" <<'PYTHON'
import os, socket, struct, subprocess, sys, time
mode, path, config = sys.argv[1:]
def record(kind, content):
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content
server = socket.socket(socket.AF_UNIX)
server.bind(path)
os.chmod(path, 0o666)
server.listen(64)
worker = os.fork()
if worker == 0:
    os.setgid(33)
    os.setuid(33)
    os.execv("/bin/sleep", ["php-fpm: pool liar", "300"])
open(path + ".pid", "w").write(str(worker))
def answer(c):
    body = '{"pool":"liar","processes":[{"pid":%d,"state":"Running","request method":"GET","request uri":"/","script":"/x"}]}'
    head = b"Content-type: application/json\r\n\r\n"
    if mode not in ("close", "silent"):
        c.recv(4096)
    if mode == "truth":
        c.sendall(record(6, head + (body % worker).encode()) + record(3, b"\0" * 8))
    elif mode == "other":
        c.sendall(record(6, head + (body % (worker + 1)).encode()) + record(3, b"\0" * 8))
    elif mode == "json":
        c.sendall(record(6, head + b"{\"pool\":") + record(3, b"\0" * 8))
    elif mode == "big":
        try:
            for i in range(200):
                c.sendall(record(6, b" " * 65535))
        except OSError:
            pass
    elif mode == "silent":
        time.sleep(60)
    elif mode == "slow":
        try:
            for i in range(100):
                c.sendall(b"\1")
                time.sleep(0.05)
        except OSError:
            pass
while True:
    c, _ = server.accept()
    if os.fork() == 0:
        answer(c)
        os._exit(0)
    c.close()
PYTHON
liar_works() # FILE
{
        [ -s "$1" ] && grep -q '^php-fpm: pool' "/proc/$(cat "$1")/cmdline"
}
liar() # MODE CONFIGURED-SOCKET
{
        local path=$WORK/run/liar-$1
        printf '[liar]\npm.status_path=/s\npm.status_listen=%s\n' "${2-$path}" >"$WORK/liar-$1.conf"
        (exec -a "php-fpm: master process ($WORK/liar-$1.conf)" /usr/bin/python3 - "$1" "$path" x <"$WORK/liar.py") &
        eventually 10 liar_works "$path.pid"
        ok $? "a liar: $1"
        ask request "$(cat "$path.pid")" 33
}
liar truth
is "$(head -1 <<<"$out")" "known" "a status that is true is taken"
diag "$out"
liar other
is "$(head -1 <<<"$out")" "No such file or directory" "the status of another process is not"
liar json
is "$(head -1 <<<"$out")" "Bad message" "nor broken JSON"
liar big
is "$(head -1 <<<"$out")" "File too large" "nor 13 MB"
liar close
is "$(head -1 <<<"$out")" "Bad message" "nor a connection that is closed"
liar silent
is "$(head -1 <<<"$out")" "Connection timed out" "nor silence"
liar slow
is "$(head -1 <<<"$out")" "Connection timed out" "nor a byte now and then"
# others are answered while liars hang
hung=$(cat "$WORK/run/liar-silent.pid")
asked=()
for n in {1..20}; do
        /usr/bin/python3 tests/lib/site_ask.py request "$hung" 33 >/dev/null &
        asked+=($!)
done
answered()
{
        ask request "$shop" 33
        [ "$(sed -n 2p <<<"$out")" = shop.example ]
}
eventually 5 answered
ok $? "a pool that hangs delays no other"
diag "$out"
wait "${asked[@]}"

mkdir "$WORK/home"
ln -s "$WORK/run/liar-truth" "$WORK/home/link"
liar link "$WORK/home/link"
is "$(head -1 <<<"$out")" "Permission denied" "a link is not followed"
liar foreign "$WORK/run/liar-truth"
is "$(head -1 <<<"$out")" "Permission denied" "a socket of another master is not asked"
liar file /etc/shadow
is "$(head -1 <<<"$out")" "Permission denied" "nor a file"
liar tcp 127.0.0.1:9001
is "$(head -1 <<<"$out")" "No such file or directory" "nor TCP"

# ---- containers ----

id=$(printf '0123456789abcdef%.0s' {1..4})
printf '{"ID":"%s","Name":"/web","Config":{"Image":"nginx:1.25","Env":["SECRET=1"]}}' "$id" >"$WORK/docker"
ask container "$WORK/docker" "$id"
is "$out" "known
web
nginx:1.25" "name and image of a container"
ask container /etc/shadow "$id"
is "$out" "Bad message" "nothing is quoted from another file"

process_end "$master" TERM
site_stop
done_testing
