#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian 12 as debootstrap leaves it, with make and git: packaging/dependencies installs all that
# each purpose needs.
# runs alone: it builds with all processors
. "$(dirname "$0")/../lib/fresh.sh"

fresh_begin bookworm

purpose build
step "make -j$(nproc) WERROR=-Werror"
step "build/p25ctl help"

purpose deb
step "make deb DEB_BUILD_OPTIONS=parallel=$(nproc)"
step "apt-get -qq -y --no-install-recommends install ./build/p25_*.deb && p25ctl help"

purpose demo
step "make -j$(nproc) demo"

purpose bench
step "make -j$(nproc) all build/tests/lib/probe"
step "command -v nft ufw jq ip dbus-daemon"

purpose check
step "make -j$(nproc) WERROR=-Werror test-programs fuzz-programs"
step "tests/lint"
done_testing
