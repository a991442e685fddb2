/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One command on several hosts at once (-H a,b,c): a process for each, whose answers are merged.
 * Does not depend on what the command is.
 */

#include "cli/console/cli.h"

/* In the process of a host: c->host is that host, c->hosts is empty, and standard input is empty or
 * the text that every host gets. The return value is the exit status. */
typedef int (*SeveralRun)(Cli *c, void *data);

/*
 * Runs the command for each of c->hosts, at most 32 at a time. with_input: each process reads what
 * this one's standard input has. Prints equal answers once, under the names of their hosts; one
 * that has come waits no longer than 3 s for others. With --json: a list in the order of the hosts,
 * `host`, `status` and `answer`. Returns the worst exit status: the highest of the errors, else
 * EXIT_WOULD_CHANGE if one has it, else 0.
 */
int several_run(Cli *c, SeveralRun run, void *data, bool with_input);
