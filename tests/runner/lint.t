#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/lint can fail: a small tree passes, and then breaks one rule at a time.

cd "$(dirname "$0")/../.." || exit 1
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
# shellcheck source=tests/lib/tap.sh
. tests/lib/tap.sh
unset BUILD MAKEFLAGS MAKELEVEL

licence="SPDX-License-Identifier: GPL-2.0-or-later"

file() # NAME TEXT
{
        mkdir -p "$(dirname "$WORK/tree/$1")"
        echo "$2" >"$WORK/tree/$1"
}

source_file() # NAME TEXT: C, with a licence
{
        file "$1" "/* $licence */
$2"
}

script() # NAME COMMANDS
{
        file "$1" "#!/bin/bash
# $licence
$2"
}

lint()
{
        out=$(cd "$WORK/tree" && tests/lint 2>&1)
        rc=$?
}

# NAME CHECK: lint fails in this check and in no other; then the tree is as before
red()
{
        lint
        is "$rc $(grep -c '^not ok' <<<"$out") $(grep '^not ok' <<<"$out" | sed 's/.* - //')" \
                "1 1 $2" "$1"
        rm -rf "$WORK/tree"
        cp -a "$WORK/healthy" "$WORK/tree"
}

mkdir -p "$WORK/tree"
cp --parents tests/lint tests/arrows tests/circles "$WORK/tree"
git -C "$WORK/tree" init -q
echo "build*" >"$WORK/tree/.gitignore"
source_file rules/base/util.h '#pragma once
int base(void);'
source_file rules/base/base.c '#include "rules/base/util.h"
int base(void) { return 0; }'
source_file rules/address/address.h '#pragma once
#include "rules/base/util.h"'
source_file daemon/main.c '#include "rules/address/address.h"
int main(void) { return base(); }'
source_file cli/main.c '#include "rules/base/util.h"
int main(void) { return base(); }'
compile() # SOURCE...
{
        local source
        for source; do
                mkdir -p "$WORK/tree/build/${source%/*}"
                ${CC:-gcc} -I"$WORK/tree" -c -o "$WORK/tree/build/${source%.c}.o" "$WORK/tree/$source"
        done
}
compile rules/base/base.c daemon/main.c cli/main.c
script tests/e2e/world.t 'echo "1..0"'
lint
is "$rc $(grep '^not ok' <<<"$out")" "0 " "a healthy tree passes"
cp -a "$WORK/tree" "$WORK/healthy"

crowded="no header that more than a third of the sources need"
source_file rules/address/wide.h '#pragma once
#include "rules/address/narrow.h"'
source_file rules/address/narrow.h '#pragma once'
source_file rules/address/wide.c '#include "rules/address/wide.h"'
lint
is "$rc" 0 "a header that a third of the sources need or fewer"
source_file rules/address/narrow.c '#include "rules/address/narrow.h"'
red "a header that two of five sources need, one by way of another" "$crowded"
for header in rules/policy/action rules/policy/direction rules/address/family; do
        source_file $header.h '#pragma once'
        for i in 1 2; do source_file rules/policy/user$i.c "#include \"$header.h\""; done
        red "two of five sources need $header.h" "$crowded"
done
for i in 1 2; do source_file rules/address/user$i.c '#include "rules/address/address.h"'; done
red "two of five sources need addresses" "$crowded"

arrows="a room includes only what tests/arrows allows"
source_file rules/base/upward.c '#include "rules/address/address.h"'
for i in 1 2; do source_file rules/base/other$i.c 'typedef int Other;'; done # two of six need it
red "a lower room includes a higher one" "$arrows"
source_file rules/address/down.c '  #  include "daemon/host/host.h"'
red "rules/ includes daemon/" "$arrows"
source_file rules/attic/attic.c '#include "rules/base/util.h"'
red "a room that the table does not have" "$arrows"
source_file cli/console/main.c '#include "daemon/store/store.h"'
red "cli/ includes what the daemon keeps to itself" "$arrows"
source_file daemon/store/json.c '#include <jansson.h>'
red "jansson elsewhere" "jansson stays in rules/base/json.c"
source_file cli/console/screen.c '#include <ncurses.h>'
red "ncurses elsewhere" "ncurses stays in cli/top/screen.c"
source_file daemon/store/table.c '#include <libiptc/libiptc.h>'
red "libiptc elsewhere" "libiptc stays in its backend"
source_file daemon/store/table.c '#include <libnftnl/table.h>'
red "libnftnl elsewhere" "libnftnl and libmnl stay in the emitter and the backend"
source_file rules/base/file.c '#include <unistd.h>'
red "a header of files in rules/" \
        "rules/ includes no header of files, sockets, clocks, users or the bus"
source_file rules/base/clock.c 'int now(void) { return time(0); }'
red "a clock in rules/" "rules/ calls nothing of files, sockets, clocks or logs"
source_file rules/base/needs.h '#pragma once
size_t needs(void);'
red "a header that needs another" "every header compiles alone"
source_file rules/base/twice.h 'int twice(void);'
red "a header without pragma once" "every header is included once"
file rules/base/bare.c 'int bare;'
red "no licence" "every file names its licence"
source_file rules/base/mark.c "/* FIX""ME */"
red "unfinished work" "no marks of unfinished work"
source_file rules/base/tab.c '	int tab;'
red "a tab" "C: 100 columns, no tabs, no blanks at the end"
source_file rules/base/call.c 'void f(char *a, char *b) { strcpy(a, b); }'
red "a call without bounds" "C: no calls without bounds"
for parameters in 'int a, int b, int c, int d, int e, int f, int g' \
        'int a, int b, int (*c)(int, int), int d,
                int e, int f, /* one, more */ int g'; do
        source_file rules/base/wide.c "int wide($parameters)
{
        return 0;
}"
        red "a function with seven parameters" "C: no function with more than six parameters"
done
source_file rules/base/six.c 'int six(int a, int b, int c, int (*d)(int, int), int e, int f)
{
        return f(a, b, c, 1, 2, 3, 4, 5);
}
/* one, two, three, four, five, six, seven, eight */
static const char *const list[] = { "a(, , , , , , , )", f(1, 2, 3, 4, 5, 6, 7, 8) };'
lint
is "$rc" 0 "a function with six parameters"
source_file rules/base/long.c "$(seq -f 'int i%.0f;' 600)"
red "a long file" "C: no file above 600 lines, no test above 750"

source_file rules/base/left.c 'int right(void); int left(void); int left(void) { return right(); }'
source_file rules/base/right.c 'int left(void); int right(void); int right(void) { return left(); }'
compile rules/base/left.c rules/base/right.c
red "two files that need each other" "no files need each other in a circle"
source_file rules/base/one.c 'int two(void); int one(void); int one(void) { return two(); }'
source_file rules/base/two.c 'int three(void); int two(void); int two(void) { return three(); }'
source_file rules/base/three.c 'int one(void); int three(void); int three(void) { return one(); }'
compile rules/base/one.c rules/base/two.c rules/base/three.c
red "a circle of three" "no files need each other in a circle"
rm -rf "$WORK/tree/build"
red "nothing was built" "no files need each other in a circle"

signals="shell: processes are signalled by tests/lib/process.sh only"
for line in 'kill 12' 'true && kill -9 12' 'pkill sleep' 'in_machine kill -STOP 12' 'x=$(kill -0 12)'; do
        script tests/e2e/world.t "$line"
        lint
        like "$out" "not ok [0-9]+ - $signals" "a signal by hand: $line"
done
cp "$WORK/healthy/tests/e2e/world.t" "$WORK/tree/tests/e2e/world.t"
if command -v shellcheck >/dev/null; then
        script tests/e2e/world.t 'pid=$(cat pid)
echo $pid'
        red "a variable without quotes" "shell: variables are quoted"
        script tests/e2e/world.t 'echo "$pid"'
        red "a variable that nobody sets" "shellcheck finds nothing"
else
        skip "shell" "shellcheck is not installed"
fi
if command -v mandoc >/dev/null; then
        file packaging/man/p25.8 ".\\\" $licence
.Dd"
        red "a manual page" "mandoc finds nothing"
else
        skip "manual pages" "mandoc is not installed"
fi
done_testing
