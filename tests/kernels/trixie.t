#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel of Debian 13, 6.12: p25 from its installation on, then all tests that ask the kernel.
# runs alone: an emulated machine wants all processors
. "$(dirname "$0")/../lib/guest.sh"

guest_begin trixie
guest_tests
done_testing
