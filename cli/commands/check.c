/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns `check`: would p25d take this file?
 */

#include "cli/commands/commands.h"
#include "cli/offline/offline.h"
#include "daemon/api/api.h"
#include "daemon/loop/clock.h"
#include "rules/base/array.h"
#include "rules/base/buffer.h"
#include "rules/base/json.h"
#include "rules/base/strv.h"
#include "rules/compare/difference.h"
#include "rules/compare/shadow.h"
#include "rules/compile/assertions.h"
#include "rules/compile/compile.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/policy.h"
#include "rules/policy/role.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const kind_names[_DOCUMENT_MAX] = {
        [DOCUMENT_HOST] = "host file",
        [DOCUMENT_FRAGMENT] = "fragment",
        [DOCUMENT_ROLE] = "role",
        [DOCUMENT_STATE] = "state",
};

/* Something of the type, for vars that have no value until a host gives them one. */
static const char *const var_examples[_VAR_TYPE_MAX] = {
        [VAR_NETWORKS] = "192.0.2.0/24",
        [VAR_USERS] = "root",
        [VAR_GROUPS] = "root",
        [VAR_UNITS] = "p25d.service",
        [VAR_PORTS] = "smtp",
};

static int var_give(VarValues *values, const VarDecl *var)
{
        VarValue value = { .name = strdup(var->name) };
        int r;

        r = value.name ? strv_append(&value.value, var_examples[var->type]) : -ENOMEM;
        if (r >= 0)
                r = array_grow(&values->items, values->n, sizeof(VarValue));
        if (r < 0) {
                free(value.name);
                strv_free(value.value);
                return r;
        }
        values->items[values->n++] = value;
        return 0;
}

/* A host that has this role and nothing else, and gives it what it requires. */
static int role_policy(const Role *role, Policy *p)
{
        int r;

        host_conf_unref(p->host);
        p->host = host_conf_new();
        if (!p->host)
                return -ENOMEM;
        r = strv_append(&p->host->roles, role->name);
        for (size_t i = 0; r >= 0 && i < role->n_vars; i++)
                if (role->vars[i].required)
                        r = var_give(&p->host->common->vars, &role->vars[i]);
        return r;
}

static bool role_requires(const Role *role)
{
        for (size_t i = 0; role && i < role->n_vars; i++)
                if (role->vars[i].required)
                        return true;
        return false;
}

/* The file may be for another host than this: of both families. */
#define CHECK_STEPS 300000
#define CHECK_STEPS_ALL 4000000
/* Examining a rule takes time in the number of all rules: of 2,000 each is examined, of 10,000 some
 * hundreds. The manual says so. */
#define CHECK_PAIRS 4000000

/* Only for rules of the file that is checked. */
static int warn_rules(const Policy *p, const Ruleset *ruleset, const char *path, Diagnostics *d)
{
        Steps steps = { .max = CHECK_STEPS };
        const ShadowContext context = { .own = &p->state->rules,
                .is_stored = true,
                .families = { true, true },
                .now_usec = clock_now_usec(CLOCK_REALTIME),
                .steps = &steps };
        size_t pairs = 0;

        for (Direction i = 0; i < _DIRECTION_MAX; i++)
                for (size_t k = 0; k < ruleset->directions[i].n; k++) {
                        const Rule *rule = ruleset->directions[i].rules[k].rule;

                        if (rule->source == SOURCE_P25CTL || !streq_null(rule->file, path))
                                continue;
                        pairs += ruleset->directions[i].n;
                        if (pairs > CHECK_PAIRS || steps.made > CHECK_STEPS_ALL)
                                return 0;
                        if (shadow_warn_rule(ruleset, i, k, &context, d) < 0)
                                return -ENOMEM;
                }
        return 0;
}

static int policy_compile(
        const Offline *o, const Policy *p, bool assertions, const char *path, Diagnostics *d)
{
        _cleanup_(ruleset_free_p) Ruleset *ruleset = NULL;
        int r;

        r = compile_policy(p, &o->names, d, &ruleset);
        if (r >= 0 && assertions)
                r = assertions_check(p, ruleset, &o->names, d);
        if (r >= 0 && path)
                r = warn_rules(p, ruleset, path, d);
        return r;
}

/* The whole policy with the document in its place. Roles that p25ctl set stand over a host
 * file's, which must be right all the same: `reset` brings them back. */
static int document_compile(
        const Offline *o, const Document *document, const char *path, Diagnostics *d)
{
        _cleanup_(policy_free_p) Policy *p = NULL;
        int r;

        if (document->role) {
                p = policy_new();
                r = p ? role_policy(document->role, p) : -ENOMEM;
        } else {
                r = offline_surroundings(o, &p);
        }
        if (r >= 0)
                r = document_put(document, p);
        if (r >= 0)
                r = policy_compile(o, p, !role_requires(document->role), path, d);
        if (r >= 0 && document->host && p->state->roles_set) {
                p->state->roles_set = false;
                r = policy_compile(o, p, false, NULL, d);
        }
        return r;
}

/* Warnings of other files do not belong to this document. */
static bool diagnostic_concerns(const Diagnostic *d, const char *path)
{
        return d->severity == SEVERITY_ERROR ||
               (d->severity == SEVERITY_WARNING && d->file && streq(d->file, path));
}

static int tell_concerns(Cli *c, const Diagnostics *d, const char *path)
{
        Diagnostics alone = { .n_errors = d->n_errors };
        int status;

        alone.items = calloc(d->n + 1, sizeof(Diagnostic));
        if (!alone.items)
                return cli_fail_errno(c, -ENOMEM, path);
        for (size_t i = 0; i < d->n; i++)
                if (diagnostic_concerns(&d->items[i], path))
                        alone.items[alone.n++] = d->items[i];
        status = cli_tell_diagnostics(c, &alone);
        free(alone.items);
        return status;
}

static int file_check(Cli *c, const Offline *o, const char *path, Json *list)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_document_ Document document = { 0 };
        Json *item = json_new_object();
        int status, r;

        r = document_load(o, path, &d, &document);
        if (r >= 0)
                r = document_compile(o, &document, path, &d);
        status = tell_concerns(c, &d, path);
        if (r < 0 && status == 0)
                status = cli_fail(c, EXIT_BAD_INPUT, "%s: %s", path, strerror(-r));
        json_set(item, "file", json_new_string(path));
        json_set(item, "valid", json_new_bool(status == 0));
        if (document.host || document.fragment || document.role)
                json_set(item, "kind", json_new_string(kind_names[document.kind]));
        json_append(list, item);
        if (status == 0)
                cli_say(c, "%s: ok (%s)", path, kind_names[document.kind]);
        return status;
}

/* ---- which files ---- */

static int path_join(const char *folder, const char *name, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };
        size_t n = strlen(folder);

        buffer_printf(&b, "%s%s%s", folder, n > 0 && folder[n - 1] == '/' ? "" : "/", name);
        return buffer_take(&b, ret);
}

static bool is_folder(const char *path)
{
        struct stat st;

        return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The files that p25d reads in a folder; of /etc/p25 also those of its own folders. */
static int folder_add(const char *folder, char ***files, Diagnostics *d)
{
        static const char *const inner[] = { "policy.d", "roles.d" };
        _cleanup_strv_ char **names = NULL;
        int r = host_list_conf(folder, d, &names);

        STRV_FOREACH (name, names) {
                char *path;

                if (r >= 0)
                        r = path_join(folder, *name, &path);
                if (r >= 0)
                        r = strv_consume(files, path);
        }
        for (size_t i = 0; r >= 0 && i < ELEMENTS(inner); i++) {
                _cleanup_free_ char *path = NULL;

                r = path_join(folder, inner[i], &path);
                if (r >= 0 && is_folder(path))
                        r = folder_add(path, files, d);
        }
        return r;
}

/* Without arguments all that a reload would read. */
static int files_collect(Cli *c, const Offline *o, char *const *args, char ***ret)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_strv_ char **files = NULL;
        int r = 0, status;

        if (!args[0] && access(o->paths.conf, F_OK) == 0)
                r = strv_append(&files, o->paths.conf);
        if (!args[0] && r >= 0)
                r = folder_add(o->paths.policy_folder, &files, &d);
        if (!args[0] && r >= 0)
                r = folder_add(o->paths.roles_folder, &files, &d);
        for (; r >= 0 && *args; args++) {
                size_t before = strv_length(files);

                r = is_folder(*args) ? folder_add(*args, &files, &d) : strv_append(&files, *args);
                if (r >= 0 && strv_length(files) == before)
                        return cli_fail(
                                c, EXIT_BAD_INPUT, "%s: the folder has no *.conf files", *args);
        }
        status = cli_tell_diagnostics(c, &d);
        if (r < 0 || status != 0)
                return status != 0 ? status : cli_fail_errno(c, r, "check");
        *ret = TAKE_PTR(files);
        return 0;
}

int command_check(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_offline_ Offline o = { 0 };
        _cleanup_strv_ char **files = NULL;
        Json *document = json_new_object(), *list = json_new_array();
        int status;

        (void)v, (void)n;
        status = offline_open(c, &o);
        if (status == 0)
                status = files_collect(c, &o, args, &files);
        if (status == 0 && !files)
                cli_say(c, "There are no files to check.");
        STRV_FOREACH (file, files) {
                int found = status != EXIT_FAILED ? file_check(c, &o, *file, list) : 0;

                status = found != 0 ? found : status;
        }
        json_set(document, "files", list);
        json_set(document, "errors", c->errors ? c->errors : json_new_array());
        json_set(document, "warnings", c->warnings ? c->warnings : json_new_array());
        c->errors = c->warnings = NULL;
        cli_document(c, document);
        return status;
}
