#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian 13: builds, passes the unit tests, and makes a package, which is left with a root that boots
# where tests/boot looks for them (make fresh).
# runs alone: it builds with all processors
. "$(dirname "$0")/../lib/fresh.sh"

fresh_begin trixie

purpose build
step "make -j$(nproc) WERROR=-Werror"
step "build/p25ctl help"

purpose deb
step "make -j$(nproc) WERROR=-Werror test-programs"
step "make unit"
step "make deb DEB_BUILD_OPTIONS='nocheck parallel=$(nproc)'"
package=${BUILD:-build}/trixie/boot/package
rm -rf "$package" && mkdir -p "$package" && cp "$ROOT"/root/p25/build/p25_*.deb "$package"
ok $? "the package"
done_testing
