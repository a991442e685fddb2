# SPDX-License-Identifier: GPL-2.0-or-later
# The targets that measure; a part of the Makefile.

## bench-sets: large sets in user space, milliseconds
bench-sets: $(BUILD)/tests/bench/prefixset
	@$<

## bench-backend: tables and sets brought into the kernel, milliseconds
bench-backend: $(BUILD)/tests/bench/backend_nft
	@$<

## bench-entry: small changes beside a million entries, IPv4, IPv6 and such that end; a reload of them
bench-entry: all $(BUILD)/tests/lib/probe
	@BUILD=$(BUILD) tests/bench/entry

## bench-feed: bans a second that p25d takes, and what one costs
bench-feed: all $(BUILD)/tests/lib/probe
	@BUILD=$(BUILD) tests/bench/feed

## bench-refused: what refused connections cost p25d, and whether the events have all of them
bench-refused: all $(BUILD)/tests/lib/probe
	@echo nftables; BUILD=$(BUILD) tests/bench/refused
ifneq ($(WITH_IPTABLES),0)
	@echo iptables; P25_BACKEND=iptables BUILD=$(BUILD) tests/bench/refused
endif

## bench-bus: how long root waits while others flood the bus, and how much of it is p25d's
bench-bus: $(BUILD)/tests/bench/bus
	@$<

## bench-clients: a hundred clients of the bus, one that floods, one that never reads, and bans meanwhile
bench-clients: all $(BUILD)/tests/lib/probe $(BUILD)/tests/bench/clients
	@BUILD=$(BUILD) tests/bench/many-clients

## bench-fleet-live: a ban and a document until they hold on all hosts, storms; FLEET_MANY hosts, FLEET_REAL with packets
bench-fleet-live: all $(BUILD)/tests/lib/probe $(BUILD)/tests/lib/wrong_clock.so
	@BUILD=$(BUILD) tests/bench/fleet-live $(FLEET_MANY) $(FLEET_REAL)

## bench-packets: what a new connection takes, beside nft by hand, ufw and firewalld
bench-packets: all $(BUILD)/tests/lib/probe $(BUILD)/tests/bench/connects
	@BUILD=$(BUILD) tests/bench/packets

## bench-rules: every command beside MANY rules, under both backends
MANY ?= 10000
bench-rules: all $(BUILD)/tests/lib/probe
	@BUILD=$(BUILD) tests/bench/rules $(MANY)
	@P25_BACKEND=iptables BUILD=$(BUILD) tests/bench/rules $(MANY)

## bench: whole processes beside nft and ufw; ratios
bench:
	@packaging/dependencies bench
	@$(MAKE) -s all $(BUILD)/tests/lib/probe
	@BUILD=$(BUILD) tests/bench/run

## bench-page: the figures of p25-performance(7), measured again (with bench-rules, MANY rules)
bench-page:
	@packaging/dependencies bench
	@$(MAKE) -s all $(BUILD)/tests/lib/probe $(BUILD)/tests/bench/connects $(BUILD)/tests/bench/clients
	@BUILD=$(BUILD) tests/bench/page 15 $(MANY)

.PHONY: bench bench-backend bench-bus bench-clients bench-entry bench-feed bench-fleet-live bench-packets bench-page bench-refused \
	bench-rules bench-sets
