/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The parts of `doctor`. Each adds what it finds; 0, or the exit status of a failure that has been
 * printed. Only doctor_look_at_targets() sends anything beyond this host.
 */

#include "cli/console/cli.h"
#include "cli/doctor/findings.h"

typedef struct Listeners Listeners;

/* The reports of p25d: its warnings, programs that hide clients or may not send, other firewalls.
 */
int doctor_ask(Cli *c, Findings *f);
/* Does it start at boot, are there saved rulesets that hold its table? */
void doctor_look_at_host(Cli *c, Findings *f);
/* The host to which the mail server of this host sends its mail. */
int doctor_look_at_relayhosts(Cli *c, Findings *f);
/* Programs that listen on mail ports against the policy. */
int doctor_look_at_listeners(Cli *c, const Listeners *l, Findings *f);
/* The greetings of the listeners. */
int doctor_talk_to_listeners(Cli *c, const Listeners *l, Findings *f);
/* An address, or a host name as DNS has them (RFC 1123, section 2.1). */
bool doctor_target_is_valid(const char *name);
/* Mail ports of other hosts, all at the same time; asked: p25d answers. */
int doctor_look_at_targets(Cli *c, char *const *names, size_t n, bool asked, Findings *f);
