/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns `set feed`: bans by the thousand over one connection. What has arrived on standard input is
 * one call for each run of lines that one call can say, so that a busy moment makes calls larger
 * and not more; each line has its answer before more is read. A line that is bad stops nothing.
 */

#include "cli/client/change.h"
#include "cli/client/client.h"
#include "cli/commands/commands.h"
#include "daemon/api/api.h"
#include "rules/address/address.h"
#include "rules/base/array.h"
#include "rules/base/json.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/policy/limit.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define LINE_BYTES_MAX 4096
#define CHUNK_BYTES 65536
#define CALL_LINES_MAX 5000

typedef struct FeedLine {
        char *text;   /* as it came */
        char *prefix; /* as it is sent */
        bool remove, host_bits;
        bool idle; /* the set was so before */
} FeedLine;

/* A call adds before it removes, and has one time for all that it adds: a run of lines that it can
 * say is some that add for the same time, then some that remove. */
typedef struct Feed {
        Cli *cli;
        const char *set;
        FeedLine *lines; /* of the run at hand */
        size_t n, n_remove;
        uint32_t seconds; /* for which it adds; 0: for good */
        uint64_t added, removed, unchanged, bad;
        bool cut;   /* the rest of a line that was too long is still to come */
        int status; /* of the worst that happened */
} Feed;

static void feed_forget_run(Feed *f)
{
        for (size_t i = 0; i < f->n; i++) {
                free(f->lines[i].text);
                free(f->lines[i].prefix);
        }
        f->n = f->n_remove = 0;
        f->seconds = 0;
}

static void feed_deinit(Feed *f)
{
        feed_forget_run(f);
        free(f->lines);
}

/* ---- answers ---- */

static void answer_bad(Feed *f, const char *text, int status, const char *why)
{
        char shown[TEXT_SHOWN_MAX];

        (void)text_show(text, shown);
        f->bad++;
        if (f->status == 0 || f->status == EXIT_BAD_INPUT)
                f->status = status;
        if (f->cli->quiet || f->cli->json)
                (void)cli_fail(f->cli, status, "%s: %s", shown, why);
        else
                cli_say(f->cli, "%s: error: %s", shown, why);
}

static void answer_done(Feed *f, const FeedLine *l)
{
        static const char *const words[2][2] = {
                { "added", "already there" },
                { "removed", "not there" },
        };
        const char *word = words[l->remove][l->idle];
        char shown[TEXT_SHOWN_MAX];

        *(l->idle ? &f->unchanged : l->remove ? &f->removed : &f->added) += 1;
        if (l->host_bits)
                cli_say(f->cli, "%s: %s as %s", text_show(l->text, shown), word, l->prefix);
        else
                cli_say(f->cli, "%s: %s", text_show(l->text, shown), word);
}

/* ---- calls ---- */

static int append_prefixes(sd_bus_message *m, const FeedLine *lines, size_t n, bool remove)
{
        int r = sd_bus_message_open_container(m, 'a', "s");

        for (size_t i = 0; i < n && r >= 0; i++)
                if (lines[i].remove == remove)
                        r = sd_bus_message_append_basic(m, 's', lines[i].prefix);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

/* By prefix, then in their order: a run adds before it removes. */
static int line_compare(const void *a, const void *b)
{
        const FeedLine *const *x = a, *const *y = b;
        int order = strcmp((*x)->prefix, (*y)->prefix);

        return order != 0 ? order : *x < *y ? -1 : *x > *y;
}

/* Marks the lines that made no difference. p25d names those of the whole call; of two lines that
 * say the same, the second makes none. */
static int lines_mark_idle(FeedLine *lines, size_t n, char **unchanged)
{
        _cleanup_free_ FeedLine **sorted = calloc(n, sizeof(FeedLine *));
        char **at = unchanged;

        if (!sorted)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                sorted[i] = &lines[i];
        qsort(sorted, n, sizeof(*sorted), line_compare);
        if (unchanged)
                strv_sort(unchanged);
        for (size_t i = 0; i < n; i++) {
                FeedLine *l = sorted[i], *before = i > 0 ? sorted[i - 1] : NULL;

                if (before && streq(before->prefix, l->prefix)) {
                        l->idle = before->remove == l->remove;
                        continue;
                }
                while (at && *at && strcmp(*at, l->prefix) < 0)
                        at++;
                l->idle = at && *at && streq(*at, l->prefix);
        }
        return 0;
}

/* Some lines of the run. 0, or the exit status of a failure that is not printed yet: *ret_why. */
static int lines_send(Feed *f, FeedLine *lines, size_t n, char **ret_why)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        _cleanup_change_reply_ ChangeReply change = { 0 };
        ClientOption timeout = { "timeout_seconds", f->seconds };
        int status = client_message(f->cli, "UpdateSet", &m), r;

        *ret_why = NULL;
        if (status != 0)
                return status;
        if ((r = sd_bus_message_append_basic(m, 's', f->set)) < 0 ||
                (r = append_prefixes(m, lines, n, false)) < 0 ||
                (r = append_prefixes(m, lines, n, true)) < 0)
                return client_fail_message(f->cli, r);
        status = client_append_options(f->cli, &m, &timeout);
        if (status != 0)
                return status;
        r = client_try(f->cli, m, &error, &reply);
        if (r >= 0) {
                status = client_change_read(f->cli, reply, &change);
                if (status == 0 && lines_mark_idle(lines, n, change.unchanged) < 0)
                        status = cli_fail_errno(f->cli, -ENOMEM, "set feed");
                return status;
        }
        status = error.name ? client_error_status(error.name) : EXIT_NOT_REACHABLE;
        *ret_why = strdup(status == EXIT_NOT_REACHABLE ? "p25d is not reachable"
                          : error.message              ? error.message
                                                       : strerror(-r));
        return status;
}

static int lines_run(Feed *f, FeedLine *lines, size_t n)
{
        _cleanup_free_ char *why = NULL;
        int status = lines_send(f, lines, n, &why);

        /* one of them is bad: each by itself */
        if (status == EXIT_BAD_INPUT && n > 1)
                return status;
        for (size_t i = 0; i < n; i++)
                if (status == 0)
                        answer_done(f, &lines[i]);
                else
                        answer_bad(f, lines[i].text, status, why ?: "not sent");
        return 0;
}

static void feed_run(Feed *f)
{
        if (f->n > 0 && lines_run(f, f->lines, f->n) != 0)
                for (size_t i = 0; i < f->n; i++)
                        (void)lines_run(f, &f->lines[i], 1);
        feed_forget_run(f);
}

/* ---- lines ---- */

static const char *line_parse(char *copy, FeedLine *ret, uint32_t *ret_seconds)
{
        static const char blanks[] = " \t\r";
        char *rest = NULL, shown[ADDRESS_TEXT_MAX];
        const char *word = strtok_r(copy, blanks, &rest), *by = strtok_r(NULL, blanks, &rest),
                   *time = strtok_r(NULL, blanks, &rest), *reason;
        uint64_t seconds = 0;
        Prefix prefix;

        if (!word || (word[0] != '+' && word[0] != '-'))
                return "a line is +ADDRESS [for DURATION] or -ADDRESS";
        ret->remove = word[0] == '-';
        if (by && (strcasecmp(by, "for") != 0 || !time || strtok_r(NULL, blanks, &rest)))
                return "a line is +ADDRESS [for DURATION] or -ADDRESS";
        if (by && ret->remove)
                return "an entry that is removed takes no duration";
        if (prefix_parse(word + 1, strlen(word + 1), &prefix, &ret->host_bits, &reason) < 0)
                return reason;
        if (by && duration_parse(time, &seconds) < 0)
                return DURATION_WANTED;
        *ret_seconds = (uint32_t)seconds;
        ret->prefix = strdup(prefix_format(&prefix, shown));
        return ret->prefix ? NULL : "out of memory";
}

/* Can the run say this line, too? */
static bool run_takes(const Feed *f, const FeedLine *l, uint32_t seconds)
{
        if (f->n == CALL_LINES_MAX)
                return false;
        return l->remove || f->n == 0 || (f->n_remove == 0 && f->seconds == seconds);
}

static int feed_line(Feed *f, const char *text, bool too_long)
{
        _cleanup_free_ char *copy = strdup(text), *kept = strdup(text);
        FeedLine line = { 0 };
        uint32_t seconds = 0;
        const char *why;

        if (!copy || !kept)
                return -ENOMEM;
        if ((text[strspn(text, " \t\r")] == '\0' && !too_long) || text[0] == '#')
                return 0;
        why = too_long ? "the line is too long" : line_parse(copy, &line, &seconds);
        if (why) {
                feed_run(f); /* answers come in the order of lines */
                answer_bad(f, text, EXIT_BAD_INPUT, why);
                return 0;
        }
        if (!run_takes(f, &line, seconds))
                feed_run(f);
        if (array_grow(&f->lines, f->n, sizeof(*f->lines)) < 0) {
                free(line.prefix);
                return -ENOMEM;
        }
        line.text = TAKE_PTR(kept);
        f->lines[f->n++] = line;
        f->n_remove += line.remove;
        if (!line.remove)
                f->seconds = seconds;
        return 0;
}

/* A line that a NUL would end stays as long as it is, and is bad. */
static void nuls_mark(char *line, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (line[i] == '\0')
                        line[i] = '\1';
}

/* All whole lines of a buffer, and at the end of input the rest; the number of bytes used. A line
 * that fills the buffer is bad, and what follows of it is skipped: it may look like a line. */
static ssize_t feed_lines(Feed *f, char *buffer, size_t n, bool last)
{
        size_t at = 0;

        while (at < n) {
                char *end = memchr(buffer + at, '\n', n - at);
                size_t length = end ? (size_t)(end - buffer) - at : n - at;
                int r;

                if (!end && !last && length < LINE_BYTES_MAX)
                        break;
                nuls_mark(buffer + at, length);
                buffer[at + length] = '\0';
                r = f->cut ? 0 : feed_line(f, buffer + at, !end && !last);
                f->cut = !end;
                if (r < 0)
                        return r;
                at += length + (end != NULL);
        }
        return (ssize_t)at;
}

static int feed_read(Feed *f)
{
        _cleanup_free_ char *buffer = malloc(CHUNK_BYTES + LINE_BYTES_MAX + 1);
        size_t length = 0;
        ssize_t n = 1, used;

        while (buffer && n > 0) {
                n = read(STDIN_FILENO, buffer + length, CHUNK_BYTES);
                if (n < 0 && errno == EINTR) {
                        n = 1;
                        continue;
                }
                if (n < 0)
                        return cli_fail_errno(f->cli, -errno, "-");
                length += (size_t)n;
                used = feed_lines(f, buffer, length, n == 0);
                if (used < 0)
                        return cli_fail_errno(f->cli, (int)used, "-");
                length -= (size_t)used;
                memmove(buffer, buffer + used, length);
                feed_run(f);
                (void)fflush(stdout);
        }
        return buffer ? 0 : cli_fail_errno(f->cli, -ENOMEM, "-");
}

int command_set_feed(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_(feed_deinit) Feed f = { .cli = c, .set = args[0] };
        Json *document;
        int status;

        (void)v, (void)n;
        if ((status = cli_check_name(c, "set", args[0])) != 0)
                return status;
        if (c->confirm || c->expect || c->dry_run || c->detailed_exitcode)
                return cli_fail(c, EXIT_BAD_INPUT,
                        "set feed makes many changes; it does not take --confirm, --expect, "
                        "--dry-run or --detailed-exitcode");
        status = feed_read(&f);
        document = json_new_object();
        json_set(document, "added", json_new_integer((int64_t)f.added));
        json_set(document, "removed", json_new_integer((int64_t)f.removed));
        json_set(document, "unchanged", json_new_integer((int64_t)f.unchanged));
        json_set(document, "bad", json_new_integer((int64_t)f.bad));
        if (cli_document(c, document) != 0)
                return EXIT_FAILED;
        return status != 0 ? status : f.status;
}
