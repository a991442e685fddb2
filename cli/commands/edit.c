/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns `edit`: a policy text in the administrator's editor, checked and explained before it comes
 * into force. A file on disk is replaced only by a text that has been accepted, and restored if the
 * change is not kept. A draft that is not used is left where it is, and its place is printed.
 */

#include "cli/client/change.h"
#include "cli/client/client.h"
#include "cli/commands/commands.h"
#include "cli/offline/offline.h"
#include "daemon/api/api.h"
#include "daemon/io/file.h"
#include "rules/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define CONF_NAME "p25.conf"
/* The time for confirming a change when --confirm names none. */
#define CONFIRM_SEC 60

/* The administrator's editor, for sh: VISUAL and EDITOR may hold options. */
#define EDITOR                                                                     \
        "${VISUAL:-${EDITOR:-$(command -v sensible-editor || command -v editor ||" \
        " echo vi)}} \"$P25_DRAFT\""

typedef struct Edit {
        const char *name; /* p25.conf, or a fragment's name */
        bool is_conf;
        char *path;      /* of the file on disk; NULL: a fragment that p25d stores */
        bool exists;     /* path does */
        char *former;    /* the text as it was */
        char *text;      /* the text as it was edited */
        char folder[32]; /* of the draft; "": none yet */
        char *draft;
        bool keep_draft;   /* its place was printed */
        bool replaced;     /* the file on disk holds the edited text */
        uint64_t revision; /* in force before the change */
} Edit;

static void edit_deinit(Edit *e)
{
        if (e->draft && !e->keep_draft)
                (void)unlink(e->draft);
        if (e->folder[0] && !e->keep_draft)
                (void)rmdir(e->folder);
        free(e->path);
        free(e->former);
        free(e->text);
        free(e->draft);
}

/* Nothing was put in force, or it was taken back; the edited text is kept. */
static int edit_leave(Cli *c, Edit *e, int status)
{
        e->keep_draft = true;
        cli_say(c, "The policy is unchanged; the edited text is in %s.", e->draft);
        return status;
}

/* ---- files ---- */

/* Replaces the file by a rename, with the owner and mode that it has; 0 or negative errno. */
static int policy_replace(const char *path, const char *text)
{
        _cleanup_free_ char *temporary = NULL;
        struct stat st = { .st_mode = 0644, .st_uid = 0, .st_gid = 0 };
        _cleanup_close_ int fd = -1;
        int r;

        if (text_printf(&temporary, "%s.XXXXXX", path) < 0)
                return -ENOMEM;
        if (stat(path, &st) < 0 && errno != ENOENT)
                return -errno;
        fd = mkostemp(temporary, O_CLOEXEC);
        if (fd < 0)
                return -errno;
        r = file_write_all(fd, text, strlen(text));
        if (r >= 0 && (fchown(fd, st.st_uid, st.st_gid) < 0 || fchmod(fd, st.st_mode & 07777) < 0 ||
                              fsync(fd) < 0))
                r = -errno;
        if (r >= 0 && rename(temporary, path) < 0)
                r = -errno;
        if (r < 0)
                (void)unlink(temporary);
        return r;
}

static int edit_install(Cli *c, Edit *e)
{
        int r = policy_replace(e->path, e->text);

        if (r < 0)
                return cli_fail_errno(c, r, e->path);
        e->replaced = true;
        return 0;
}

static int edit_restore(Cli *c, Edit *e)
{
        int r = 0;

        if (!e->replaced)
                return 0;
        r = e->exists ? policy_replace(e->path, e->former) : unlink(e->path) < 0 ? -errno : 0;
        if (r < 0)
                return cli_fail_errno(c, r, e->path);
        e->replaced = false;
        return 0;
}

/* ---- what is edited ---- */

static int former_read(Cli *c, Edit *e)
{
        int status;

        if (e->is_conf && access(e->path, F_OK) < 0 && errno == ENOENT) {
                e->former = strdup("");
                return e->former ? 0 : cli_fail_errno(c, -ENOMEM, e->path);
        }
        status = offline_read_text(c, e->path, &e->former);
        e->exists = status == 0;
        return status;
}

/* A file of policy.d, else a fragment that was put. */
static int fragment_find(Cli *c, const HostPaths *paths, Edit *e)
{
        int status = cli_check_name(c, "fragment", e->name);

        if (status != 0)
                return status;
        if (text_printf(&e->path, "%s/%s.conf", paths->policy_folder, e->name) < 0)
                return cli_fail_errno(c, -ENOMEM, e->name);
        if (access(e->path, F_OK) == 0)
                return former_read(c, e);
        free(TAKE_PTR(e->path));
        return client_ask_text(c, "GetFragment", e->name, &e->former);
}

static int edit_open(Cli *c, const char *fragment, Edit *e)
{
        _cleanup_offline_ Offline o = { 0 };
        int status = offline_open(c, &o);

        if (status != 0)
                return status;
        e->is_conf = !fragment || streq(fragment, CONF_NAME);
        e->name = e->is_conf ? CONF_NAME : fragment;
        if (!e->is_conf) {
                status = fragment_find(c, &o.paths, e);
        } else {
                e->path = strdup(o.paths.conf);
                status = e->path ? former_read(c, e) : cli_fail_errno(c, -ENOMEM, CONF_NAME);
        }
        /* before the work is done, not after it */
        if (status == 0 && e->exists && access(e->path, W_OK) < 0)
                status = cli_fail_errno(c, -errno, e->path);
        return status;
}

/* ---- the editor ---- */

/* A file of the user's only, with a name by which an editor knows what it is. */
static int draft_make(Cli *c, Edit *e)
{
        _cleanup_close_ int fd = -1;
        int r;

        snprintf(e->folder, sizeof(e->folder), "/tmp/p25-edit.XXXXXX");
        if (!mkdtemp(e->folder)) {
                e->folder[0] = '\0';
                return cli_fail_errno(c, -errno, "/tmp");
        }
        if (text_printf(&e->draft, "%s/%s", e->folder, e->is_conf ? CONF_NAME : "fragment.conf") <
                0)
                return cli_fail_errno(c, -ENOMEM, e->name);
        fd = open(e->draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        r = fd < 0 ? -errno : file_write_all(fd, e->former, strlen(e->former));
        return r < 0 ? cli_fail_errno(c, r, e->draft) : 0;
}

/* Runs the editor on the draft and reads what it left. */
static int draft_edit(Cli *c, Edit *e)
{
        int status;

        free(TAKE_PTR(e->text));
        if (setenv("P25_DRAFT", e->draft, 1) < 0)
                return cli_fail_errno(c, -errno, e->draft);
        fflush(stdout);
        if (system(EDITOR) != 0)
                return edit_leave(c, e, cli_fail(c, EXIT_FAILED, "the editor failed"));
        status = offline_read_text(c, e->draft, &e->text);
        return status != 0 ? edit_leave(c, e, status) : 0;
}

/* ---- what it would do ---- */

/* Dry or not; an empty text would remove the fragment. */
static int fragment_put(Cli *c, const Edit *e, ChangeReply *ret)
{
        return client_put_fragment(c, e->name, e->text[0] ? e->text : "\n", e->draft, ret);
}

/* A file of policy.d is judged as p25d will read it: in its place. */
static int file_plan(Cli *c, Edit *e, ChangeReply *ret)
{
        int status = edit_install(c, e), restored;

        if (status != 0)
                return status;
        status = client_plan_reload(c, NULL, e->draft, ret);
        restored = edit_restore(c, e);
        return status != 0 ? status : restored;
}

/* Checks the edited text and prints what it would do. */
static int edit_plan(Cli *c, Edit *e)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        bool dry_run = c->dry_run;
        int status;

        c->dry_run = true;
        if (e->is_conf)
                status = client_plan_reload(c, e->text, e->draft, &reply);
        else if (e->path)
                status = file_plan(c, e, &reply);
        else
                status = fragment_put(c, e, &reply);
        if (status == 0)
                status = client_tell_change(c, &reply, NULL, NULL);
        c->dry_run = dry_run;
        e->revision = reply.revision;
        return status;
}

/* ---- in force ---- */

/* Puts the text in its place and in force; a failure leaves both as they were. */
static int edit_enforce(Cli *c, Edit *e, ChangeReply *ret)
{
        int status;

        if (!e->path)
                return fragment_put(c, e, ret);
        status = edit_install(c, e);
        if (status == 0)
                status = client_change_with(c, "Reload", ret, NULL);
        if (status != 0)
                (void)edit_restore(c, e);
        return status;
}

static int take_back(Cli *c, Edit *e)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        int status = edit_restore(c, e);

        c->confirm = NULL;
        if (status == 0)
                status = client_change_with(c, "Rollback", &reply, "t", e->revision);
        return status != 0 ? status : edit_leave(c, e, 0);
}

/* Only a connection that is new can confirm: it proves that there still can be one. */
static int keep(Cli *c, const Verb *v, Edit *e)
{
        int answer = cli_ask(c, "Keep this change");

        c->bus = sd_bus_flush_close_unref(c->bus);
        return answer > 0 ? command_confirm(c, v, NULL, 0) : take_back(c, e);
}

/* ---- the conversation ---- */

static int fit_for_editing(Cli *c)
{
        if (c->host)
                return cli_fail(c, EXIT_BAD_INPUT,
                        "edit works on this host only; use 'ssh -t %s p25ctl edit'", c->host);
        if (c->json)
                return cli_fail(c, EXIT_BAD_INPUT, "edit cannot be used with --json");
        if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
                return cli_fail(c, EXIT_BAD_INPUT,
                        "edit needs a terminal; without one, use 'p25ctl plan FILE' and 'p25ctl "
                        "reload'");
        return 0;
}

/* Edits until the text is accepted, or the user gives up; > 0: nothing is left to do. */
static int edit_until_good(Cli *c, Edit *e, int *ret_status)
{
        for (;;) {
                *ret_status = draft_edit(c, e);
                if (*ret_status != 0)
                        return 1;
                if (streq(e->text, e->former)) {
                        cli_say(c, "Nothing was changed.");
                        return 1;
                }
                *ret_status = edit_plan(c, e);
                if (*ret_status == 0)
                        return 0;
                if (*ret_status == EXIT_NOT_REACHABLE || cli_ask(c, "Edit again") <= 0) {
                        *ret_status = edit_leave(c, e, *ret_status);
                        return 1;
                }
        }
}

int command_edit(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        _cleanup_(edit_deinit) Edit e = { 0 };
        int status = fit_for_editing(c);

        if (status == 0)
                status = edit_open(c, n > 0 ? args[0] : NULL, &e);
        if (status == 0)
                status = draft_make(c, &e);
        if (status != 0 || edit_until_good(c, &e, &status) > 0)
                return status;
        if (c->dry_run || cli_ask(c, "Put this in force") <= 0)
                return edit_leave(c, &e, 0);
        if (!c->confirm) {
                c->confirm = "60s";
                c->confirm_seconds = CONFIRM_SEC;
        }
        status = edit_enforce(c, &e, &reply);
        if (status != 0)
                return edit_leave(c, &e, status);
        status = client_tell_change(c, &reply, "The edited text is in force", NULL);
        return reply.changed ? keep(c, v, &e) : status;
}
