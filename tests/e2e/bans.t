#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Entries of sets that end by themselves: in time, by the kernel only while p25d is dead, over a
# restart, with a new end, and beside entries that stay.
. "$(dirname "$0")/../lib/e2e.sh"

net_world
listen host 25
p25_host </dev/null
ok $? "p25d starts"

in_kernel() # how many entries have a time in the kernel
{
        if [ "$backend" = iptables ]; then
                net_in host ipset list 2>"$WORK/null" | grep -cE '^[0-9a-f].* timeout [0-9]+$'
        else
                net_in host nft list table inet p25 | grep -o ' timeout [0-9]' | wc -l
        fi
}
answers() # WANTED ADDRESS...: for each of the client's addresses
{
        local wanted=$1 address
        shift
        for address; do
                case $address in
                *:*) [ "$(outcome "$wanted" inet -t 300 -s "$address" 2001:db8:1::1 25)" = "$wanted" ] || return ;;
                *) [ "$(outcome "$wanted" inet -t 300 -s "$address" 198.51.100.1 25)" = "$wanted" ] || return ;;
                esac
        done
}
ends() # ENTRY: when, in seconds
{
        date -d "$(ctl set show bans --json | jq -r --arg e "$1" '.expires[$e]')" +%s
}

# ---- words ----

run_ctl set add bans 203.0.113.7 2001:db8:7::7 for 1h
is "$rc ${out%%$'\n'*}" "0 Set bans updated" "two entries for an hour make the set"
run_ctl deny in from @bans
is "$rc" 0 "a rule names it"
answers filtered 203.0.113.7 2001:db8:7::7
ok $? "both are shut out"
answers open 198.51.100.3
ok $? "others are not"
is "$(in_kernel)" 2 "the kernel knows when they end"
like "$(ctl set show bans)" $'^203\\.0\\.113\\.7 # (1h|59m[0-9]*s?) left\n2001:db8:7::7 # (1h|59m[0-9]*s?) left$' \
        "set show has what is left"
between $(($(ends 203.0.113.7) - $(date +%s))) 3500 3601 "--json has the end"
is "$(ctl set show bans --json | jq -c .entries)" '["203.0.113.7","2001:db8:7::7"]' "and the entries"
like "$(ctl set list)" '^bans +2 ' "set list counts them"
like "$(ctl explain in from 203.0.113.7 port 25)" '[Dd]en' "explain knows"
before=$(ends 203.0.113.7)
run_ctl set add bans 203.0.113.7 for 2h
is "$rc" 0 "once more, for longer"
between $(($(ends 203.0.113.7) - before)) 3590 3700 "is a new end"
answers filtered 203.0.113.7
ok $? "and shut out still"
run_ctl --dry-run set add bans 192.0.2.1 for 10m
like "$out" '^\+ set bans 1 entry until 20[0-9-]+T[0-9:]+Z' "--dry-run names the end"
run_ctl set add bans 192.0.2.1 for 10x
is "$rc" 4 "a bad duration is refused"
like "$err" "'for 10x': a duration is 90s, 10m, 2h or 7d, from 1s to 366d" "and named"
run_ctl set add bans 192.0.2.1 for 400d
is "$rc" 4 "400 days are too many"
run_ctl set add bans for 1h
is "$rc" 4 "an entry is needed"
for words in "for 1h 192.0.2.1" "192.0.2.1 for 1h 192.0.2.2" "for 1h"; do
        # shellcheck disable=SC2086 # words
        run_ctl set add bans $words
        like "$rc $err" "^4 ERROR: 'for' is misplaced: it follows the entries" "set add $words"
done
run_ctl set add bans 192.0.2.1 for
like "$rc $err" "^4 ERROR: 'for' needs a duration behind it" "nor without a duration"
run_ctl set remove bans 203.0.113.7 for 1h
like "$rc $err" "^4 ERROR: 'for' is misplaced: an entry that is removed takes no duration" \
        "set remove takes none"
run_ctl set add '' 192.0.2.1
is "$rc $err" "4 ERROR: the set name is empty" "an empty name"
run_ctl set add bans 0.0.0.0/0 for 1h
is "$rc" 4 "a whole family is not an entry that ends"
run_ctl set add bans 192.0.2.400 for 1h
is "$rc" 4 "an invalid address is refused as well"
is "$(ctl set show bans | wc -l)" 2 "nothing of all that was added"

# ---- beside entries that stay ----

run_ctl set add bans 198.51.100.2
run_ctl set add bans 198.51.100.2 for 1h
like "$err" "1 of these entries is in the set for good and stays there" "an entry that stays does not end"
is "$(ctl set show bans | head -n 1)" 198.51.100.2 "and has no end"
run_ctl set add bans 198.51.100.3 for 1h
run_ctl set add bans 198.51.100.3
is "$(ctl set show bans --json | jq '.expires | has("198.51.100.3")')" false "an entry that ends stays when it is added again without an end"
run_ctl set remove bans 198.51.100.3 2001:db8:7::7
is "$rc" 0 "both kinds are removed"
answers open 198.51.100.3 2001:db8:7::7
ok $? "and let in"
run_ctl set add bans 8.8.8.0/24 2001:db8:2::/64 for 1h
answers filtered 8.8.8.8 2001:db8:2::2
ok $? "a prefix ends as well"
run_ctl set add bans 2001:db8:2::2 for 1h
run_ctl set remove bans 8.8.8.8 2001:db8:2::2
is "$rc $out" "0 Set bans updated" "an address of each is removed"
is "$err" "WARNING: 8.8.8.8 is still in set bans: its entry 8.8.8.0/24 covers it
WARNING: 2001:db8:2::2 is still in set bans: its entry 2001:db8:2::/64 covers it" \
        "p25ctl warns that prefixes still hold both"
answers filtered 8.8.8.8 2001:db8:2::2
ok $? "the kernel still filters both"
run_ctl set remove bans 8.8.8.0/24 2001:db8:2::/64
is "$rc$err" 0 "the prefixes themselves are removed without a warning"
answers open 8.8.8.8 2001:db8:2::2
ok $? "and is removed"
answers filtered 203.0.113.7
ok $? "another is still shut out"

# ---- the end ----

# a time that is longer than the kernel's sets take is given to it later
if [ "$backend" = iptables ]; then
        run_ctl set add bans 192.0.2.77 for 2147490s
        has_time()
        {
                net_in host ipset list | grep -qE '^192\.0\.2\.77 timeout [1-9]'
        }
        eventually 30 has_time
        ok $? "an entry that ends in 24 days and more gets its time in the kernel"
        run_ctl set remove bans 192.0.2.77
fi

run_ctl set add bans 8.8.8.8 2001:db8:2::2 for 3s
is "$rc" 0 "for three seconds"
eventually 15 answers open 8.8.8.8 2001:db8:2::2
ok $? "they end"
run_ctl set add bans 8.8.8.8 2001:db8:2::2 for 1h
answers filtered 8.8.8.8 2001:db8:2::2
ok $? "for an hour"
run_ctl set add bans 8.8.8.8 2001:db8:2::2 for 3s
eventually 15 answers open 8.8.8.8 2001:db8:2::2
ok $? "an hour becomes three seconds"
shown() # ENTRIES
{
        [ "$(ctl set show bans --json | jq -c .entries)" = "$1" ]
}
# the kernel's clock and p25d's may differ by a moment
eventually 1 shown '["198.51.100.2","203.0.113.7"]'
ok $? "and are gone from the set"
revision=$(ctl status --json | jq .revision)
run_ctl set add bans 8.8.8.8 for 2s
run_ctl set add bans 8.8.8.8 for 1h
sleep 3
answers filtered 8.8.8.8
ok $? "a later end counts"
run_ctl set add bans 8.8.8.8 for 2s
eventually 15 answers open 8.8.8.8
ok $? "so does a sooner one"
at_most "$(($(ctl status --json | jq .revision) - revision))" 3 "an end makes no revision"
is "$(grep -ciE 'repair|damage' "$WORK/p25d.log")" 0 "the end of an entry is not taken for damage"

# ---- without p25d ----

# p25d is to die before it takes the entry out
for life in 4 40 400; do
        run_ctl set add bans 2001:db8:2::2 for "${life}s"
        end=$(ends 2001:db8:2::2)
        p25d_stop KILL
        [ "$(date +%s)" -ge "$end" ] || break
        p25d_start
done
answers filtered 203.0.113.7
ok $? "p25d is dead: the ban stands"
eventually 15 answers open 2001:db8:2::2
ok $? "and one ends all the same"
p25d_start
ok $? "p25d starts again"
is "$(ctl set show bans --json | jq -c .entries)" '["198.51.100.2","203.0.113.7"]' "the one that ended is not back"
answers filtered 203.0.113.7
ok $? "the other is there"
like "$(ctl set show bans | tail -n 1)" '^203\.0\.113\.7 # 1h[0-9]+m left$' "with the end that it had"
p25d_stop KILL
kernel_clear
p25d_start
answers filtered 203.0.113.7
ok $? "a kernel that starts again gets it as well"
is "$(in_kernel)" 1 "with its end"
answers open 8.8.8.8
ok $? "and nothing else"

# ---- load, drop ----

echo 192.0.2.0/24 | net_in host "$P25CTL" set load bans - >"$WORK/null"
is "$(ctl set show bans)" 192.0.2.0/24 "set load replaces what ends, too"
answers open 203.0.113.7
ok $? "it is let in"

# ---- feed ----

feed() # [OPTION...]: standard input
{
        out=$(net_in host "$P25CTL" "$@" set feed fed 2>"$WORK/err")
        rc=$?
        err=$(cat "$WORK/err")
}
feed <<'LINES'
# a set that is not there yet
-192.0.2.77
+203.0.113.7 for 1h
+192.0.2.400 for 1h
+2001:db8:7::7	for 1h
+8.8.8.8/24

nonsense
+198.51.100.3 for
+198.51.100.3 for 1y
-8.8.8.0/24 for 1h
-8.8.8.0/24
+198.51.100.2 for 50m
+0.0.0.0/0 for 1m
+198.51.100.3 for 50m
LINES
is "$rc $err" "4 " "a feed with bad lines"
is "$(sed -E 's/error: .*/error/' <<<"$out")" '-192.0.2.77: error
+203.0.113.7 for 1h: added
+192.0.2.400 for 1h: error
+2001:db8:7::7?for 1h: added
+8.8.8.8/24: added as 8.8.8.0/24
nonsense: error
+198.51.100.3 for: error
+198.51.100.3 for 1y: error
-8.8.8.0/24 for 1h: error
-8.8.8.0/24: removed
+198.51.100.2 for 50m: added
+0.0.0.0/0 for 1m: error
+198.51.100.3 for 50m: added' "each line has its answer, in order"
is "$(ctl set show fed --json | jq -c '[.entries, (.expires | length)]')" \
        '[["198.51.100.2","198.51.100.3","203.0.113.7","2001:db8:7::7"],4]' "and all others are done"
feed <<'LINES'
+203.0.113.9
+203.0.113.9
+203.0.113.10
+203.0.113.9
-203.0.113.10
-203.0.113.10
-192.0.2.99
+203.0.113.9 for 1h
+203.0.113.8/29
-203.0.113.9
LINES
is "$rc $out" "0 +203.0.113.9: added
+203.0.113.9: already there
+203.0.113.10: added
+203.0.113.9: already there
-203.0.113.10: removed
-203.0.113.10: not there
-192.0.2.99: not there
+203.0.113.9 for 1h: already there
+203.0.113.8/29: added
-203.0.113.9: removed" "a line that changes nothing says so"
is "$err" "WARNING: 1 of these entries is in the set for good and stays there
WARNING: 203.0.113.9 is still in set fed: its entry 203.0.113.8/29 covers it" "with p25d's warnings"
feed --json < <(printf -- '-203.0.113.8/29\n-192.0.2.99\n')
is "$rc $(jq -c '[.added, .removed, .unchanged, .bad]' <<<"$out")" "0 [0,1,1,0]" "--json counts them"
feed < <(printf '%0300d\n+192.0.2.1\0x\n+\033[31mred\n' 7)
like "$rc $out" $'^4 0{60,64}[.]{3}: error: [^\n]*\n\\+192[.]0[.]2[.]1[?]x: error: [^\n]*\n\\+[?]\\[31mred: error' \
        "an entry that no line can hold is shown printable and short"
feed --json < <(printf -- '-198.51.100.2\n-198.51.100.3')
is "$rc $(jq -c '[.added, .removed, .bad]' <<<"$out")" "0 [0,2,0]" "--json counts; the last line may have no end"
run_ctl deny in from @fed
answers filtered 203.0.113.7 2001:db8:7::7
ok $? "the feed shuts out"
# what follows where a line of 65,536 bytes is cut looks like a line of its own
{ printf '%065536d+192.0.2.77\n' 0; echo +192.0.2.78; } >"$WORK/long"
feed --json <"$WORK/long"
is "$rc $(jq -c '[.added, .bad]' <<<"$out")" "4 [1,1]" "a line that is too long is one bad line"
is "$(ctl set show fed | grep -c '^192\.0\.2\.77$')" 0 "and adds nothing"
feed --json < <(echo -192.0.2.78)
feed --confirm 1m </dev/null
is "$rc" 4 "it is not a change to be confirmed"
feed --dry-run < <(echo +192.0.2.79)
is "$rc" 4 "nor one to be tried"
is "$(ctl set show fed | grep -c '^192\.0\.2\.79$')" 0 "and adds nothing then"

# answers come line by line, while the input is open
mkfifo "$WORK/lines"
net_in host "$P25CTL" set feed fed <"$WORK/lines" >"$WORK/answers" &
feeder=$!
exec 7>"$WORK/lines"
echo "+8.8.8.8 for 1h" >&7
answered() # LINE
{
        grep -qxF -- "$1" "$WORK/answers"
}
eventually 10 answered "+8.8.8.8 for 1h: added"
ok $? "a line is answered while the input is open"
answers filtered 8.8.8.8
ok $? "and in force"
echo "-8.8.8.8" >&7
eventually 10 answered "-8.8.8.8: removed"
ok $? "the next one, too"
p25d_stop KILL
p25d_start 7>&-
echo "+8.8.8.8 for 1h" >&7
exec 7>&-
wait $feeder
is $? 0 "p25d was started again meanwhile: the feed goes on"
answers filtered 8.8.8.8
ok $? "in force"

# many
awk 'BEGIN { for (i = 0; i < 20000; i++) printf "+10.%d.%d.%d for %dh\n", i / 65536, i / 256 % 256, i % 256,
        1 + (i >= 10000) }' >"$WORK/many"
began=${EPOCHREALTIME/./}
feed --quiet <"$WORK/many"
is "$rc$out$err" 0 "20,000 lines"
diag "$(((${EPOCHREALTIME/./} - began) / 1000)) ms"
like "$(ctl set list)" $'\nfed +20003 ' "are all there"
done_testing
