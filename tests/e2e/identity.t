#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The opener of a connection: users, groups, systemd units; and mail whose sender is gone already.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen inet 25

# users of our own, only in this sandbox
cp /etc/passwd /etc/group "$WORK"
sed -i '/^Debian-exim:/d' "$WORK/passwd" "$WORK/group"
cat >>"$WORK/passwd" <<'PASSWD'
alice:x:41001:41001::/:/bin/false
bob:x:41002:41002::/:/bin/false
PASSWD
cat >>"$WORK/group" <<'GROUP'
alice:x:41001:
bob:x:41002:
senders:x:41010:
GROUP
mount --bind "$WORK/passwd" /etc/passwd
mount --bind "$WORK/group" /etc/group

p25_host <<'CONF'
default = { outgoing = "reject"; };
rules = ( { action = "allow"; direction = "out"; user = [ "alice" ]; },
          { action = "allow"; direction = "out"; group = [ "senders" ]; user = [ 41002 ]; } );
CONF
ok $? "p25d starts"

targets=(198.51.100.2 25 2001:db8:1::2 25)
if [ -n "$many_uids" ]; then
        expect "a user who may" host "open open" -u 41001 -g 41001 "${targets[@]}"
        expect "a user who may not" host "closed closed" -u 41002 -g 41002 "${targets[@]}"
        expect "user and group when both are stated" host "open open" \
                -u 41002 -g 41010 "${targets[@]}"
        expect "the group is not enough" host "closed closed" \
                -u 41003 -g 41010 "${targets[@]}"
        expect "root may not either" host "closed closed" "${targets[@]}"
        run_ctl allow out user 41003
        is "$rc" 0 "a rule for a number"
        expect "a number as user" host "open open" -u 41003 -g 41003 "${targets[@]}"
        run_ctl allow out group senders
        expect "a group" host "open open" -u 41004 -g 41010 "${targets[@]}"
        expect "and none of another group" host "closed closed" -u 41004 -g 41004 "${targets[@]}"

        # the MTA that is installed while p25 runs
        run_ctl role set outbound-mta
        run_ctl status verbose
        like "$out" "Debian-exim" "a candidate who does not exist is reported"
        expect "not there yet" host "closed closed" -u 41099 -g 41099 "${targets[@]}"
        echo 'Debian-exim:x:41099:41099::/:/bin/false' >>"$WORK/passwd"
        open_for_exim()
        {
                [ "$(connect host -u 41099 -g 41099 "${targets[@]}")" = "open open" ]
        }
        eventually 5 open_for_exim
        ok $? "a user created later may send within 5 s"
else
        skip "users and groups" "one uid only"
fi
run_ctl allow out user nosuchuser
is "$rc" 4 "an unknown user is an error"
like "$err" "^ERROR: .*nosuchuser" "that names it"
run_ctl allow out group nosuchgroup
is "$rc" 4 "an unknown group is an error"
run_ctl allow in user alice
is "$rc" 4 "users can only be used with out"

# ---- units by name ----

for kind in timer target path socket mount; do
        run_ctl allow out unit "apt-daily.$kind"
        is "$rc" 4 "a $kind cannot be the unit of a rule"
        like "$err" "a $kind unit has no processes; write the service" "and the error says what to write"
done
run_ctl allow out unit p25-e2e-none.service
is "$rc" 0 "without systemd any service may come to be"
run_ctl reset --force
run_ctl role set
mkdir -p "$ROOT"/{run/systemd/system,etc/systemd/system}
touch "$ROOT/etc/systemd/system/p25-e2e-send@.service" "$ROOT/etc/systemd/system/p25-e2e-idle.service"
run_ctl allow out unit p25-e2e-sned@1
is "$rc" 4 "with systemd an unknown unit is an error"
run_ctl allow out unit p25-e2e-idel
like "$rc $err" '^4 ERROR: there is no unit p25-e2e-idel; did you mean "p25-e2e-idle"\?' "that names what may be meant"
like "$(net_in host busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" call org.port25.Policy1 /org/port25/Policy1 \
        org.port25.Policy1.Manager AddRule 'a{sv}a{sv}' 3 action s allow direction s out unit as 1 nowhere 0 2>&1)" \
        "there is no unit nowhere" "on the bus too"
run_ctl allow out unit p25-e2e-idle
is "$rc" 0 "one that has a file"
like "$err" "unit p25-e2e-idle is not running: until it is" "only does not run"
run_ctl allow out unit p25-e2e-send@.service
is "$rc" 0 "a template itself"
like "$err" 'unit p25-e2e-send@.service is a template, which never runs itself: write p25-e2e-send@\*.service for all of its instances' \
        "is warned of, with what to write"
run_ctl delete allow out unit p25-e2e-send@.service
rm "$ROOT/etc/systemd/system/p25-e2e-idle.service"
run_ctl deny in from 192.0.2.7
is "$rc" 0 "other changes work although its file is gone"
cp "$CONF" "$WORK/identity.conf"
sed -i 's/user = \[ "alice" \]/unit = "p25-e2e-nowhere"/' "$CONF"
run_ctl reload
is "$rc" 4 "a file that names an unknown unit is refused"
like "$err" "p25.conf:[0-9]+: .*no such unit: p25-e2e-nowhere" "with its line"
cp "$WORK/identity.conf" "$CONF"
cat >"$ROOT/etc/p25/roles.d/units.conf" <<'CONF'
role = { name = "units"; vars = { senders = { type = "units"; default = [ "p25-e2e-nowhere" ]; }; };
         rules = ( { action = "allow"; direction = "out"; unit = "$senders"; } ); };
CONF
run_ctl reload
run_ctl role set units
is "$rc" 0 "a candidate of a role need not exist"
run_ctl --force reset
run_ctl reload

# a unit is a cgroup
for tree in /sys/fs/cgroup/unified /sys/fs/cgroup; do
        [ ! -e $tree/cgroup.controllers ] || break
done
unit=p25-e2e-$RANDOM$RANDOM.service
slice=p25e2e$RANDOM.slice
folder=$tree/$slice/$unit
# where a user's own service manager puts a unit of that name
theirs=$tree/$slice/user@4711.service/app.slice/$unit
cgroups_remove()
{
        rmdir "$folder/child" "$folder" "$theirs" "${theirs%/*}" "${theirs%/*/*}" "$tree/$slice" \
                "$tree/other-$unit" 2>/dev/null
}
trap 'cgroups_remove; rm -rf "$WORK"' EXIT
if mkdir "$tree/$slice" 2>/dev/null && mkdir "$folder"; then
        run_ctl reset --force
        run_ctl role set
        run_ctl allow out unit "$unit"
        is "$rc" 0 "a rule for a unit"
        expect "a process of the unit" host "open open" -c "$folder" "${targets[@]}"
        expect "a process outside" host "closed closed" "${targets[@]}"
        mkdir "$tree/other-$unit"
        expect "a process of another unit" host "closed closed" \
                -c "$tree/other-$unit" "${targets[@]}"
        mkdir "$folder/child"
        expect "a process of a child of the unit" host "open open" \
                -c "$folder/child" "${targets[@]}"
        rmdir "$folder/child"

        before=$(stat -c %i "$folder")
        rmdir "$folder"
        unit_reported()
        {
                ctl status verbose | grep -v "^25/tcp" | grep -qF "$unit"
        }
        eventually 5 unit_reported
        ok $? "a unit that does not run is reported"
        mkdir -p "$theirs"
        sleep 3 # a look would have found it by now
        expect "a user's own unit of that name" host "closed closed" -c "$theirs" "${targets[@]}"
        mkdir "$folder"
        [ "$(stat -c %i "$folder")" != "$before" ]
        ok $? "a restarted unit is another cgroup"
        open_for_unit()
        {
                [ "$(connect host -c "$folder" "${targets[@]}")" = "open open" ]
        }
        eventually 5 open_for_unit
        ok $? "a restarted unit may send again"
        expect "and others still not" host "closed closed" "${targets[@]}"

        # an alias, of which no cgroup has the name
        ln -s "/lib/systemd/system/$unit" "$ROOT/etc/systemd/system/p25-e2e-alias.service"
        run_ctl reset --force
        run_ctl allow out unit p25-e2e-alias
        is "$rc $err" "0 " "a rule for the alias of a unit that runs"
        expect "a process of the unit" host "open open" -c "$folder" "${targets[@]}"
        rmdir "$folder"
        run_ctl status
        mkdir "$folder"
        eventually 5 open_for_unit
        ok $? "and after it was started again"
        rm "$ROOT/etc/systemd/system/p25-e2e-alias.service"
        closed_for_unit()
        {
                [ "$(connect host -c "$folder" "${targets[@]}")" = "closed closed" ]
        }
        ctl reload >"$WORK/null"
        eventually 5 closed_for_unit
        ok $? "without the alias its processes are others"
        ln -s "/lib/systemd/system/$unit" "$ROOT/etc/systemd/system/p25-e2e-alias.service"
        eventually 5 open_for_unit
        ok $? "an alias that is made while the unit runs"

        # a template, whose instances have all the processes
        run_ctl reset --force
        run_ctl allow out unit 'p25-e2e-send@*.service'
        is "$rc" 0 "a rule for all instances"
        made=
        [ -d "$tree/system.slice" ] || { mkdir "$tree/system.slice" && made=1; }
        instances=$tree/system.slice/'system-p25\x2de2e\x2dsend.slice'
        mkdir -p "$instances/p25-e2e-send@-.service"
        open_for_instance()
        {
                [ "$(connect host -c "$instances/p25-e2e-send@-.service" "${targets[@]}")" = "open open" ]
        }
        run_ctl reject out
        eventually 5 open_for_instance
        ok $? "an instance may send"
        expect "and others may not" host "closed closed" "${targets[@]}"
        touch "$ROOT/etc/systemd/system/p25-e2e-send.service"
        run_ctl insert 1 allow out unit p25-e2e-send
        like "$err" "unit p25-e2e-send is not running: its instance p25-e2e-send@-.service is: write that, or p25-e2e-send@\*.service" \
                "a unit whose instance has the processes: the warning names it"
        run_ctl explain out unit p25-e2e-send@other.service
        like "$out" "allow" "explain: an instance that may come"
        rmdir "$instances/p25-e2e-send@-.service" "$instances"
        [ -z "$made" ] || rmdir "$tree/system.slice"
else
        skip "units" "no cgroup v2 to write to"
fi

# a sender that has gone: its packets have no owner any more
net_in inet "$probe" listen -d 700 -o "$WORK/slow.log" 203.0.113.7 587 2001:db8:7::7 587 \
        >"$WORK/slow.pid"
run_ctl reset --force
run_ctl default reject outgoing
who=()
if [ -n "$many_uids" ]; then who=(-u 41001 -g 41001); fi
run_ctl allow out submission user "$(if [ -n "$many_uids" ]; then echo alice; else echo root; fi)"
run_ctl reject out submission
for address in 203.0.113.7 2001:db8:7::7; do
        sent=$(net_in host "$probe" send "${who[@]}" -n 400000 $address 587)
        [ "${sent:-0}" -gt 20000 ]
        ok $? "to $address: bytes handed to the kernel ($sent), then the sender is gone"
        delivered()
        {
                grep -q " $sent closed" "$WORK/slow.log"
        }
        eventually 10 delivered
        ok $? "to $address: every byte arrives"
        : >"$WORK/slow.log"
done
done_testing
