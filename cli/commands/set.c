/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns `set …`. The entries that are loaded are p25d's to read: it gets the descriptor of a pipe,
 * or of the file's copy in memory.
 */

#include "cli/client/change.h"
#include "cli/client/client.h"
#include "cli/commands/commands.h"
#include "cli/offline/offline.h"
#include "daemon/api/api.h"
#include "daemon/io/file.h"
#include "daemon/loop/clock.h"
#include "rules/address/prefixset.h"
#include "rules/base/buffer.h"
#include "rules/base/diagnostic.h"
#include "rules/base/json.h"
#include "rules/base/text.h"
#include "rules/policy/expiry.h"
#include "rules/policy/limit.h"
#include "rules/policy/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SET_FILE_MAX (128u << 20) /* what p25d takes and gives */
#define SET_CHANGE_MAX 500000     /* entries of one message: dbus-daemon takes 32 MiB */

int command_set_list(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_(json_free_p) Json *sets = NULL;
        int status;

        (void)v, (void)args, (void)n;
        status = client_ask_list(c, "ListSets", &sets, NULL);
        if (status != 0)
                return status;
        for (size_t i = 0; i < json_array_length(sets); i++) {
                const Json *set = json_array_item(sets, i);

                cli_say(c, "%-24s %10lld  %s", json_get_string(set, "name"),
                        (long long)json_get_integer(set, "entries"),
                        json_get_string(set, "source"));
        }
        return cli_document(c, TAKE_PTR(sets));
}

/* ---- show ---- */

/* Converts the end of an entry, "2026-11-22T00:05:54Z", to the time that is left. */
static void left_print(Buffer *b, const char *until)
{
        char text[EXPIRY_TEXT_MAX];
        struct tm tm = { 0 };
        const char *end = strptime(until, "%Y-%m-%dT%H:%M:%SZ", &tm);
        uint64_t end_usec = end ? (uint64_t)timegm(&tm) * USEC_PER_SEC : 0;
        uint64_t now_usec = clock_now_usec(CLOCK_REALTIME);
        uint64_t left = end_usec > now_usec ? (end_usec - now_usec) / USEC_PER_SEC : 0;

        if (!end)
                buffer_printf(b, " # until %s", until);
        else
                buffer_printf(b, " # %s left", duration_format(left, text));
}

/* Everything before the first end is as it came: a million entries end never. */
static int tell_lines(Cli *c, char *text)
{
        char *first = strstr(text, SET_EXPIRES);
        _cleanup_buffer_ Buffer b = { 0 };
        _cleanup_free_ char *told = NULL;

        if (!first)
                return cli_text(c, text, NULL);
        while (first > text && first[-1] != '\n')
                first--;
        buffer_add(&b, text, (size_t)(first - text));
        for (char *line = first, *end; (end = strchr(line, '\n')); line = end + 1) {
                char *until = strstr(line, SET_EXPIRES);

                *end = '\0';
                if (until)
                        *until = '\0';
                buffer_add_string(&b, line);
                if (until)
                        left_print(&b, until + strlen(SET_EXPIRES));
                buffer_add_char(&b, '\n');
        }
        return buffer_take(&b, &told) < 0 ? cli_fail_errno(c, -ENOMEM, "set show")
                                          : cli_text(c, told, NULL);
}

static int set_tell(Cli *c, const char *name, char *text)
{
        Json *document, *list, *expires;

        if (!c->json)
                return tell_lines(c, text);
        document = json_new_object();
        list = json_new_array();
        expires = json_new_object();
        for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
                char *until;

                *end = '\0';
                until = strstr(line, SET_EXPIRES);
                if (until) {
                        *until = '\0';
                        json_set(expires, line, json_new_string(until + strlen(SET_EXPIRES)));
                }
                json_append(list, json_new_string(line));
        }
        json_set(document, "name", json_new_string(name));
        json_set(document, "entries", list);
        json_set(document, "expires", expires);
        return cli_document(c, document);
}

static int set_of_files(Cli *c, const char *name, char **ret)
{
        _cleanup_offline_ Offline o = { 0 };
        _cleanup_(policy_free_p) Policy *p = NULL;
        size_t n;
        int status, r;

        status = offline_open(c, &o);
        if (status == 0)
                status = offline_policy(c, &o, &p);
        if (status != 0)
                return status;
        r = policy_print_set(p, name, ret, &n);
        if (r == -ENOENT)
                return cli_fail(c, EXIT_BAD_INPUT, "there is no set %s", name);
        return r < 0 ? cli_fail_errno(c, r, name) : 0;
}

static int set_of_daemon(Cli *c, const char *name, char **ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int status, r, fd;
        size_t n;

        status = client_check_descriptors(c);
        if (status == 0)
                status = client_ask(c, "GetSet", name, &reply);
        if (status != 0)
                return status;
        /* the descriptor is the message's */
        r = sd_bus_message_read_basic(reply, 'h', &fd);
        if (r < 0)
                return client_fail_message(c, r);
        r = file_read_all(fd, 65536, SET_FILE_MAX, ret, &n);
        return r < 0 ? cli_fail_errno(c, r, name) : 0;
}

int command_set_show(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_free_ char *text = NULL;
        int status;

        (void)v, (void)n;
        status = cli_check_name(c, "set", args[0]);
        if (status == 0)
                status = c->root ? set_of_files(c, args[0], &text)
                                 : set_of_daemon(c, args[0], &text);
        return status != 0 ? status : set_tell(c, args[0], text);
}

/* ---- load ---- */

static int open_failed(Cli *c, const char *path, int error)
{
        return cli_fail(c, EXIT_BAD_INPUT, "%s: %s", path, strerror(error));
}

static int memory_new(const char *text, size_t n)
{
        int fd = memfd_create("p25ctl-set", MFD_CLOEXEC), r;

        if (fd < 0)
                return -errno;
        r = file_write_all(fd, text, n);
        if (r < 0)
                close(fd);
        return r < 0 ? r : fd;
}

/* Takes fd over, and gives a copy in memory for it: p25d reads memory itself, but a file, which may
 * be on a server that does not answer, through a child. */
static int file_to_memory(Cli *c, const char *path, int fd, const struct stat *st, int *ret)
{
        _cleanup_close_ int file = fd;
        _cleanup_free_ char *text = NULL;
        size_t n;
        int r = file_read_all(file, (size_t)st->st_size, SET_FILE_MAX, &text, &n);

        if (r == -EFBIG)
                return cli_fail(c, EXIT_BAD_INPUT, "%s: the text of a set is at most %u MiB", path,
                        SET_FILE_MAX >> 20);
        if (r >= 0)
                r = memory_new(text, n);
        if (r < 0)
                return open_failed(c, path, -r);
        *ret = r;
        return 0;
}

/* Without blocking, so that a device is refused at once; a FIFO is opened again, as any reader
 * would, and waits for its writer. */
static int file_open(Cli *c, const char *path, int *ret)
{
        int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY, fd;
        struct stat st;

        if (streq(path, "-"))
                fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
        else if (stat(path, &st) == 0 && S_ISFIFO(st.st_mode))
                fd = open(path, flags);
        else
                fd = open(path, flags | O_NONBLOCK);
        if (fd < 0)
                return open_failed(c, path, errno);
        if (fstat(fd, &st) < 0) {
                int error = errno;

                close(fd);
                return open_failed(c, path, error);
        }
        if (S_ISREG(st.st_mode))
                return file_to_memory(c, path, fd, &st, ret);
        if (S_ISFIFO(st.st_mode)) {
                *ret = fd;
                return 0;
        }
        close(fd);
        return cli_fail(c, EXIT_BAD_INPUT, "%s: not a file or a pipe", path);
}

/* Sends it, and reads what came of it. */
static int file_send(Cli *c, const char *name, const char *path, int fd, ChangeReply *ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int status = client_message(c, "ReplaceSet", &m), r;

        if (status != 0)
                return status;
        /* the message holds a copy of the descriptor */
        r = sd_bus_message_append(m, "sh", name, fd);
        return r < 0 ? client_fail_message(c, r) : client_change_file(c, &m, name, path, ret);
}

/* Under --strict a first run, without effect, has the warnings; a pipe can be read only once. */
static int file_try(Cli *c, const char *name, const char *path)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        bool dry_run = c->dry_run;
        struct stat st;
        int status, fd;

        if (!c->strict || dry_run || stat(path, &st) < 0 || !S_ISREG(st.st_mode))
                return 0;
        status = file_open(c, path, &fd);
        if (status != 0)
                return status;
        c->dry_run = true;
        status = file_send(c, name, path, fd, &reply);
        c->dry_run = dry_run;
        close(fd);
        return status;
}

/* A download that failed is often an empty file. */
static int tell_loaded(Cli *c, const char *name, const ChangeReply *reply)
{
        char first[NAME_MAX_LENGTH + 64];

        if (!reply->changed || c->dry_run) {
                snprintf(first, sizeof(first), "Set %s already has these entries", name);
                return client_tell_change(c, reply, first, NULL);
        }
        if (!reply->counts_entries) { /* of an earlier p25d */
                snprintf(first, sizeof(first), "Set %s loaded", name);
                return client_tell_change(c, reply, first, NULL);
        }
        if (reply->entries == 0)
                cli_warn(c, "the set is empty: rules that name @%s match nothing", name);
        snprintf(first, sizeof(first), "Set %s loaded (%" PRIu64 " %s)", name, reply->entries,
                reply->entries == 1 ? "entry" : "entries");
        return client_tell_change(c, reply, first, NULL);
}

int command_set_load(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        int status, fd = -1;

        (void)v, (void)n;
        status = cli_check_name(c, "set", args[0]);
        if (status == 0)
                status = file_open(c, args[1], &fd);
        if (status == 0)
                status = client_check_descriptors(c);
        if (status == 0)
                status = file_try(c, args[0], args[1]);
        if (status == 0)
                status = file_send(c, args[0], args[1], fd, &reply);
        if (fd >= 0)
                close(fd);
        return status != 0 ? status : tell_loaded(c, args[0], &reply);
}

/* ---- add, remove, drop ---- */

/* The lines of a text, in it: each newline becomes its end. */
static char **lines_split(char *text, size_t n)
{
        char **lines = calloc(n + 1, sizeof(*lines)), *end;

        for (size_t i = 0; lines && i < n && (end = strchr(text, '\n')); i++) {
                *end = '\0';
                lines[i] = text;
                text = end + 1;
        }
        return lines;
}

/* Standard input as a set file: its entries, which stand in *ret_text. */
static int entries_read(Cli *c, char **ret_text, char ***ret)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_(prefix_set_unref_p) PrefixSet *set = NULL;
        _cleanup_free_ char *text = NULL;
        size_t n;
        int status, r;

        r = host_read_descriptor(STDIN_FILENO, "-", SET_FILE_MAX, &d, &text, &n);
        if (r >= 0)
                r = prefix_set_parse(text, n, "-", &d, &set);
        status = cli_tell_diagnostics(c, &d);
        if (r < 0 || status != 0)
                return status != 0 ? status : cli_fail_errno(c, r, "-");
        if (prefix_set_size(set) > SET_CHANGE_MAX)
                return cli_fail(c, EXIT_BAD_INPUT,
                        "%zu entries are too many for one call, which takes %d: 'p25ctl set load' "
                        "replaces a set of any size",
                        prefix_set_size(set), SET_CHANGE_MAX);
        if (prefix_set_print(set, ret_text, &n) < 0 ||
                !(*ret = lines_split(*ret_text, prefix_set_size(set))))
                return cli_fail_errno(c, -ENOMEM, "-");
        return 0;
}

/* `for DURATION` behind the entries; the words end before it then. */
static int timeout_read(Cli *c, bool add, char **args, size_t *n, uint32_t *ret_sec)
{
        char shown[TEXT_SHOWN_MAX];
        uint64_t sec;
        size_t at = 1;

        *ret_sec = 0;
        while (at < *n && strcasecmp(args[at], "for") != 0)
                at++;
        if (at == *n)
                return 0;
        if (!add)
                return cli_fail(c, EXIT_BAD_INPUT,
                        "'for' is misplaced: an entry that is removed takes no duration");
        if (at + 1 == *n)
                return cli_fail(
                        c, EXIT_BAD_INPUT, "'for' needs a duration behind it, as in 'for 1h'");
        if (at + 2 < *n || at == 1)
                return cli_fail(c, EXIT_BAD_INPUT,
                        "'for' is misplaced: it follows the entries, as in 'set add %s 192.0.2.1 "
                        "for 1h'",
                        args[0]);
        if (duration_parse(args[at + 1], &sec) < 0)
                return cli_fail(c, EXIT_BAD_INPUT, "'for %s': " DURATION_WANTED,
                        text_show(args[at + 1], shown));
        *n = at;
        args[at] = NULL;
        *ret_sec = (uint32_t)sec;
        return 0;
}

int command_set_change(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        _cleanup_free_ char *text = NULL, **lines = NULL;
        char *none[] = { NULL }, **entries = args + 1, first[NAME_MAX_LENGTH + 64];
        ClientOption timeout = { .name = "timeout_seconds" };
        bool add = streq(v->name, "set add");
        int status, r;

        status = cli_check_name(c, "set", args[0]);
        if (status == 0)
                status = timeout_read(c, add, args, &n, &timeout.value);
        if (status == 0 && n == 2 && streq(args[1], "-")) {
                status = entries_read(c, &text, &lines);
                entries = lines;
        }
        if (status == 0)
                status = client_message(c, "UpdateSet", &m);
        if (status != 0)
                return status;
        if ((r = sd_bus_message_append_basic(m, 's', args[0])) >= 0 &&
                (r = sd_bus_message_append_strv(m, add ? entries : none)) >= 0)
                r = sd_bus_message_append_strv(m, add ? none : entries);
        status = r < 0 ? client_fail_message(c, r) : client_change(c, &m, &timeout, &reply);
        if (status != 0)
                return status;
        snprintf(first, sizeof(first), "Set %s %s", args[0],
                reply.changed ? "updated"
                : add         ? "holds these entries already"
                              : "holds none of these entries");
        return client_tell_change(c, &reply, first, NULL);
}

int command_set_drop(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        char first[NAME_MAX_LENGTH + 64];
        int status;

        (void)v, (void)n;
        status = cli_check_name(c, "set", args[0]);
        if (status == 0)
                status = client_change_with(c, "DropSet", &reply, "s", args[0]);
        if (status != 0)
                return status;
        snprintf(first, sizeof(first), "Set %s dropped", args[0]);
        return client_tell_change(c, &reply, first, NULL);
}
