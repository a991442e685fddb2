/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "cli/survey/fleet.h"

#include "daemon/host/host.h"
#include "rules/base/buffer.h"
#include "rules/base/json.h"
#include "rules/base/text.h"
#include "rules/policy/expiry.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#define STATUS "/run/p25-fleet/status.json"
#define STATUS_MAX (1u << 20)

/* "2m", of the time between two */
static const char *span(uint64_t from, uint64_t to, char buffer[static EXPIRY_TEXT_MAX])
{
        return duration_format(to > from ? (to - from) / USEC_PER_SEC : 0, buffer);
}

static void describe_documents(const Json *d, uint64_t now, Buffer *b)
{
        uint64_t until = json_get_time(d, "valid_until");
        const char *problem = json_get_string(d, "problem");
        int64_t serial = json_get_integer(d, "serial");
        char text[EXPIRY_TEXT_MAX];

        if (serial <= 0)
                buffer_add_string(b, " no serial yet");
        else {
                buffer_printf(b, " serial %" PRId64 ", made %s ago", serial,
                        span(json_get_time(d, "made"), now, text));
                if (until < now)
                        buffer_printf(b, ", EXPIRED %s ago", span(until, now, text));
                else
                        buffer_printf(b, ", valid for %s", span(now, until, text));
        }
        if (json_get_time(d, "checked") > 0)
                buffer_printf(b, ", checked %s ago", span(json_get_time(d, "checked"), now, text));
        if (problem)
                buffer_printf(b, ", PROBLEM: %s", problem);
}

static void describe_brokers(const Json *list, const char *before, Buffer *b)
{
        size_t n = json_array_length(list), connected = 0;

        for (size_t i = 0; i < n; i++)
                connected += json_get_bool(json_array_item(list, i), "connected");
        if (n > 0)
                buffer_printf(b, "%s %zu of %zu broker%s", before, connected, n, n == 1 ? "" : "s");
}

/* The daemon says with each status by when the next one comes, and in its last that none does. */
static void describe(const Json *status, uint64_t now, Buffer *b)
{
        const Json *d = json_get(status, "documents");
        bool has_documents = !json_is_null_or_missing(d);
        char text[EXPIRY_TEXT_MAX];

        buffer_add_string(b, "Fleet:");
        if (json_get_time(status, "next_by") < now)
                buffer_printf(b, " p25-fleet is NOT RUNNING, its last status is of %s ago:",
                        span(json_get_time(status, "written"), now, text));
        if (has_documents)
                describe_documents(d, now, b);
        describe_brokers(json_get(status, "brokers"), has_documents ? "," : "", b);
        if (!b->failed)
                text_make_printable(b->data);
        buffer_add_char(b, '\n');
}

int fleet_describe(const char *root, char **ret)
{
        _cleanup_free_ char *path = NULL, *text = NULL;
        _cleanup_(json_free_p) Json *status = NULL;
        _cleanup_buffer_ Buffer b = { 0 };
        struct timespec now;
        size_t n;
        int r;

        *ret = NULL;
        if (asprintf(&path, "%s" STATUS, root ?: "") < 0) {
                path = NULL;
                return -ENOMEM;
        }
        r = host_read_file(path, STATUS_MAX, NULL, &text, &n);
        if (r == -ENOENT)
                return 0;
        if (r >= 0)
                r = json_parse(text, &status);
        if (r < 0)
                return r;
        clock_gettime(CLOCK_REALTIME, &now);
        describe(status, (uint64_t)now.tv_sec * USEC_PER_SEC, &b);
        return buffer_take(&b, ret);
}
