/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The prefix of a packet in the log, "p25 DIRECTION ACTION RULE", and its additions.
 */

/* Before the action of a log that only reports it: "p25 out audit-reject default". */
#define LOG_AUDIT "audit-"
/* At its end: the rule counts the connection as well, with all that is known of it; or the number
 * of them only, which completes the log where it is full. */
#define LOG_COUNTED " counted"
#define LOG_NUMBERED " numbered"
/* Behind that: it is counted, and is not an event. */
#define LOG_QUIET " quiet"
/* The whole prefix of a packet that reports no decision, only that there are some to be read. */
#define LOG_WAKE "p25 wake"
