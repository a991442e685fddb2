#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/check and tests/run can fail: a small tree with the real Makefile passes, and then breaks in
# one way at a time.

cd "$(dirname "$0")/../.." || exit 1
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
# shellcheck source=tests/lib/tap.sh
. tests/lib/tap.sh
unset RESULTS JOBS LIMIT TIME MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES BUILD
export TIME=1

file() # NAME: from standard input, below tree/
{
        mkdir -p "$(dirname "$WORK/tree/$1")"
        cat >"$WORK/tree/$1"
}

main() # NAME [STATEMENTS]: a program that prints a plan and one result
{
        local statements=${2-'puts("1..1"); puts("ok 1 - it");'}
        file "$1" <<-C
		#include <signal.h>
		#include <stdio.h>
		#include <unistd.h>
		int main(void) { $statements return 0; }
	C
}

script() # NAME COMMANDS
{
        file "$1" <<<"#!/bin/sh
$2"
        chmod +x "$WORK/tree/$1"
}

good='echo "ok 1 - it"; echo 1..1'
tree_make()
{
        local tool
        mkdir -p "$WORK/tree/tests/lib"
        cp Makefile "$WORK/tree"
        cp --parents tests/run tests/check tests/fuzz/run tests/lib/sandbox tests/differential/run tests/bench/targets.mk \
                "$WORK/tree"
        main daemon/main.c ''
        main cli/main.c ''
        for tool in daemon/privileged/main daemon/privileged/knocker daemon/pool/main daemon/fleet/main; do
                main "$tool.c" ''
        done
        echo 'int log_level;' | file daemon/log.c
        echo 'int caller;' | file daemon/auth/caller.c
        for tool in owners opener knock_order segment; do
                echo "int $tool;" | file "daemon/connections/$tool.c"
        done
        echo 'int io;' | file daemon/io/socket.c
        echo 'int netlink;' | file daemon/netlink/netlink.c
        echo 'int rule;' | file rules/base/rule.c
        for tool in tests/*/*.c; do
                if [ -e "${tool%.c}.h" ]; then
                        file "${tool%.c}.h" </dev/null
                        echo "int ${tool//[^a-z]/_};" | file "$tool"
                elif [[ $tool == tests/lib/* ]]; then
                        main "$tool" ''
                fi
        done
        main tests/differential/differential.c
        main tests/unit/rules/first.c
        main tests/unit/rules/second.c
        main tests/golden/nft.c
        main tests/bus/life.c
        main tests/kernel/traffic.c
        script tests/e2e/world.t "$good"
        file tests/fuzz/words.c <<-'C'
		#include <stddef.h>
		#include <stdint.h>
		int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
		int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) { return n > 0 && data[0] > 255; }
	C
        script packaging/dependencies ''
}

# Runs stages in a copy of the tree; what was built stays, as it does for a developer.
check() # STAGE...
{
        out=$(cd "$WORK/tree" && tests/check "$@" 2>&1)
        rc=$?
}

# NAME PATTERN STAGE...: the stages fail, and the output says why; then the tree is as before
red()
{
        local name=$1 pattern=$2 failed=$tap_failed
        shift 2
        check "$@"
        [ $rc = 1 ] && [[ ${out##*$'\n'} =~ ', '[1-9][0-9]*' failed' ]]
        ok $? "$name: the check fails"
        like "$out" "FAIL stage [a-z0-9]+ .*$pattern" "$name: it says why"
        [ $tap_failed = "$failed" ] || diag "$out"
        rm -rf "$WORK/tree"
        cp -a "$WORK/healthy" "$WORK/tree"
}

tree_make
check packages unit fuzz kernel e2e differential
is "$rc" 0 "a healthy tree passes"
like "${out##*$'\n'}" "^15 passed, 0 failed$" "9 parts and 6 stages are counted"
like "$out" "the ten slowest, in seconds:.*tests/fuzz/words" "and the slowest are named"
[ "$rc" = 0 ] || diag "$out"
cp -a "$WORK/tree" "$WORK/healthy"

# ---- programs ----

main tests/unit/rules/second.c 'this is not C;'
red "a program that does not compile" "exit status 2.*did not run: .*tests/unit/rules/second" unit
main tests/unit/rules/second.c 'puts("ok 1 - it");'
red "no plan" "not all that ran has passed" unit
main tests/unit/rules/second.c 'puts("1..2"); puts("ok 1 - it");'
red "fewer results than planned" "not all that ran has passed" unit
main tests/unit/rules/second.c 'puts("1..1"); puts("ok 1 - it"); puts("ok 2 - it");'
red "more results than planned" "not all that ran has passed" unit
main tests/unit/rules/second.c 'puts("1..1"); puts("not ok 1 - it");'
red "a failure" "not all that ran has passed" unit
main tests/unit/rules/second.c 'puts("1..1"); puts("ok 1 - it"); return 3;'
red "an exit status" "not all that ran has passed" unit
main tests/unit/rules/second.c 'puts("1..1"); puts("ok 1 - it"); fflush(stdout); raise(SIGKILL);'
red "a program that is killed" "not all that ran has passed" unit
main tests/unit/rules/second.c 'puts("1..1"); puts("ok 1 - it"); fflush(stdout); pause();'
LIMIT=1 red "a program that hangs" "not all that ran has passed" unit
script tests/e2e/world.t 'echo "ok 1 # SKIP it: there is no mail here"; echo 1..1'
red "all is skipped" "nothing has passed" e2e
script tests/e2e/world.t 'echo "Bail out! no"; echo 1..0'
red "bail out" "not all that ran has passed" e2e
script tests/e2e/world.t "$good; exec /nowhere"
red "a script that dies" "not all that ran has passed" e2e
chmod -x "$WORK/tree/tests/e2e/world.t"
red "a script that cannot be executed" "not all that ran has passed" e2e

# ---- stages ----

main daemon/main.c 'this is not C;'
red "make fails before the tests" "exit status 2.*nothing has passed.*did not run: tests/e2e/world" e2e
sed -i '/^unit:/,/^$/s/^$/\t@exit 1\n/' "$WORK/tree/Makefile"
red "make fails after them" "exit status 2" unit
rm "$WORK/tree/tests/kernel/traffic.c"
red "no programs" "nothing has passed" kernel
sed -i 's/^UNIT = .*/UNIT = tests\/unit\/rules\/first/; s/^UNIT = tests./UNIT = /' "$WORK/tree/Makefile"
red "the Makefile knows fewer than the tree has" "did not run: tests/unit/rules/second" unit
main tests/fuzz/words.c 'this is not a target;'
red "a fuzz target that does not compile" "exit status 2.*did not run: tests/fuzz/words" fuzz
echo 'int nothing;' | file tests/fuzz/report.c
red "a fuzz target without its function" "did not run: tests/fuzz/report" fuzz
sed -i 's/^FUZZ = .*/FUZZ =/' "$WORK/tree/Makefile"
red "no fuzz target" "nothing has passed; did not run: tests/fuzz/words" fuzz
sed -i 's/return n > 0.*/if (n < 100000) __builtin_trap(); return data[0] > 255; }/' \
        "$WORK/tree/tests/fuzz/words.c"
red "a fuzz target that finds something" "not all that ran has passed" fuzz
main tests/differential/differential.c 'puts("1..1"); puts("not ok 1 - it");'
red "the evaluator differs" "not all that ran has passed" differential
script packaging/dependencies 'exit 1'
red "a package is missing" "not all that ran has passed" packages
red "a stage that does not exist" "no such stage" unit units
check
all=$(grep -cE '^([A-Z0-9_]+=[a-z]+ )?(root_)?stage [a-z]' tests/check)
is "$(grep -cE '^(ok|FAIL|skip) +stage ' <<<"$out")" "$all" "without names every stage runs"
unlike "$out" "stage [a-z]+ .*did not run$" "and none is left out"
rm -rf "$WORK/tree" && cp -a "$WORK/healthy" "$WORK/tree"
script tests/lint 'echo "not ok 1 - it"; echo 1..1; exit 1'
red "lint" "not all that ran has passed" lint
main tests/golden/nft.c 'this is not C;'
red "one build of several" "not all that ran has passed" build

# ---- tests/run alone ----

tree_run()
{
        out=$(cd "$WORK/tree" && tests/run "$@" 2>&1)
        rc=$?
}

tree_run
is "$rc ${out##*$'\n'}" "1 0 passed, 1 failed" "a run of no programs fails"
for name in a b c d e f; do
        script "tests/e2e/$name.t" "sleep 0.\$(($(printf %d "'$name") * 7 % 9)); $good"
done
JOBS=6 tree_run tests/e2e/{a,b,c,d,e,f}.t
is "$(grep -o 'tests/e2e/.' <<<"$out" | tr -d '\n' | sed 's/tests.e2e.//g')" abcdef \
        "programs that run together are printed in their order"
is "${out##*$'\n'}" "6 passed, 0 failed" "and all are counted"

# holds a lock while it runs, and fails where somebody else does too
holder='mkdir ../lock && sleep 0.2 && rmdir ../lock && '$good
script tests/e2e/a.t "# runs alone: it holds a lock
$holder"
script tests/e2e/c.t "$holder"
script tests/e2e/e.t "# runs alone: it holds a lock
$holder"
JOBS=6 tree_run tests/e2e/{a,c,e}.t
is "$rc ${out##*$'\n'}" "0 3 passed, 0 failed" "a test that runs alone has nothing beside it"
done_testing
