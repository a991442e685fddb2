#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The site and the script of a connection: attribution = "process" names the request of PHP-FPM whose script
# dials port 25, and the job of cron and the request by CGI, in events and in the journal's fields.
. "$(dirname "$0")/../lib/e2e.sh"

fpm=$(compgen -G '/usr/sbin/php-fpm[0-9]*' | head -n 1)
[ "$backend" = nftables ] || { skip "processes" "it needs nftables"; done_testing; exit; }
[ -n "$fpm" ] || { skip "PHP-FPM" "it is not installed"; done_testing; exit; }
[ -n "$many_uids" ] || { skip "pools of several users" "there is one user only"; done_testing; exit; }

net_world
chmod 755 /run
# as the service manager does it: it ends when nobody has asked for a while, and is started again
while :; do
        rm -f /run/p25d-site.socket
        systemd-socket-activate --seqpacket -l /run/p25d-site.socket -- \
                setpriv --reuid 12345 --regid 12345 --groups 33 --no-new-privs --bounding-set=-all \
                "$PWD/${BUILD:-build}/p25d-site" 2>>"$WORK/site.log"
done &
helper=$!
eventually 5 [ -S /run/p25d-site.socket ]

p25_host <<'CONF'
attribution = "process";
default = { outgoing = "reject"; };
CONF
ok $? "p25d starts"
asker()
{
        pgrep -P "$p25d" -f hold-connections
}
eventually 10 asker
ok $? "with a process that reads the queue"

# ---- two pools of two users, and one without a status socket ----

www=$WORK/www
mkdir -p "$www/sub" "$WORK/run"
chmod 711 "$WORK/run"
cat >"$www/mail.php" <<'PHP'
<?php @fsockopen($_GET['to'], 25, $number, $text, 5);
PHP
cp "$www/mail.php" "$www/sub/"
cat >"$www/exec.php" <<'PHP'
<?php exec('bash -c "exec 3<>/dev/tcp/' . $_GET['to'] . '/25; true" 2>&1');
PHP
pool() # NAME USER GROUP
{
        printf '[%s]\nuser = %s\ngroup = %s\nlisten = %s/$pool.sock\nlisten.owner = www-data\nlisten.group = www-data\npm = static\npm.max_children = 2\n' \
                "$1" "$2" "$3" "$WORK/run"
}
status="pm.status_path = /status
pm.status_listen = $WORK/run/\$pool-status.sock"
{ printf '[global]\nerror_log = %s/fpm.log\npid = %s/fpm.pid\ndaemonize = no\n' "$WORK" "$WORK"
  pool shop.example www-data www-data
  echo "$status"
  pool blog.example nobody nogroup
  echo "$status"
  pool plain nobody nogroup
} >"$WORK/fpm.conf"
net_in host "$fpm" -y "$WORK/fpm.conf" 2>"$WORK/fpm.err" &
eventually 20 grep -q 'ready to handle connections' "$WORK/fpm.log"
ok $? "PHP-FPM runs"

request() # POOL SCRIPT URI QUERY
{
        /usr/bin/python3 tests/lib/fpm_request.py "$WORK/run/$1.sock" "$2" "$3" "$4" 2>>"$WORK/request.log"
}
event() # ADDRESS [FILTER]: its event with a process
{
        out=$(ctl events --json -n 10000 |
                jq -c "[.[] | select(.destination_address == \"$1\" and has(\"pid\")${2-})][0] // empty")
        [ -n "$out" ]
}
dialled() # N ADDRESS
{
        [ "$(ctl events --json -n 10000 |
                jq "[.[] | select(.destination_address == \"$2\") | .count] | add // 0")" -ge "$1" ]
}
# Dials again until the pool has answered in time; on a slow machine it may not at first.
known() # ADDRESS POOL SCRIPT URI
{
        local try
        for try in {1..10}; do
                request "$2" "$3" "$4" "to=$1"
                eventually 3 dialled "$try" "$1"
                event "$1" ' and has("site")' && return
        done
        diag "$try attempts"
        event "$1"
}
field() # NAME
{
        jq -r ".$1" <<<"$out"
}

known 8.8.8.8 shop.example "$www/mail.php" /contact.php
is "$(field site) $(field user) $(field script)" "shop.example www-data $www/mail.php" "a script that dials: its site and its path"
is "$(field request)" "GET /contact.php?to=8.8.8.8" "and its request"
is "$(field directory)" "$www" "and its directory"
like "$(ctl events)" "www-data .* 8.8.8.8:25 .*shop.example: GET /contact.php\?to=8.8.8.8, $www/mail.php" "in the listing"

known 9.9.9.9 blog.example "$www/exec.php" /comment
is "$(field site) $(field user) $(field script)" "blog.example nobody $www/exec.php" "a program that a script of another user starts"

request plain "$www/sub/mail.php" / 'to=9.9.9.10'
eventually 15 event 9.9.9.10
is "$(field site) $(field script) $(field directory)" "null null $www/sub" "without a status socket: the directory of the script"

bad=$www/$'\e[2J\n'.php
cp "$www/mail.php" "$bad"
known 9.9.9.11 blog.example "$bad" $'/\e]0;\n'
is "$(field site)" "blog.example" "a name that would move the cursor"
is "$(ctl events | LC_ALL=C tr -d '\n' | LC_ALL=C grep -c '[[:cntrl:]]')" 0 "is printed without its controls"

# ---- cron and CGI ----

if command -v cron >/dev/null; then
        mount -t tmpfs -o mode=755 tmpfs /var/spool/cron
        mount -t tmpfs tmpfs /etc/cron.d
        : >"$WORK/crontab"
        mount --bind "$WORK/crontab" /etc/crontab
        mkdir -m 1730 /var/spool/cron/crontabs
        chgrp crontab /var/spool/cron/crontabs
        # again and again: on a slow machine the first look may come too late
        job='for i in {1..60}; do (exec 3<>/dev/tcp/9.9.9.12/25); sleep 1; done # newsletter'
        printf 'SHELL=/bin/bash\n@reboot %s\n' "$job" >"$WORK/table"
        chmod 644 "$WORK/table"
        crontab -u nobody "$WORK/table"
        net_in host cron -f 2>"$WORK/cron.log" &
        eventually 20 event 9.9.9.12
        is "$(field job) $(field user)" "$job nobody" "cron: the line of the job"
        like "$(ctl events)" "9.9.9.12:25 .*  job: for i in" "in the listing"
        process_end "$(cat /run/crond.pid)" TERM
else
        skip "cron" "it is not installed"
fi

printf '#!/bin/bash\nexec 3<>/dev/tcp/9.9.9.13/25\n' >"$WORK/form.cgi"
chmod 755 "$WORK/form.cgi"
for try in {1..10}; do
        net_in host env -i GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=POST REQUEST_URI=/form.cgi \
                SCRIPT_FILENAME="$WORK/form.cgi" SERVER_NAME=example.org \
                setpriv --reuid 33 --regid 33 --clear-groups "$WORK/form.cgi" 2>"$WORK/cgi.log"
        eventually 3 dialled "$try" 9.9.9.13
        ! event 9.9.9.13 || break
done
is "$(field site) $(field script) $(field request)" "example.org $WORK/form.cgi POST /form.cgi" "CGI: site, script and request"

process_end "$(cat "$WORK/fpm.pid")" QUIT
p25d_stop TERM
process_end $helper KILL
done_testing
