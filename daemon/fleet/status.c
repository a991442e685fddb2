/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * `p25-fleet status`: what the daemon wrote, as lines or as it is. Ages are counted here, so that a
 * daemon that is gone looks old. Problems decide the exit status.
 */

#include "daemon/fleet/status.h"

#include "daemon/fleet/check.h"
#include "daemon/io/file.h"
#include "daemon/loop/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#define STATUS_BYTES_MAX (1u << 20)

int fleet_status_write(const FleetArguments *a, const Json *status)
{
        _cleanup_free_ char *folder = NULL, *path = NULL, *text = NULL;
        int r = json_print(status, &text);

        if (r >= 0)
                r = fleet_path(a, FLEET_RUN, &folder);
        if (r >= 0)
                r = fleet_path(a, FLEET_STATUS, &path);
        if (r < 0)
                return r;
        if (mkdir(folder, 0755) < 0 && errno != EEXIST)
                return -errno;
        return file_replace(path, text, strlen(text), 0644, FILE_SYNC_NONE);
}

int fleet_status_read(const FleetArguments *a, Json **ret)
{
        _cleanup_free_ char *path = NULL, *text = NULL;
        size_t n;
        int r = fleet_path(a, FLEET_STATUS, &path);

        if (r >= 0)
                r = file_read(path, 0, STATUS_BYTES_MAX, &text, &n);
        return r < 0 ? r : json_parse(text, ret);
}

/* ---- lines ---- */

/* "12 s", "3 min", "5 h", "9 days" */
static void print_span(uint64_t usec)
{
        static const struct {
                uint64_t sec;
                const char *unit;
        } units[] = { { 172800, "days" }, { 7200, "h" }, { 120, "min" }, { 0, "s" } };
        static const uint64_t divisors[] = { 86400, 3600, 60, 1 };
        uint64_t sec = usec / USEC_PER_SEC;
        size_t i = 0;

        while (sec < units[i].sec)
                i++;
        printf("%" PRIu64 " %s", sec / divisors[i], units[i].unit);
}

/* Of a time that this host's clock has not reached yet, none. */
static uint64_t since(uint64_t then, uint64_t now)
{
        return now > then ? now - then : 0;
}

/* "LABEL 12 s ago" */
static void print_age(const char *label, uint64_t then, uint64_t now)
{
        printf("%-11s ", label);
        if (then == 0) {
                puts("never");
                return;
        }
        print_span(since(then, now));
        puts(" ago");
}

/* The daemon says with each status by when the next one comes, and in its last that none does. */
static bool is_silent(const Json *root, uint64_t now)
{
        return json_get_time(root, "next_by") < now;
}

static bool is_expired(const Json *documents, uint64_t now)
{
        return json_get_integer(documents, "serial") > 0 &&
               json_get_time(documents, "valid_until") < now;
}

/* Does anything need attention? */
static bool is_wrong(const Json *root, uint64_t now)
{
        const Json *d = json_get(root, "documents"), *brokers = json_get(root, "brokers");

        if (is_silent(root, now) || json_get_string(d, "problem") || is_expired(d, now))
                return true;
        for (size_t i = 0; i < json_array_length(brokers); i++)
                if (!json_get_bool(json_array_item(brokers, i), "connected"))
                        return true;
        return false;
}

static void print_serial(const Json *d, uint64_t now)
{
        uint64_t until = json_get_time(d, "valid_until");
        int64_t serial = json_get_integer(d, "serial");

        if (serial == 0) {
                printf("%-12s%s\n", "Serial:", "none yet");
                return;
        }
        printf("%-12s%" PRId64 ", in force for ", "Serial:", serial);
        print_span(since(json_get_time(d, "since"), now));
        printf(", made ");
        print_span(since(json_get_time(d, "made"), now));
        puts(" ago");
        printf("%-12s%s", "Valid:", is_expired(d, now) ? "EXPIRED " : "for ");
        print_span(is_expired(d, now) ? since(until, now) : since(now, until));
        puts(is_expired(d, now) ? " ago" : "");
}

static void print_documents(const Json *d, uint64_t now)
{
        int64_t offered = json_get_integer(d, "offered");
        const char *problem = json_get_string(d, "problem");

        printf("%-12s%s\n", "Documents:", json_get_string(d, "url") ?: "");
        print_serial(d, now);
        print_age("Checked:", json_get_time(d, "checked"), now);
        if (offered > json_get_integer(d, "serial"))
                printf("%-12s%" PRId64 "\n", "Offered:", offered);
        if (problem)
                printf("%-12s%s\n", "Problem:", problem);
}

static void print_brokers(const Json *root, bool silent)
{
        const Json *list = json_get(root, "brokers");

        for (size_t i = 0; i < json_array_length(list); i++) {
                const Json *b = json_array_item(list, i);
                const char *error = json_get_string(b, "error");

                printf("%-12s%s, %s%s%s\n", "Broker:", json_get_string(b, "url") ?: "",
                        json_get_bool(b, "connected") && !silent ? "connected" : "not connected",
                        error ? ": " : "", error ?: "");
        }
        if (json_array_length(list) > 0)
                printf("%-12s%" PRId64 " of other hosts, %" PRId64 " of this host\n", "Bans:",
                        json_get_integer(root, "bans") - json_get_integer(root, "own_bans"),
                        json_get_integer(root, "own_bans"));
}

static void print_status(const Json *root, uint64_t now)
{
        const Json *documents = json_get(root, "documents");
        bool silent = is_silent(root, now);

        printf("%-12s%s\n", "Host:", json_get_string(root, "host") ?: "");
        if (silent)
                print_age("NOT RUNNING, last status:", json_get_time(root, "written"), now);
        if (!json_is_null_or_missing(documents))
                print_documents(documents, now);
        print_brokers(root, silent);
}

static int print_json(const Json *root)
{
        _cleanup_free_ char *text = NULL;
        int r = json_print(root, &text);

        if (r >= 0)
                puts(text);
        return r;
}

int fleet_verb_status(const FleetArguments *a)
{
        _cleanup_(json_free_p) Json *root = NULL;
        uint64_t now = clock_now_usec(CLOCK_REALTIME);
        int r;

        if (a->n > 0 && !streq(a->words[0], "--json")) {
                fputs("usage: p25-fleet status [--json]\n", stderr);
                return FLEET_BAD_INPUT;
        }
        r = fleet_status_read(a, &root);
        if (r < 0) {
                fprintf(stderr, "p25-fleet: %s\n",
                        r == -ENOENT ? "the daemon has not run since this machine started "
                                       "(systemctl start p25-fleet)"
                                     : strerror(-r));
                return FLEET_NOT_REACHABLE;
        }
        if (a->n > 0)
                r = print_json(root);
        else
                print_status(root, now);
        return fflush(stdout) != 0 || r < 0 || is_wrong(root, now) ? FLEET_FAILED : FLEET_DONE;
}
