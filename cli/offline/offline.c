/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the way from files to a policy and its ruleset for commands that ask no daemon.
 */

#include "cli/offline/offline.h"

#include "daemon/api/api.h"
#include "rules/base/diagnostic.h"
#include "rules/compile/compile.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/policy.h"
#include "rules/policy/role.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>
#include <unistd.h>

void offline_close(Offline *o)
{
        host_paths_deinit(&o->paths);
        host_names_free(o->host_names);
        *o = (Offline){ 0 };
}

int offline_open(Cli *c, Offline *ret)
{
        _cleanup_offline_ Offline o = { 0 };
        int r;

        r = host_paths_init(&o.paths, c->root, c->policies);
        if (r >= 0)
                r = host_names_new(true, &o.host_names);
        if (r >= 0)
                r = host_names_set_root(o.host_names, o.paths.root);
        if (r < 0)
                return cli_fail_errno(c, r, "names of this host");
        o.names = host_names(o.host_names);
        *ret = TAKE_STRUCT(o);
        return 0;
}

int offline_read_text(Cli *c, const char *path, char **ret)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_free_ char *text = NULL;
        size_t length;
        int status, r;

        r = streq(path, "-")
                    ? host_read_descriptor(STDIN_FILENO, path, POLICY_TEXT_MAX, &d, &text, &length)
                    : host_read_file(path, POLICY_TEXT_MAX, &d, &text, &length);
        status = cli_tell_diagnostics(c, &d);
        if (r < 0)
                return status != 0 ? status
                                   : cli_fail(c, EXIT_BAD_INPUT, "%s: %s", path, strerror(-r));
        if (strlen(text) != length)
                return cli_fail(c, EXIT_BAD_INPUT, "%s: the text holds a NUL byte", path);
        *ret = TAKE_PTR(text);
        return 0;
}

void document_deinit(Document *d)
{
        host_conf_unref(d->host);
        fragment_unref(d->fragment);
        role_unref(d->role);
        *d = (Document){ 0 };
}

/* "50-site" of "/etc/p25/policy.d/50-site.conf"; another file's name, made a name. */
static int fragment_name(const char *path, char **ret)
{
        const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
        size_t n = strlen(base);

        if (n > 5 && streq(base + n - 5, ".conf"))
                n -= 5;
        *ret = strndup(base, n);
        if (!*ret)
                return -ENOMEM;
        if (name_is_valid(*ret))
                return 0;
        free(*ret);
        *ret = strdup("fragment");
        return *ret ? 0 : -ENOMEM;
}

static int fragment_load(const Offline *o, const char *path, const char *text, size_t n,
        Diagnostics *d, Fragment **ret)
{
        _cleanup_(fragment_unref_p) Fragment *f = NULL;
        _cleanup_free_ char *name = NULL;
        int r;

        r = fragment_name(path, &name);
        if (r >= 0)
                r = parse_fragment(text, n, name, path, d, &f);
        if (r >= 0)
                r = host_load_set_files(f, o->paths.root, NULL, d);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(f);
        return 0;
}

int offline_parse_host(const Offline *o, const char *path, const char *text, size_t n,
        Diagnostics *d, HostConf **ret)
{
        _cleanup_(host_conf_unref_p) HostConf *host = NULL;
        int r;

        r = parse_host(text, n, path, d, &host);
        if (r >= 0)
                r = host_load_set_files(host->common, o->paths.root, NULL, d);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(host);
        return 0;
}

/* Is the file in a folder of this name? */
static bool is_below(const char *path, const char *folder)
{
        const char *found = strstr(path, folder);

        return found && (found == path || found[-1] == '/') && found[strlen(folder)] == '/';
}

/* By the folder, where p25d reads every file as one kind; else by the keys. */
static DocumentKind kind_of_file(const char *path, const char *text, size_t n)
{
        DocumentKind kind = is_below(path, "policy.d")  ? DOCUMENT_FRAGMENT
                            : is_below(path, "roles.d") ? DOCUMENT_ROLE
                                                        : document_kind(text, n);

        return kind == DOCUMENT_FRAGMENT || kind == DOCUMENT_ROLE ? kind : DOCUMENT_HOST;
}

int document_load(const Offline *o, const char *path, Diagnostics *d, Document *ret)
{
        _cleanup_document_ Document document = { 0 };
        _cleanup_free_ char *text = NULL;
        size_t n;
        int r;

        r = host_read_file(path, POLICY_TEXT_MAX, d, &text, &n);
        if (r < 0)
                return r;
        document.kind = kind_of_file(path, text, n);
        if (document.kind == DOCUMENT_FRAGMENT)
                r = fragment_load(o, path, text, n, d, &document.fragment);
        else if (document.kind == DOCUMENT_ROLE)
                r = parse_role(text, n, path, d, &document.role);
        else
                r = offline_parse_host(o, path, text, n, d, &document.host);
        if (r < 0)
                return r;
        *ret = TAKE_STRUCT(document);
        return 0;
}

const Assertions *document_assertions(const Document *d)
{
        return d->host       ? &d->host->common->assertions
               : d->fragment ? &d->fragment->assertions
                             : &d->role->assertions;
}

int document_put(const Document *d, Policy *p)
{
        if (d->role)
                return policy_put_role(p, d->role);
        if (d->fragment)
                return policy_put_file(p, d->fragment);
        host_conf_unref(p->host);
        p->host = host_conf_ref(d->host);
        return 0;
}

int offline_roles(const Offline *o, Diagnostics *d, Policy **ret)
{
        _cleanup_(policy_free_p) Policy *p = policy_new();
        int r;

        if (!p)
                return -ENOMEM;
        r = host_load_roles(&o->paths, d, p);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}

int offline_surroundings(const Offline *o, Policy **ret)
{
        _cleanup_(policy_free_p) Policy *p = NULL;
        int r;

        r = host_load_policy(&o->paths, NULL, &p);
        if (r < 0 && r != -ENOMEM)
                r = host_load_files(&o->paths, NULL, NULL, &p);
        if (r < 0 && r != -ENOMEM)
                r = offline_roles(o, NULL, &p);
        if (r < 0 && r != -ENOMEM) {
                p = policy_new();
                r = p ? 0 : -ENOMEM;
        }
        if (r < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}

/* The result of loading or compiling the stored policy. */
static int tell_result(Cli *c, const Offline *o, const Diagnostics *d, int r)
{
        int status = cli_tell_diagnostics(c, d);

        if (r == -EACCES || r == -EPERM)
                return status != 0 ? EXIT_NOT_AUTHORISED : cli_fail_errno(c, r, o->paths.state);
        return r < 0 && status == 0 ? cli_fail_errno(c, r, o->paths.state) : status;
}

int offline_policy(Cli *c, const Offline *o, Policy **ret)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_(policy_free_p) Policy *p = NULL;
        int status, r;

        r = host_load_policy(&o->paths, &d, &p);
        status = tell_result(c, o, &d, r);
        if (status == 0)
                *ret = TAKE_PTR(p);
        return status;
}

int offline_load(Cli *c, const Offline *o, Policy **ret, Ruleset **ret_ruleset)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_(policy_free_p) Policy *p = NULL;
        _cleanup_(ruleset_free_p) Ruleset *ruleset = NULL;
        int status, r;

        status = offline_policy(c, o, &p);
        if (status != 0)
                return status;
        r = compile_policy(p, &o->names, &d, &ruleset);
        status = tell_result(c, o, &d, r);
        if (status != 0)
                return status;
        *ret = TAKE_PTR(p);
        *ret_ruleset = TAKE_PTR(ruleset);
        return 0;
}
