# SPDX-License-Identifier: GPL-2.0-or-later
# The only makefile, but for what measures. A room is a folder; all its sources are built. `make help`
# names the targets.

CC ?= gcc
BUILD ?= build
PKG_CONFIG ?= pkg-config
PREFIX ?= /usr

STD = -std=gnu17 -D_GNU_SOURCE -I.
WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
       -Wpointer-arith -Wwrite-strings -Wvla -Wformat=2 -Wundef -Wredundant-decls \
       -Wimplicit-fallthrough
WERROR ?=
SANITIZE ?=
OPT ?= -O2 -g
# what _FORTIFY_SOURCE checks, the optimizer finds
FORTIFY = $(if $(filter -O0,$(OPT) $(CFLAGS)),,-D_FORTIFY_SOURCE=2)
HARDEN = -fstack-protector-strong $(FORTIFY) -fPIE
ifneq ($(SANITIZE),)
HARDEN = -fPIE
SANFLAGS = -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
# WITH_IPTABLES=0 leaves out the iptables backend, and with it libip4tc and libip6tc
WITH_IPTABLES ?= 1
ifneq ($(WITH_IPTABLES),0)
STD += -DWITH_IPTABLES
endif
ALL_CFLAGS = $(STD) $(WARN) $(WERROR) $(OPT) $(HARDEN) $(SANFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(SANFLAGS) $(LDFLAGS)

LIBS_RULES = -lconfig -lnftnl -lmnl -ljansson
LIBS_DAEMON = $(LIBS_RULES) -lsystemd
LIBS_CLI = $(LIBS_RULES) -lsystemd
# what p25-fleet speaks with the outside, and nothing else does
LIBS_FLEET = -lcurl -lsodium -lz -lmosquitto
# the screen of p25ctl top, and of nothing else
LIBS_TOP = $(shell $(PKG_CONFIG) --libs ncursesw)

# all sources in these folders are built
DAEMON_ROOMS = alerts api attribution auth backend bus connections events foreign host io loop manager netlink nftables reader site stats store
ifneq ($(WITH_IPTABLES),0)
DAEMON_ROOMS += iptables
LIBS_DAEMON += -lip4tc -lip6tc
endif
# the daemon's rooms that p25ctl links too: names, and the reader of the host's files
HOST_ROOMS = api host io loop reader site

RULES = $(patsubst rules/%.c,%,$(wildcard rules/*/*.c))
DAEMON = $(patsubst daemon/%.c,%,$(wildcard daemon/*.c)) $(patsubst daemon/%.c,%,$(wildcard $(patsubst %,daemon/%/*.c,$(filter-out $(HOST_ROOMS),$(DAEMON_ROOMS)))))
HOST = $(patsubst daemon/%.c,%,$(wildcard $(patsubst %,daemon/%/*.c,$(HOST_ROOMS))))
FLEET = $(patsubst daemon/%.c,%,$(wildcard daemon/fleet/*.c daemon/io/*.c daemon/loop/*.c))
CLI = $(patsubst cli/%.c,%,$(wildcard cli/*.c cli/*/*.c))

# A source in a folder of tests/ is a program, unless it has a header: then programs share it.
TEST_PARTS = $(basename $(wildcard $(patsubst %.h,%.c,$(wildcard tests/*/*.h))))
programs = $(patsubst tests/%.c,%,$(filter-out $(TEST_PARTS:=.c),$(wildcard $(1))))
# pure programs, of cmocka; with a bus of their own, or a peer at the end of a socket pair; compared
# with the files of tests/golden
UNIT = $(call programs,tests/unit/*/*.c)
BUS = $(call programs,tests/bus/*.c)
GOLDEN = $(call programs,tests/golden/*.c)
# run by tests/run in a network namespace of their own
KERNEL = $(call programs,tests/kernel/*.c)
ifeq ($(WITH_IPTABLES),0)
KERNEL := $(filter-out %_ipt,$(KERNEL))
endif
# the same, with packets of an attacker
ADVERSARY = $(call programs,tests/adversary/*.c)
# libFuzzer targets; what they found stays in tests/fuzz/corpus/NAME
FUZZ = $(patsubst tests/%.c,%,$(wildcard tests/fuzz/*.c))

PROGRAMS = $(BUILD)/p25d $(BUILD)/p25d-reader $(BUILD)/p25d-knocker $(BUILD)/p25d-site $(BUILD)/p25ctl $(BUILD)/p25-fleet

all: $(PROGRAMS)

comma = ,
# V=1 shows the commands
Q = $(if $(V),,@)

RULES_O = $(RULES:%=$(BUILD)/rules/%.o)
DAEMON_O = $(DAEMON:%=$(BUILD)/daemon/%.o)
HOST_O = $(HOST:%=$(BUILD)/daemon/%.o)
FLEET_O = $(FLEET:%=$(BUILD)/daemon/%.o)
CLI_O = $(CLI:%=$(BUILD)/cli/%.o)
LIBRULES = $(BUILD)/librules.a

$(LIBRULES): $(RULES_O)
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/p25d: $(DAEMON_O) $(HOST_O) $(LIBRULES)
	$(if $(V),,@echo "  link $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_DAEMON)

READER_O = $(patsubst %,$(BUILD)/daemon/%.o,privileged/main auth/caller connections/owners connections/opener)
$(BUILD)/p25d-reader: $(READER_O) $(HOST_O) $(LIBRULES)
	$(if $(V),,@echo "  link $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_CLI)

KNOCKER_O = $(patsubst %,$(BUILD)/daemon/%.o,privileged/knocker connections/knock_order connections/segment io/socket)
$(BUILD)/p25d-knocker: $(KNOCKER_O) $(LIBRULES)
	$(if $(V),,@echo "  link $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -lsystemd

# a program of its own, whose modules the tests link
POOL_O = $(patsubst %.c,$(BUILD)/%.o,$(wildcard daemon/pool/*.c))
$(BUILD)/p25d-site: $(POOL_O) $(HOST_O) $(LIBRULES)
	$(if $(V),,@echo "  link $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_CLI)

$(BUILD)/p25ctl: $(CLI_O) $(HOST_O) $(BUILD)/daemon/netlink/netlink.o $(LIBRULES)
	$(if $(V),,@echo "  link $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_CLI) $(LIBS_TOP)

$(BUILD)/p25-fleet: $(FLEET_O) $(LIBRULES)
	$(if $(V),,@echo "  link $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_CLI) $(LIBS_FLEET)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  $(CC) $<")
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# the only path compiled into programs; the objects that contain it are rebuilt when it changes
WITH_PREFIX = $(BUILD)/daemon/host/files.o $(BUILD)/daemon/store/copies.o
$(WITH_PREFIX): ALL_CFLAGS += -DHOST_SHIPPED='"$(PREFIX)/share/p25/policies"'
$(WITH_PREFIX): $(BUILD)/prefix
$(BUILD)/prefix: force
	@mkdir -p $(@D)
	@echo '$(PREFIX)' | cmp -s - $@ || echo '$(PREFIX)' >$@

# test programs also link the daemon's modules, without its main
TEST_LIBS = $(filter-out %/main.o,$(DAEMON_O) $(POOL_O)) $(HOST_O) $(LIBRULES)

# Shared by test programs, which link the members that they use. OWN_PARTS define names that other
# parts or libc define too, so each is linked only into the programs named below.
OWN_PARTS = tests/lib/disk tests/lib/ipt_backend tests/lib/traffic_world tests/lib/two_hosts \
	tests/unit/crash_world tests/unit/store_world
LIBTESTS = $(BUILD)/tests/libtests.a
$(LIBTESTS): $(patsubst %,$(BUILD)/%.o,$(filter-out $(OWN_PARTS),$(filter tests/lib/% tests/unit/%,$(TEST_PARTS))))
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(TEST_LIBS) $(LIBTESTS)
	$(if $(V),,@echo "  link $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIBTESTS) $(LIBRULES) -lcmocka $(LIBS_DAEMON)

part_of = $(patsubst %,$(BUILD)/tests/%,$(filter $(1),$(UNIT) $(KERNEL)))
$(call part_of,%/crash %/disk_errors): $(BUILD)/tests/unit/crash_world.o $(BUILD)/tests/lib/disk.o
$(call part_of,%/store %/store_journal): $(BUILD)/tests/unit/store_world.o
$(call part_of,kernel/connections kernel/dialled): $(BUILD)/tests/lib/two_hosts.o
$(call part_of,kernel/traffic_% kernel/cutting_%): $(BUILD)/tests/lib/traffic_world.o
$(call part_of,%/backend_ipt %/decisions_ipt %/expire_ipt %/sets_ipt %/watch_ipt): $(BUILD)/tests/lib/ipt_backend.o
$(BUS:%=$(BUILD)/tests/%): $(BUILD)/tests/bus/fixture.o $(BUILD)/tests/bus/calls.o
$(BUILD)/tests/bench/bus: $(patsubst %,$(BUILD)/tests/%.o,bench/relay bus/fixture bus/calls)
$(ADVERSARY:%=$(BUILD)/tests/%): $(BUILD)/tests/adversary/attack.o
$(BUILD)/tests/differential/differential: \
	$(patsubst %,$(BUILD)/%.o,$(filter tests/differential/%,$(TEST_PARTS)))

# whose p25d is the test
$(BUILD)/tests/unit/fleet/live_apply: ALL_LDFLAGS += $(patsubst %,-Wl$(comma)--wrap=fleet_client_%,update_set set_lockdown)
# whose allocations fail
$(patsubst %,$(BUILD)/tests/unit/%/memory,rules daemon): ALL_LDFLAGS += $(patsubst %,-Wl$(comma)--wrap=%,malloc calloc realloc reallocarray aligned_alloc large_array_shrink strdup strndup)

# these also link p25ctl's modules, without its main
WITH_CLI = $(patsubst %,$(BUILD)/tests/unit/cli/%,metrics moment top words) $(BUILD)/tests/golden/completion
$(WITH_CLI): $(filter-out %/main.o,$(CLI_O))
$(WITH_CLI): LIBS_DAEMON += $(LIBS_TOP)

# these also link p25-fleet's modules, without its main
WITH_FLEET = $(patsubst %,$(BUILD)/tests/%,$(filter unit/fleet/% fuzz/fleet%,$(UNIT) $(FUZZ)))
$(WITH_FLEET): $(filter-out %/main.o,$(FLEET_O))
$(WITH_FLEET): LIBS_DAEMON += $(LIBS_FLEET)

$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(LIBTESTS) $(TEST_LIBS)
	$(if $(V),,@echo "  link $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LIBS_DAEMON)

# sockets for the end-to-end tests, the demo and the bench; p25d as under its unit
$(BUILD)/tests/lib/probe $(BUILD)/tests/lib/unit_filter $(BUILD)/tests/lib/hung $(BUILD)/tests/bench/connects: %: %.o
	$(if $(V),,@echo "  link $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^

# peers of p25ctl on a test's bus: a hostile p25d, and a systemd
PEERS = $(BUILD)/tests/lib/hostile $(BUILD)/tests/lib/unit_state
$(PEERS): %: %.o $(BUILD)/tests/lib/peer.o
	$(if $(V),,@echo "  link $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -lsystemd

# preloaded into p25d by some end-to-end tests
$(BUILD)/tests/lib/%.so: tests/lib/%.c
	@mkdir -p $(@D)
	$(if $(V),,@echo "  $(CC) $<")
	$(Q)$(CC) $(STD) $(WARN) $(WERROR) -O2 -fPIC -shared -o $@ $<
E2E_TOOLS = $(BUILD)/tests/lib/probe $(BUILD)/tests/lib/hung $(BUILD)/tests/lib/unit_filter $(PEERS) $(BUILD)/tests/lib/old_kernel.so $(BUILD)/tests/lib/old_iptables.so $(BUILD)/tests/lib/slow_names.so $(BUILD)/tests/lib/wrong_clock.so

PURE = $(UNIT) $(BUS) $(GOLDEN)

pure-programs: $(PURE:%=$(BUILD)/tests/%)
kernel-programs: $(KERNEL:%=$(BUILD)/tests/%)
test-programs: pure-programs kernel-programs $(ADVERSARY:%=$(BUILD)/tests/%) $(E2E_TOOLS) \
	$(BUILD)/tests/differential/differential
# libFuzzer needs clang
fuzz-programs:
	@$(MAKE) --no-print-directory CC=clang BUILD=build-fuzz OPT='$(or $(filter -O0,$(OPT)),-O1 -g)' \
		SANITIZE=fuzzer-no-link,address,undefined fuzz-targets
fuzz-targets: $(FUZZ:%=$(BUILD)/tests/%)

## install, uninstall: below DESTDIR, with PREFIX (/usr); see packaging/install
## install-cockpit, install-fleet: the page for Cockpit, p25-fleet, likewise
install: all
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' BUILD='$(BUILD)' packaging/install install
uninstall:
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' BUILD='$(BUILD)' packaging/install uninstall
install-cockpit:
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' packaging/install install cockpit

install-fleet: all
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' BUILD='$(BUILD)' packaging/install install fleet

## deb: the Debian package, below BUILD (DEB_BUILD_OPTIONS=nocheck leaves out its tests)
deb:
	@packaging/dependencies deb
	@BUILD='$(BUILD)' packaging/build-deb

## rpm: the RPM package, below BUILD; needs rpmbuild
rpm:
	@BUILD='$(BUILD)' packaging/build-rpm

## unit: the tests of the pure core and of the bus; no privilege needed
unit: pure-programs
	@tests/run $(PURE:%=$(BUILD)/tests/%)

## kernel: the backends on the real kernel, in network namespaces
kernel: all kernel-programs
	@BUILD=$(BUILD) tests/run $(KERNEL:%=$(BUILD)/tests/%) $(wildcard tests/kernel/*.t)

## adversary: attacks with packets on every verdict of a policy, in network namespaces
adversary: all test-programs
	@BUILD=$(BUILD) tests/run $(ADVERSARY:%=$(BUILD)/tests/%)

## e2e: whole programs and real traffic, in namespaces (T=tests/e2e/NAME.t for some)
e2e: all $(E2E_TOOLS)
	@BUILD=$(BUILD) tests/run $(or $(T),$(wildcard tests/e2e/*.t))

## boot: the Debian package on a machine that boots; as root, and the first time with a mirror
boot: all $(BUILD)/tests/lib/probe $(BUILD)/tests/lib/old_kernel.so
	@[ "$$(id -u)" != 0 ] || tests/boot/make-root $(BUILD)/boot >/dev/null
	@BUILD=$(BUILD) LIMIT=1500 tests/run $(or $(T),$(wildcard tests/boot/*.t))

## engines: container engines and mail servers, on a machine that boots; as root, with a mirror
engines: all $(BUILD)/tests/lib/probe
	@[ "$$(id -u)" != 0 ] || tests/boot/make-root $(BUILD)/boot engines >/dev/null
	@BUILD=$(BUILD) LIMIT=1800 tests/run $(or $(T),$(wildcard tests/engines/*.t))

## fresh: from bare roots of Debian 12 and 13: dependencies, builds, packages, and 13's boots; as root,
## with a mirror, an hour (FRESH=trixie for one). `make check` has Debian 12 and its boots
FRESH ?= bookworm trixie
TRIXIE = $(BUILD)/trixie
fresh: all $(BUILD)/tests/lib/probe $(BUILD)/tests/lib/old_kernel.so
	@BUILD=$(BUILD) LIMIT=3600 tests/run $(FRESH:%=tests/fresh/%.t)
ifneq ($(filter trixie,$(FRESH)),)
	@tests/boot/make-root $(TRIXIE)/boot boot trixie >/dev/null
	@mkdir -p $(TRIXIE)/tests/lib && cp $(BUILD)/tests/lib/probe $(BUILD)/tests/lib/old_kernel.so $(TRIXIE)/tests/lib
	@cp $(BUILD)/p25-fleet $(TRIXIE)
	@P25_DEB=$$(echo $(CURDIR)/$(TRIXIE)/boot/package/p25_*.deb) BUILD=$(TRIXIE) LIMIT=1500 \
		tests/run $(filter-out tests/boot/ansible.t,$(wildcard tests/boot/*.t))
endif

## kernels: the package, and the tests that ask the kernel, on Debian 12's and 13's own kernels, which
## qemu emulates; as root, the first time with a mirror, an hour (T=tests/kernels/NAME.t for one)
kernels: all test-programs
	@packaging/dependencies kernels
	@[ "$$(id -u)" != 0 ] || tests/boot/make-root $(BUILD)/boot guest >/dev/null
	@[ "$$(id -u)" != 0 ] || for release in bookworm trixie; do \
		tests/kernels/make-kernel $(BUILD)/boot $$release >/dev/null || exit; done
	@BUILD=$(BUILD) LIMIT=12000 tests/run $(or $(T),$(wildcard tests/kernels/*.t))

## differential: evaluator against kernel, N random pairs of policy and packet from SEED
N ?= 2000
SEED ?= 1
differential: all test-programs
	@BUILD=$(BUILD) tests/differential/run $(N) $(SEED)

## golden: writes what the program prints now into the golden files; read the difference
golden: pure-programs
	@for t in $(GOLDEN:%=$(BUILD)/tests/%); do GOLDEN_UPDATE=1 $$t || exit 1; done

## fuzz: every target for TIME seconds
TIME ?= 15
fuzz: fuzz-programs
	@TIME=$(TIME) tests/run $(FUZZ:%=build-fuzz/tests/%)

## lint: which room includes which (tests/arrows), headers that compile alone, circles
lint: all
	@BUILD=$(BUILD) tests/lint

## format, format-check: clang-format over all C
SOURCES = $(shell git ls-files '*.c' '*.h')
format:
	clang-format -i $(SOURCES)
format-check:
	@clang-format --dry-run -Werror $(SOURCES)

## check: everything; installs what is missing from Debian when root (STAGE=… for some stages)
check:
	@tests/check $(STAGE)

## demo: the story of a host's port 25, with a real mail server; two minutes
demo:
	@packaging/dependencies demo
	@$(MAKE) -s all $(BUILD)/tests/lib/probe
	@BUILD=$(BUILD) tests/demo/run

include tests/bench/targets.mk

## clean: removes what was built
clean:
	rm -rf build build-*

## help: this list
help:
	@echo "make: builds $(PROGRAMS)"
	@sed -n 's/^## /make /p' Makefile tests/bench/targets.mk

.PHONY: all boot deb rpm force install install-cockpit install-fleet uninstall pure-programs kernel-programs kernels fuzz-programs fuzz-targets \
	test-programs unit kernel adversary e2e engines fresh differential golden fuzz lint format format-check check demo clean help
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' -type f 2>/dev/null)
