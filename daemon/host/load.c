/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The files of a host to a policy: p25.conf, fragments, roles and the set files that they name.
 * Decides nothing about what they say.
 */

#include "daemon/host/internal.h"
#include "rules/address/prefixset.h"
#include "rules/base/array.h"
#include "rules/base/diagnostic.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/policy.h"
#include "rules/policy/role.h"
#include "rules/policy/valid.h"

#include <errno.h>
#include <stdio.h>

static bool path_goes_up(const char *path)
{
        for (const char *p = path; (p = strstr(p, "..")); p += 2)
                if (p > path && p[-1] == '/' && (p[2] == '/' || p[2] == '\0'))
                        return true;
        return false;
}

/* Reads one set file; the error names the place where the set is declared, unless it is about a
 * line. */
static int load_set_file(SetDecl *set, const char *root, HostInputs *inputs, Diagnostics *d)
{
        Place place = { .file = set->file, .line = set->line };
        _cleanup_free_ char *path = NULL, *text = NULL;
        char setting[sizeof("sets..file") + NAME_MAX_LENGTH];
        const char *why;
        size_t length;
        int r;

        (void)snprintf(setting, sizeof(setting), "sets.%s.file", set->name);
        if (set->path[0] != '/' || path_goes_up(set->path))
                return diagnostics_error(d, place, setting,
                        "%s: %s: a set file is named by its path from the root, without '..'",
                        setting, set->path);
        if (text_printf(&path, "%s%s", root, set->path) < 0)
                return -ENOMEM;

        r = host_read_named(path, SET_TEXT_MAX, inputs, &text, &length);
        if (r == -ENOMEM)
                return r;
        if (r == -EFBIG)
                return diagnostics_error(d, place, setting,
                        "%s: %s is larger than %u MiB, the most that is read of a set file",
                        setting, path, SET_TEXT_MAX >> 20);
        if (r < 0) {
                why = host_errno_text(r);
                return diagnostics_error(d, place, setting, "%s: %s %s", setting, path,
                        why ? why : "cannot be read");
        }
        return prefix_set_parse(text, length, path, d, &set->entries);
}

int host_load_set_files(Fragment *f, const char *root, HostInputs *inputs, Diagnostics *d)
{
        int result = 0;

        for (size_t i = 0; i < f->sets.n; i++) {
                SetDecl *set = &f->sets.items[i];
                int r;

                if (set->entries || !set->path)
                        continue;
                r = load_set_file(set, root, inputs, d);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        result = -EINVAL;
        }
        return result;
}

int host_load_conf(const HostPaths *p, HostInputs *inputs, Diagnostics *d, HostConf **ret)
{
        _cleanup_(host_conf_unref_p) HostConf *host = NULL;
        _cleanup_free_ char *text = NULL;
        struct stat st;
        size_t length;
        int r;

        /* A dangling link is an error, not a missing file, because the admin meant something by it.
         */
        if (lstat(p->conf, &st) < 0 && errno == ENOENT) {
                *ret = NULL;
                return 0;
        }
        r = host_read_input(p->conf, POLICY_TEXT_MAX, inputs, d, &text, &length);
        if (r < 0)
                return r;
        r = parse_host(text, length, p->conf, d, &host);
        if (r < 0)
                return r;
        r = host_load_set_files(host->common, p->root, inputs, d);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(host);
        return 0;
}

/* "NAME.conf" → "NAME", an error if that is not a valid name. */
static int fragment_name(const char *file, const char *path, Diagnostics *d, char **ret)
{
        _cleanup_free_ char *name = strndup(file, strlen(file) - strlen(".conf"));

        if (!name)
                return -ENOMEM;
        if (!name_is_valid(name))
                return diagnostics_error(d, ((Place){ .file = path }), NULL,
                        "the name of a fragment is 1 to %d of A-Z a-z 0-9 . _ -", NAME_MAX_LENGTH);
        *ret = TAKE_PTR(name);
        return 0;
}

static int load_fragment(const HostPaths *p, const char *folder, const char *file,
        HostInputs *inputs, Diagnostics *d, Policy *policy)
{
        _cleanup_free_ char *path = NULL, *name = NULL, *text = NULL;
        _cleanup_(fragment_unref_p) Fragment *f = NULL;
        size_t length;
        int r;

        r = text_printf(&path, "%s/%s", folder, file);
        if (r < 0)
                return r;
        r = fragment_name(file, path, d, &name);
        if (r < 0)
                return r;
        r = host_read_input(path, POLICY_TEXT_MAX, inputs, d, &text, &length);
        if (r < 0)
                return r;
        r = parse_fragment(text, length, name, path, d, &f);
        if (r < 0)
                return r;
        r = host_load_set_files(f, p->root, inputs, d);
        if (r >= 0)
                r = array_insert(&policy->files, &policy->n_files, sizeof(f), policy->n_files, &f);
        if (r < 0)
                return r;
        fragment_ref(f);
        return 0;
}

/* An own role replaces a shipped one; duplicates in one folder are an error. */
static int add_role(Policy *policy, Role *role, Diagnostics *d)
{
        const Role *other = policy_find_role(policy, role->name);

        if (other && other->shipped == role->shipped)
                return diagnostics_error(d, ((Place){ .file = role->file }), "role.name",
                        "role %s is also defined in %s", role->name, other->file);
        return policy_put_role(policy, role);
}

static int load_role(const HostPaths *p, const char *folder, const char *file, HostInputs *inputs,
        Diagnostics *d, Policy *policy)
{
        _cleanup_free_ char *path = NULL, *text = NULL;
        _cleanup_(role_unref_p) Role *role = NULL;
        size_t length;
        int r;

        r = text_printf(&path, "%s/%s", folder, file);
        if (r < 0)
                return r;
        r = host_read_input(path, POLICY_TEXT_MAX, inputs, d, &text, &length);
        if (r < 0)
                return r;
        r = parse_role(text, length, path, d, &role);
        if (r < 0)
                return r;
        role->shipped = folder == p->shipped;
        return add_role(policy, role, d);
}

/* Goes on after an error, so that all are reported; the first one's errno, or 0. */
static int load_folder(const HostPaths *p, const char *folder,
        int (*load)(const HostPaths *p, const char *folder, const char *file, HostInputs *inputs,
                Diagnostics *d, Policy *policy),
        HostInputs *inputs, Diagnostics *d, Policy *policy)
{
        _cleanup_strv_ char **files = NULL;
        int result;

        result = host_list_conf(folder, d, &files);
        if (result < 0)
                return result;
        STRV_FOREACH (file, files) {
                int r = load(p, folder, *file, inputs, d, policy);

                if (r == -ENOMEM)
                        return r;
                if (r < 0 && result == 0)
                        result = r;
        }
        return result;
}

static int load_roles(const HostPaths *p, HostInputs *inputs, Diagnostics *d, Policy *policy)
{
        int r, own;

        r = load_folder(p, p->shipped, load_role, inputs, d, policy);
        if (r == -ENOMEM)
                return r;
        own = load_folder(p, p->roles_folder, load_role, inputs, d, policy);
        return r < 0 ? r : own;
}

int host_load_roles(const HostPaths *p, Diagnostics *d, Policy *policy)
{
        return load_roles(p, NULL, d, policy);
}

static int load_files(
        const HostPaths *p, HostConf *conf, HostInputs *inputs, Diagnostics *d, Policy **ret)
{
        _cleanup_(policy_free_p) Policy *policy = policy_new();
        int r, result = 0;

        if (!policy)
                return -ENOMEM;
        if (conf)
                policy->host = host_conf_ref(conf);
        else
                result = host_load_conf(p, inputs, d, &policy->host);
        if (result == -ENOMEM)
                return result;
        r = load_folder(p, p->policy_folder, load_fragment, inputs, d, policy);
        if (r == -ENOMEM)
                return r;
        if (result >= 0)
                result = r;
        r = load_roles(p, inputs, d, policy);
        if (r < 0 && result >= 0)
                result = r;
        if (result < 0)
                return result;
        *ret = TAKE_PTR(policy);
        return 0;
}

int host_load_files(const HostPaths *p, HostInputs *inputs, Diagnostics *d, Policy **ret)
{
        return load_files(p, NULL, inputs, d, ret);
}

int host_load_files_with(const HostPaths *p, HostConf *conf, Diagnostics *d, Policy **ret)
{
        return load_files(p, conf, NULL, d, ret);
}
