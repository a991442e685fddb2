#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The manual: it renders without a warning, it agrees with the programs, and its examples work.
. "$(dirname "$0")/../lib/e2e.sh"

pages=(packaging/man/*.[1-8])
is "${#pages[@]}" 14 "fourteen pages"

# The other manuals of this machine do not matter.
lint=$(mandoc -T lint "${pages[@]}" 2>&1 | grep -vE 'outdated mandoc.db|referenced manual not found')
is "$lint" "" "mandoc finds nothing to say"
for page in "${pages[@]}"; do
        is "$(man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null)" "" \
                "man --warnings: ${page##*/}"
done

page() # NAME: its text, a line an item
{
        mandoc -T utf8 -O width=1000 packaging/man/"$1" | col -bx | sed 's/^ *//; s/  */ /g'
}
page p25ctl.8 >"$WORK/p25ctl.8"
page p25.conf.5 >"$WORK/p25.conf.5"
page p25-roles.7 >"$WORK/p25-roles.7"
page org.port25.Policy1.5 >"$WORK/org.port25.Policy1.5"

# ---- p25ctl(8) and p25ctl help ----

"$P25CTL" help --json >"$WORK/help.json"
jq -r '.[] | [.name, .arguments // ""] | join(" ") | sub(" $"; "")' "$WORK/help.json" >"$WORK/verbs"
while read -r line; do
        # only the name when the text stands in the same line
        grep -qxF -- "$line" "$WORK/p25ctl.8" || grep -qE "^$line [A-Z]" "$WORK/p25ctl.8"
        ok $? "p25ctl(8) has: $line"
done <"$WORK/verbs"

"$P25CTL" help | sed -n '/^Options/,/^Examples/p' | sed -n 's/^  \(-[^ ]*,\)\? *\(--[a-z0-9-]*\).*/\1 \2/p' |
        sed 's/^ *//' >"$WORK/options"
while read -r line; do
        grep -qE "^$line( |\$)" "$WORK/p25ctl.8"
        ok $? "p25ctl(8) has the option $line"
done <"$WORK/options"
is "$(sed -n '/^OPTIONS/,/^COMMANDS/p' "$WORK/p25ctl.8" | grep -cE '^(-[a-zA-Z0-9], )?--')" \
        "$(wc -l <"$WORK/options")" "and no others"

# ---- p25.conf(5), p25-roles(7) and what the programs read ----

sed -nE 's/^ +\{ GROUP_[A-Z_]+, "([a-z_]+)", ([A-Z_| ]+),.*/\1 \2/p' rules/config/vocabulary.c |
        grep -v ' STATE$' | cut -d' ' -f1 | sort -u >"$WORK/settings"
at_most 30 "$(wc -l <"$WORK/settings")" "the table of settings is read"
while read -r name; do
        grep -qwF -- "$name" "$WORK/p25.conf.5" "$WORK/p25-roles.7"
        ok $? "the setting $name is documented"
done <"$WORK/settings"
for role in policies/*.conf; do
        role=${role##*/}
        grep -qE "^${role%.conf}( |\$)" "$WORK/p25-roles.7"
        ok $? "the role ${role%.conf} is documented"
done
sed -nE 's/^    ([a-z_]+) = \{$/\1/p' policies/*.conf | sort -u >"$WORK/vars"
while read -r name; do
        grep -qE "^$name( |\$)" "$WORK/p25-roles.7"
        ok $? "the variable $name is documented"
done <"$WORK/vars"

# ---- org.port25.Policy1(5) and the interface ----

awk -F'"' '
        function flush() { if (name != "") print name "(" in_ ")" (out == "" ? "" : " -> " out) }
        /<method / || /<signal / { name = $2; in_ = out = "" }
        /<arg / { type = $2
                  if (/direction="out"/) out = out (out == "" ? "" : ", ") type
                  else in_ = in_ (in_ == "" ? "" : ", ") type " " $4 }
        /<\/method>/ || /<\/signal>/ { flush(); name = "" }
        /<property / { print $2 " " $4 }' packaging/dbus/org.port25.Policy1.Manager.xml >"$WORK/members"
while read -r line; do
        grep -qxF -- "$line" "$WORK/org.port25.Policy1.5" ||
                [[ $(grep -F -- "$line" "$WORK/org.port25.Policy1.5") == "$line "* ]]
        ok $? "org.port25.Policy1(5) has: $line"
done <"$WORK/members"

# ---- cockpit-p25(7) and the texts of the page ----

sed -nE 's/^\.(It )?Sy ([A-Z][^.;,]*)( [.;,])?$/\2/p' packaging/man/cockpit-p25.7 | sed 's/ *$//; s/\\&//' |
        sort -u >"$WORK/texts"
at_most 12 "$(wc -l <"$WORK/texts")" "views and buttons are read"
while read -r text; do
        grep -qF "_(\"$text\")" packaging/cockpit/*.js
        ok $? "the page has: $text"
done <"$WORK/texts"

# ---- the examples ----

# The lines of the literal displays of a page's examples.
examples() # PAGE
{
        sed -n '/^\.Sh EXAMPLES/,$p' packaging/man/"$1" |
                sed -n '/^\.Bd -literal/,/^\.Ed/{/^\./d; s/\\e/\\/g; p}'
}

net_world
root_make
echo 'vars = { smarthosts = [ "192.0.2.25" ]; };' >"$CONF"
bus_start && p25d_start
ok $? "p25d starts"
p25ctl()
{
        local options=()
        [[ " $* " != *" compile "* && " $* " != *" check "* ]] || options=(--policies "$POLICIES")
        net_in host "$P25CTL" "${options[@]}" "${@/#\/etc\/p25/$ROOT/etc/p25}"
}
busctl()
{
        command busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" --no-pager "$@"
}
n=0
for name in p25.7 p25ctl.8 p25-roles.7 p25d.8 org.port25.Policy1.5; do
        while read -r line; do
                n=$((n + 1))
                eval "${line//\/tmp\//$WORK/}" >"$WORK/out" 2>"$WORK/err" </dev/null
                rc=$?
                [[ $rc == 0 || $line == *--detailed-exitcode* && $rc == 2 ]]
                ok $? "$name: $line"
                [[ $rc == 0 || $rc == 2 ]] || diag "$rc $(cat "$WORK/err")"
        done < <(examples $name)
done
at_most 20 $n "the pages have examples"

# p25.conf(5): each display is a file that its first line names
mkdir -p "$WORK/pages"
examples p25.conf.5 | awk -v folder="$WORK/pages/" '
        /^# \/etc\/p25\// { n = split($2, part, "/"); file = folder part[n] } { print >file }'
is "$(cd "$WORK/pages" && echo *)" "20-ban.conf newsletter.conf p25.conf" "p25.conf(5) shows three files"
for file in "$WORK"/pages/*; do
        run_ctl --strict --policies "$POLICIES" check "$file"
        is "$rc" 0 "check takes ${file##*/}"
        diag "$err"
done
run_ctl --force reset
cp "$WORK/pages/p25.conf" "$CONF"
cp "$WORK/pages/20-ban.conf" "$ROOT/etc/p25/policy.d/"
cp "$WORK/pages/newsletter.conf" "$ROOT/etc/p25/roles.d/"
run_ctl reload
is "$rc" 0 "p25d takes them together, assertions included"
diag "$err"
p25d_stop TERM
done_testing
