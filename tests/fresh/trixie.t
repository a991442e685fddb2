#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian 13: builds, passes the unit tests, and makes packages, which are left where tests/boot looks
# for them (make fresh), with the libraries of p25-fleet, which the root that boots does not have.
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
step "apt-get -qq -y --no-install-recommends install ./build/p25_*.deb ./build/p25-fleet_*.deb"
step "ldd /usr/bin/p25-fleet | awk '\$3 ~ \"^/\" { print \$3 }' | tar -chf build/libraries.tar -T -"
package=${BUILD:-build}/trixie/boot/package
rm -rf "$package" && mkdir -p "$package" &&
        cp "$ROOT"/root/p25/build/{*.deb,libraries.tar} "$package"
ok $? "the packages"
done_testing
