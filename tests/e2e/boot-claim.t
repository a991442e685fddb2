#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# enable claims a start at boot only where systemd will start p25d; status says where it will not;
# reset says when it switches filtering off.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
p25_host </dev/null
ok $? "p25d starts"

systemd_says() # STATE
{
        [ -z "${systemd-}" ] || { signal TERM "$systemd"; wait "$systemd" 2>/dev/null; }
        mkfifo "$WORK/ready.$1"
        "${BUILD:-build}/tests/lib/unit_state" "$1" >"$WORK/ready.$1" &
        systemd=$!
        read -r -t 20 line <"$WORK/ready.$1"
        is "$line" ready "systemd says $1"
}

run_ctl enable
is "$rc" 0 "enable without systemd"
unlike "$out" "system startup" "claims no start at boot"
like "$out" "see to it that p25d is started at boot" "and says so"
systemd_says enabled
run_ctl enable
is "$rc ${out%%$'\n'*}" "0 p25 is active and enabled on system startup" "p25d.service is enabled"
run_ctl status
unlike "$out" "boot" "status has nothing to say"
for state in disabled masked; do
        systemd_says $state
        run_ctl enable
        is "$rc ${out%%$'\n'*}" "0 p25 is active" "$state: no claim"
        like "$out" "systemctl enable p25d" "$state: what to do"
        run_ctl status
        like "$out" $'^Status: active\nWarning: p25d.service is disabled, so p25 does not start at boot' \
                "$state: status says so"
done
run_ctl disable
run_ctl status
like "$out" $'^Status: inactive\nWarning: p25d.service is disabled' "also while inactive"
systemd_says missing
run_ctl enable
is "$rc ${out%%$'\n'*}" "0 p25 is active" "no p25d.service: no claim"
like "$out" "systemd has no p25d.service" "and why"
run_ctl status
is "${out%%$'\n'*}" "Status: active" "p25 is active"

# ---- reset ----

sed -i '/enabled/d' "$CONF"
run_ctl reload
is "$rc" 0 "a p25.conf that does not enable p25"
run_ctl reset --force
is "$rc ${out%%$'\n'*}" "0 p25 reset to its files" "reset"
like "$out" "no longer filtered by p25: p25.conf, as it was last read, does not enable it" \
        "says that filtering is off"
is "$err" "" "the file is as it was read"
run_ctl status
is "${out%%$'\n'*}" "Status: inactive" "status reports inactive"
run_ctl enable
echo 'enabled = true;' >>"$CONF"
run_ctl --strict reset --force
is "$rc" 4 "reset --strict: a p25.conf that was edited and not read is an error"
like "$(ctl status)" "^Status: active" "and p25 stays active"
run_ctl reset --force
like "$rc $out" "^0 p25 reset.*p25.conf, as it was last read, does not enable it" \
        "reset: what was read remains, not what was edited"
like "$err" "^WARNING: $CONF has changed since it was read .*p25ctl reload" "and says so"
run_ctl reload
like "$(ctl status)" "^Status: active" "a reload reads it"
run_ctl reset --force
like "$rc $err" "^0 $" "then there is nothing to warn of"
sed -i 's/^enabled = true/enabled = false/' "$CONF"
run_ctl reload
run_ctl deny
run_ctl reset --force
unlike "$out" "no longer filtered" "not when it was off before"
signal TERM "$systemd"
done_testing
