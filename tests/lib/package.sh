# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The Debian package of this tree, for the tests that boot it.

DEB=

# Sets $DEB. What was built for another test of the same tree is taken, and so is $P25_DEB, which was
# built for another release.
package_make()
{
        local sources build=$PWD/${BUILD:-build}/boot/package
        sources=$({ git ls-files -z --cached --others --exclude-standard -- ':!tests' 2>/dev/null ||
                find . -path './build*' -prune -o -type f -print0; } | xargs -0 cat | cksum)
        if [ -z "${P25_DEB-}" ] && [ "$(cat "$build/sources" 2>/dev/null)" != "$sources" ]; then
                rm -rf "$build"
                DEB_BUILD_OPTIONS="nocheck parallel=$(nproc)" BUILD=$build packaging/build-deb \
                        >"$WORK/deb.log" 2>&1 || return 1
                echo "$sources" >"$build/sources"
        fi
        DEB=${P25_DEB-$(echo "$build"/p25_*.deb)}
}
