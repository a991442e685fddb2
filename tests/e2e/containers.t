#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Events name the container and its image, by the engine's files: p25d as a user, p25d-reader, which
# opens them, and p25d-site, which reads them.
. "$(dirname "$0")/../lib/e2e.sh"

[ "$backend" = nftables ] || { skip "containers" "it needs nftables"; done_testing; exit; }
[ -n "$many_uids" ] || { skip "p25d as another user" "there is one user only"; done_testing; exit; }
for tree in /sys/fs/cgroup/unified /sys/fs/cgroup; do
        [ ! -e $tree/cgroup.controllers ] || break
done
slice=p25e2e$RANDOM.slice
id=$(printf '0123456789abcdef%.0s' {1..4})
ids=() folders=("$tree/$slice")
for n in 1 2 3 4 5; do ids[n]=$n${id:1}; done
folders+=("$tree/$slice/docker-${ids[1]}.scope" "$tree/$slice/libpod-${ids[2]}.scope"
        "$tree/$slice/docker-${ids[3]}.scope" "$tree/$slice/docker-${ids[4]}.scope"
        "$tree/$slice/evil.service" "$tree/$slice/evil.service/docker-${ids[1]}.scope")
cgroups_remove()
{
        for ((i = ${#folders[@]} - 1; i >= 0; i--)); do rmdir "${folders[i]}" 2>/dev/null; done
}
trap 'cgroups_remove; rm -rf "$WORK"' EXIT
mkdir "${folders[@]}" 2>/dev/null || { skip "containers" "cgroups cannot be made"; done_testing; exit; }

# ---- what engines keep ----

# /var/lib without what this host has
mount -t tmpfs -o mode=755 tmpfs /var/lib
mkdir -p "$WORK/disk/docker/containers/${ids[1]}" "$WORK/disk/docker/containers/${ids[3]}" \
        "$WORK/disk/docker/containers/${ids[4]}"
ln -s "$WORK/disk/docker" /var/lib/docker # on another disk, as administrators have it
printf '{"ID":"%s","Name":"/web","Config":{"Image":"nginx:1.25","Env":["SECRET=1"]}}' "${ids[1]}" \
        >"$WORK/disk/docker/containers/${ids[1]}/config.v2.json"
ln -s /etc/shadow "$WORK/disk/docker/containers/${ids[3]}/config.v2.json"
printf '{"ID":"%s","Name":"/\\u001b[2Jx\\n","Config":{"Image":"a"}}' "${ids[4]}" \
        >"$WORK/disk/docker/containers/${ids[4]}/config.v2.json"
chmod 600 "$WORK"/disk/docker/containers/*/config.v2.json
mkdir -p /var/lib/containers/storage/overlay-containers
chmod 700 /var/lib/containers/storage
printf '[{"id":"%s","names":["shop"],"metadata":"{\\"image-name\\":\\"docker.io/library/alpine:3\\"}"}]' \
        "${ids[2]}" >/var/lib/containers/storage/overlay-containers/containers.json
chmod 600 /var/lib/containers/storage/overlay-containers/containers.json

# ---- p25d without rights, and its helpers ----

net_world
root_make
echo 'enabled = true; default = { outgoing = "reject"; };' >"$CONF"
p25d_as_user
chmod 755 /run
helper_start() # NAME COMMAND...
{
        local socket=/run/$1.socket
        shift
        systemd-socket-activate --seqpacket -l "$socket" -- "$@" 2>>"$WORK/helpers.log" &
        helper=$!
        eventually 5 [ -S "$socket" ]
        chmod 666 "$socket"
}
helper_start p25d-site setpriv --reuid 12345 --regid 12345 --clear-groups --no-new-privs \
        --bounding-set=-all "$PWD/${BUILD:-build}/p25d-site"
site=$helper
helper_start p25d-reader setpriv --reuid 12346 --regid 12346 --clear-groups --no-new-privs \
        --inh-caps=-all,+dac_read_search,+sys_ptrace --ambient-caps=-all,+dac_read_search,+sys_ptrace \
        --bounding-set=-all,+dac_read_search,+sys_ptrace "$PWD/${BUILD:-build}/p25d-reader"
reader=$helper
p25d_begin
is $? 0 "p25d starts as a user"
unset DBUS_SYSTEM_BUS_ADDRESS
ln -s "$ROOT/run/p25" /run/p25

attempts() # FILTER
{
        ctl events --json -n 10000 | jq "[.[] | select($1) | .count] | add // 0"
}
seen() # N FILTER
{
        [ "$(attempts "$2")" -ge "$1" ]
}
try() # N CGROUP
{
        net_in host "$probe" burst -c "$tree/$slice/$2" -n "$1" "9.9.9.$1" 25 >/dev/null
        eventually 20 seen "$1" ".destination_address == \"9.9.9.$1\""
        ok $? "$2"
        out=$(ctl events --json -n 10000 | jq -c "[.[] | select(.destination_address == \"9.9.9.$1\")][0] | [.container, .image]")
}
try 3 "docker-${ids[1]}.scope"
is "$out" '["web","nginx:1.25"]' "Docker: name and image"
try 4 "libpod-${ids[2]}.scope"
is "$out" '["shop","docker.io/library/alpine:3"]' "Podman: name and image"
like "$(ctl events)" "\(container shop\) +9.9.9.4:25" "in the listing"
try 5 "docker-${ids[3]}.scope"
is "$out" "[\"${ids[3]:0:12}\",null]" "no link is followed: the beginning of the ID"
try 6 "docker-${ids[4]}.scope"
is "$out" '["?[2Jx?","a"]' "without control characters"
try 7 "evil.service/docker-${ids[1]}.scope"
is "$out" "[null,null]" "a cgroup that a service names itself is not a container"

# ---- and everything that counts them ----
labels() # FILTER
{
        jq -c '.containers | map([.container, .id, .image]) | sort' <<<"$out"
}
run_ctl stats --json
want="[[\"${ids[3]:0:12}\",\"${ids[3]:0:12}\",null],[\"?[2Jx?\",\"${ids[4]:0:12}\",\"a\"],"
want+="[\"shop\",\"${ids[2]:0:12}\",\"docker.io/library/alpine:3\"],[\"web\",\"${ids[1]:0:12}\",\"nginx:1.25\"]]"
is "$(labels)" "$want" "the statistics: name, ID and image"
like "$(ctl stats)" "
shop  .* 4 " "their table has the name"
run_ctl stats --openmetrics
like "$out" "
p25_container_info\{id=\"${ids[1]:0:12}\",container=\"web\",image=\"nginx:1.25\"\} 1" "the metrics"
like "$(ctl --json stats | jq -c '.containers[] | select(.id == "'"${ids[2]:0:12}"'") | .day.blocked')" 4 "statistics count containers by ID"
p25d_stop TERM
p25d_begin
ok $? "p25d starts again"
run_ctl stats --json
is "$(labels)" "$want" "the statistics have kept them"
sed -i 's/^/audit = ( "outgoing" ); /' "$CONF"
run_ctl reload
is "$rc" 0 "outgoing connections in audit"
net_in host "$probe" burst -c "$tree/$slice/docker-${ids[1]}.scope" -n 1 9.9.9.8 25 >/dev/null
audited()
{
        [ "$(ctl audit --json | jq -c '.groups | map([.container, .image])')" = '[["web","nginx:1.25"]]' ]
}
eventually 20 audited
ok $? "audit: name and image"
like "$(ctl audit)" "\(container web\) +9.9.9.8:25" "in its listing"
is "$(grep -c 'SECRET\|root:' "$WORK"/*.log "$ROOT/var/lib/p25/"* 2>/dev/null | grep -vc ':0$')" 0 \
        "nothing else of the files is kept"
p25d_stop TERM
process_end $reader TERM
process_end $site TERM
done_testing
