# SPDX-License-Identifier: GPL-2.0-or-later
# One makefile, explicit lists a room. `make help` names the targets.

CC ?= gcc
BUILD ?= build
PKG_CONFIG ?= pkg-config

STD = -std=gnu17 -D_GNU_SOURCE -I.
WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
       -Wpointer-arith -Wwrite-strings -Wvla -Wformat=2 -Wundef -Wredundant-decls \
       -Wimplicit-fallthrough
WERROR ?=
SANITIZE ?=
OPT ?= -O2 -g
HARDEN = -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
ifneq ($(SANITIZE),)
HARDEN = -fPIE
SANFLAGS = -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
ALL_CFLAGS = $(STD) $(WARN) $(WERROR) $(OPT) $(HARDEN) $(SANFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now $(SANFLAGS) $(LDFLAGS)

LIBS_RULES = -lconfig -lnftnl -lmnl -ljansson
LIBS_DAEMON = $(LIBS_RULES) -lsystemd
LIBS_CLI = $(LIBS_RULES) -lsystemd

RULES = \
	util \
	addresslist \

DAEMON = \

# of the daemon's room, what p25ctl links too: reading files, users and cgroups of the host
HOST = \

CLI = \

UNIT = \

PROGRAMS =

all: $(PROGRAMS)

RULES_O = $(RULES:%=$(BUILD)/rules/%.o)
DAEMON_O = $(DAEMON:%=$(BUILD)/daemon/%.o)
HOST_O = $(HOST:%=$(BUILD)/daemon/%.o)
CLI_O = $(CLI:%=$(BUILD)/cli/%.o)
LIBRULES = $(BUILD)/librules.a

$(LIBRULES): $(RULES_O)
	rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/p25d: $(DAEMON_O) $(HOST_O) $(LIBRULES)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_DAEMON)

$(BUILD)/p25ctl: $(CLI_O) $(HOST_O) $(LIBRULES)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS_CLI)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# unit tests: one cmocka program a file; they link the daemon's modules too, without its main
$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(filter-out %/main.o,$(DAEMON_O)) $(HOST_O) $(LIBRULES)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcmocka $(LIBS_DAEMON)

UNIT_PROGRAMS = $(UNIT:%=$(BUILD)/tests/unit/%)

unit: $(UNIT_PROGRAMS)
	@set -e; for t in $(UNIT_PROGRAMS); do echo "# $$t"; $$t; done

clean:
	rm -rf $(BUILD)

.PHONY: all unit clean
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
