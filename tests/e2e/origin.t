#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The origin of a process, by p25d-reader with its two capabilities: a real cron, a real at, and a
# program that a web server started by CGI as another user.
. "$(dirname "$0")/../lib/e2e.sh"

[ -n "$many_uids" ] || { skip "jobs of users" "there is one user only"; done_testing; exit; }
chmod 755 /run
systemd-socket-activate --seqpacket -l /run/p25d-reader.socket -- \
        setpriv --reuid 12346 --regid 12346 --clear-groups --no-new-privs \
        --inh-caps=-all,+dac_read_search,+sys_ptrace --ambient-caps=-all,+dac_read_search,+sys_ptrace \
        --bounding-set=-all,+dac_read_search,+sys_ptrace "$PWD/${BUILD:-build}/p25d-reader" \
        2>"$WORK/reader.log" &
reader=$!
eventually 5 [ -S /run/p25d-reader.socket ]
ask()
{
        out=$(/usr/bin/python3 tests/lib/site_ask.py origin "$1" "$2" 2>&1)
}
field() # N
{
        sed -n "$1p" <<<"$out"
}
runs() # COMMAND-LINE
{
        pid=$(pgrep -o -x -f "$1")
}

# ---- cron and at, with tables of the test's own ----

if command -v cron >/dev/null && command -v atd >/dev/null; then
        mount -t tmpfs -o mode=755 tmpfs /var/spool/cron
        mount -t tmpfs tmpfs /etc/cron.d
        : >"$WORK/crontab"
        mount --bind "$WORK/crontab" /etc/crontab
        mkdir -m 1730 /var/spool/cron/crontabs
        mkdir -m 1770 /var/spool/cron/atjobs /var/spool/cron/atspool
        printf 0 >/var/spool/cron/atjobs/.SEQ
        chmod 600 /var/spool/cron/atjobs/.SEQ
        chown -R daemon:daemon /var/spool/cron/atjobs /var/spool/cron/atspool
        chgrp crontab /var/spool/cron/crontabs
        # what runs when cron starts, once in a boot
        printf '@reboot %s\n' 'sleep 3001; true # newsletter' 'sleep 3002' >"$WORK/table"
        chmod 644 "$WORK/table"
        crontab -u nobody "$WORK/table"
        cron -f 2>"$WORK/cron.log" &
        cron=$!
        eventually 20 runs 'sleep 3001'
        ask "$pid" 65534
        is "$(field 1) $(field 2)" "known sleep 3001; true # newsletter" "cron: the line of the job"
        eventually 20 runs 'sleep 3002'
        ask "$pid" 65534
        is "$(field 2)" "sleep 3002" "and a short one"
        ask "$cron" 0
        is "$(field 2)" "" "cron itself is not a job"
        process_end $cron TERM

        atd -f 2>"$WORK/atd.log" &
        atd=$!
        eventually 10 [ -s /run/atd.pid ]
        echo 'sleep 3003' | at now 2>"$WORK/at.log"
        eventually 20 runs 'sleep 3003'
        ask "$pid" 0
        is "$(field 1) $(field 2)" "known at job 1" "at: the number of the job"
        process_end $atd TERM
else
        skip "cron and at" "they are not installed"
fi

# ---- CGI ----

cat >"$WORK/form.cgi" <<'CGI'
#!/bin/sh
sleep 3004 &
wait
CGI
chmod 755 "$WORK/form.cgi"
# as suexec does it: the web server's environment, as the site's user
env -i GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=POST REQUEST_URI=$'/form.cgi?to=\e[2J\n\xff' \
        SCRIPT_FILENAME="$WORK/form.cgi" SERVER_NAME=example.org \
        setpriv --reuid 33 --regid 33 --clear-groups "$WORK/form.cgi" &
eventually 10 runs 'sleep 3004'
ask "$pid" 33
is "$(field 3)" "example.org" "CGI: the site"
is "$(field 4)" "$WORK/form.cgi" "the script"
is "$(field 5)" "POST /form.cgi?to=?[2J??" "the request, without control characters"
ask "$pid" 34
is "$(field 3)$(field 4)$(field 5)" "" "the environment of another user does not count"
ask $$ 0
is "$(field 1)$(field 2)$(field 3)" "known" "a process that nothing is known of"
ask 4000000 0
is "$(field 1)$(field 2)$(field 3)" "known" "and one that is gone"

process_end $reader TERM
done_testing
