#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `p25ctl edit` on a terminal: a text in an editor, checked and explained before it is in force;
# a file on disk changes only with the policy, and an edited text is never lost.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
root_make
echo 'enabled = true; rules = ( { action = "deny"; direction = "in"; } );' >"$CONF"
chmod 640 "$CONF"
bus_start && p25d_start
ok $? "p25d starts"

# ANSWERS EDITOR-COMMAND ARGUMENT...: edits on a pseudo-terminal, with an editor that runs the
# command ($1 is the draft); what the terminal shows is in $out
edit()
{
        local answers=$1
        printf '#!/bin/sh\n%s\n' "$2" >"$WORK/editor"
        chmod 755 "$WORK/editor"
        shift 2
        printf '%b' "$answers" | net_in host env VISUAL="$WORK/editor" script -qec \
                "$P25CTL --root $ROOT --policies $POLICIES $* </dev/tty" /dev/null >"$WORK/terminal" 2>&1
        rc=$?
        out=$(tr -d '\r' <"$WORK/terminal")
}
draft()
{
        sed -n 's/.*the edited text is in \(.*\)\.$/\1/p' <<<"$out"
}
revision()
{
        ctl status --json | jq .revision
}

run_ctl --root "$ROOT" edit
is "$rc" 4 "without a terminal it is refused"
like "$err" "needs a terminal" "with the reason"

edit '' true edit
is "$rc" 0 "an editor that changes nothing"
like "$out" "Nothing was changed" "is reported"

edit 'y\ny\n' 'sed -i s/deny/reject/ "$1"' edit
is "$rc" 0 "a text is edited, put in force and kept"
like "$out" "newly rejected: in 25/tcp" "after its effects were shown"
grep -q reject "$CONF"
ok $? "the file holds it"
is "$(stat -c %a "$CONF")" 640 "with its mode"
is "$(ctl status --json | jq -r '.rules[0].action + " " + (.pending | tostring)')" "reject null" \
        "the policy too, and nothing waits for confirmation"

before=$(cat "$CONF")
edit 'n\n' 'sed -i s/reject/allow/ "$1"' edit
is "$rc" 0 "an accepted text that is not put in force"
is "$(cat "$CONF")" "$before" "does not change the file"
grep -q allow "$(draft)"
ok $? "and is kept in the draft"

edit 'y\nn\n' 'sed -i s/reject/allow/ "$1"' edit
is "$rc" 0 "a change that is not kept"
is "$(cat "$CONF")" "$before" "leaves the file as it was"
is "$(ctl status --json | jq -r '.rules[0].action + " " + (.pending | tostring)')" "reject null" \
        "and the policy, with nothing pending"
[ -s "$(draft)" ]
ok $? "and the draft"

edit 'n\n' 'echo "rules = ( { action = \"drop\"; } );" >"$1"' edit
is "$rc" 4 "a text with an error"
like "$out" "ERROR: .*:1: rules\[0\]\.action" "is refused by name and line"
is "$(cat "$CONF")" "$before" "the file is as it was"

edit 'y\ny\ny\n' '[ -e "$1.again" ] && echo "enabled = true;" >"$1" || echo "bad" >"$1"; touch "$1.again"' edit
is "$rc" 0 "an error, edited again"
is "$(cat "$CONF")" "enabled = true;" "ends well"

edit '' 'exit 3' edit
is "$rc" 1 "an editor that fails"
like "$out" "the editor failed" "is reported"

edit '' 'sed -i "s/true/false/" "$1"' --dry-run edit
is "$rc" 0 "--dry-run"
is "$(cat "$CONF")" "enabled = true;" "changes nothing"

# ---- fragments ----

echo 'rules = ( { action = "deny"; direction = "in"; from = "203.0.113.9"; } );' >"$WORK/site"
run_ctl fragment put site "$WORK/site"
edit 'y\ny\n' 'sed -i s/203.0.113.9/203.0.113.10/ "$1"' edit site
is "$rc" 0 "a stored fragment"
like "$(ctl fragment show site)" "203.0.113.10" "is changed"

file=$ROOT/etc/p25/policy.d/20-ban.conf
echo 'rules = ( { action = "deny"; direction = "in"; from = "203.0.113.20"; } );' >"$file"
run_ctl reload
edit 'y\ny\n' 'sed -i s/113.20/113.21/ "$1"' edit 20-ban
is "$rc" 0 "a fragment of policy.d"
grep -q 113.21 "$file"
ok $? "its file is changed"
like "$(ctl status)" "203.0.113.21" "and the policy"
edit 'n\n' 'echo "enabled = true;" >"$1"' edit 20-ban
is "$rc" 4 "a setting that a fragment cannot have"
grep -q 113.21 "$file"
ok $? "leaves the file as it was"
edit '' true edit nosuch
is "$rc" 4 "a fragment that does not exist"

# ---- cut off: nobody answers ----

before=$(revision)
printf '#!/bin/sh\nsed -i s/113.21/113.22/ "$1"\n' >"$WORK/editor"
printf 'y\n' | net_in host env VISUAL="$WORK/editor" script -qec \
        "$P25CTL --root $ROOT --confirm 2s edit 20-ban </dev/tty" /dev/null >"$WORK/terminal" 2>&1
taken_back()
{
        [ "$(ctl status --json | jq -r .pending)" = null ] && ! ctl status | grep -q 203.0.113.22
}
eventually 20 taken_back
ok $? "without an answer the change is taken back"
[ "$(revision)" -gt "$before" ]
ok $? "as a revision"
p25d_stop TERM
done_testing
