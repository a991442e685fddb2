#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian 12 as debootstrap leaves it, with make and git: packaging/dependencies installs all that
# each purpose needs. Nothing is optimized: what is asked is whether it builds.
# runs alone: it builds with all processors
. "$(dirname "$0")/../lib/fresh.sh"

fresh_begin bookworm

purpose build
step "make -j$(nproc) OPT=-O0 WERROR=-Werror"
step "build/p25ctl help"

purpose deb
# the package's tests are those of make check: here only whether what they need is there
step "make deb DEB_BUILD_OPTIONS='noopt nocheck parallel=$(nproc)'"
tests="build/tests/golden/words build/tests/bus/direct"
step "make -j$(nproc) OPT=-O0 $tests && tests/run $tests"
step "apt-get -qq -y --no-install-recommends install ./build/p25_*.deb && p25ctl help"

purpose demo
step "make -j$(nproc) OPT=-O0 demo"

purpose bench
step "make -j$(nproc) OPT=-O0 all build/tests/lib/probe"
step "command -v nft ufw jq ip dbus-daemon"

purpose check
step "make -j$(nproc) OPT=-O0 WERROR=-Werror test-programs fuzz-programs"
step "command -v clang-format mandoc shellcheck"
done_testing
