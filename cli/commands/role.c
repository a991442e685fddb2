/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns `role …`.
 */

#include "rules/policy/role.h"
#include "cli/client/change.h"
#include "cli/client/client.h"
#include "cli/commands/commands.h"
#include "cli/offline/offline.h"
#include "daemon/api/api.h"
#include "rules/base/buffer.h"
#include "rules/base/diagnostic.h"
#include "rules/base/json.h"
#include "rules/base/strv.h"
#include "rules/config/print.h"
#include "rules/policy/effective.h"
#include "rules/policy/policy.h"

#include <errno.h>

static int roles_read(Cli *c, Json **ret)
{
        _cleanup_offline_ Offline o = { 0 };
        _cleanup_(policy_free_p) Policy *p = NULL;
        char *const *active;
        int status;

        status = offline_open(c, &o);
        if (status == 0)
                status = offline_policy(c, &o, &p);
        if (status != 0)
                return status;
        active = policy_role_names(p);
        *ret = json_new_array();
        for (size_t i = 0; i < p->n_roles; i++) {
                Json *role = json_new_object();

                json_set(role, "name", json_new_string(p->roles[i]->name));
                json_set(role, "summary",
                        json_new_string(p->roles[i]->summary ? p->roles[i]->summary : ""));
                json_set(role, "active", json_new_bool(strv_contains(active, p->roles[i]->name)));
                json_set(role, "shipped", json_new_bool(p->roles[i]->shipped));
                json_append(*ret, role);
        }
        return 0;
}

int command_role_list(Cli *c, const Verb *v, char **args, size_t n)
{
        Json *roles = NULL;
        int status;

        (void)v, (void)args, (void)n;
        status = c->root ? roles_read(c, &roles) : client_ask_list(c, "ListRoles", &roles, NULL);
        if (status != 0)
                return status;
        for (size_t i = 0; i < json_array_length(roles); i++) {
                const Json *role = json_array_item(roles, i);
                const char *summary = json_get_string(role, "summary");

                cli_say(c, "%s %-16s %s", json_get_bool(role, "active") ? "*" : " ",
                        json_get_string(role, "name"), summary ? summary : "");
        }
        if (!c->json) {
                json_free(roles);
                return 0;
        }
        return cli_document(c, roles);
}

static int role_tell(Cli *c, const char *name, const char *text)
{
        Json *document = json_new_object();

        json_set(document, "name", json_new_string(name));
        json_set(document, "text", json_new_string(text));
        return cli_text(c, text, document);
}

static int role_of_files(Cli *c, const char *name)
{
        _cleanup_offline_ Offline o = { 0 };
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_(policy_free_p) Policy *p = NULL;
        _cleanup_free_ char *text = NULL;
        const Role *role;
        int status, r;

        status = offline_open(c, &o);
        if (status != 0)
                return status;
        r = offline_roles(&o, &d, &p);
        status = cli_tell_diagnostics(c, &d);
        if (r < 0 || status != 0)
                return status != 0 ? status : cli_fail_errno(c, r, o.paths.roles_folder);
        role = policy_find_role(p, name);
        if (!role)
                return cli_fail(c, EXIT_BAD_INPUT,
                        "there is no role %s: 'p25ctl role list' lists them", name);
        if (print_role(role, &text) < 0)
                return cli_fail_errno(c, -ENOMEM, name);
        return role_tell(c, name, text);
}

/* p25d knows where its roles are; without one the files are read where they usually are. */
int command_role_show(Cli *c, const Verb *v, char **args, size_t n)
{
        _cleanup_free_ char *text = NULL;
        int status;

        (void)v, (void)n;
        if (c->root || c->policies || !client_is_reachable(c))
                return role_of_files(c, args[0]);
        status = client_ask_text(c, "GetRole", args[0], &text);
        return status != 0 ? status : role_tell(c, args[0], text);
}

/* ---- set, add, remove ---- */

static int roles_without(Cli *c, char **roles, const char *name, char ***ret)
{
        int r = 0;

        if (!strv_contains(roles, name))
                return cli_fail(c, EXIT_BAD_INPUT, "this host does not have the role %s", name);
        for (char **role = roles; r >= 0 && *role; role++)
                if (!streq(*role, name))
                        r = strv_append(ret, *role);
        return r < 0 ? cli_fail_errno(c, r, name) : 0;
}

static int roles_with(Cli *c, char **roles, const char *name, char ***ret)
{
        int r = strv_copy(roles, ret);

        if (r >= 0 && !strv_contains(roles, name))
                r = strv_append(ret, name);
        return r < 0 ? cli_fail_errno(c, r, name) : 0;
}

/* The whole list that the command asks for. */
static int roles_wanted(Cli *c, const char *verb, char **args, char ***ret)
{
        _cleanup_strv_ char **active = NULL;
        int status, r;

        if (streq(verb, "role set")) {
                r = strv_copy(args, ret);
                return r < 0 ? cli_fail_errno(c, r, verb) : 0;
        }
        status = client_get_strings(c, "Roles", &active);
        if (status != 0)
                return status;
        return streq(verb, "role add") ? roles_with(c, active, args[0], ret)
                                       : roles_without(c, active, args[0], ret);
}

static int roles_tell(Cli *c, const ChangeReply *reply, char **roles)
{
        _cleanup_buffer_ Buffer first = { 0 };
        size_t n = strv_length(roles);

        buffer_add_string(&first, n == 0 ? "No roles" : n == 1 ? "Role: " : "Roles: ");
        STRV_FOREACH (role, roles)
                buffer_printf(&first, "%s%s", role == roles ? "" : ", ", *role);
        if (!reply->changed)
                buffer_add_string(&first, " (as before)");
        if (first.failed)
                return cli_fail_errno(c, -ENOMEM, "roles");
        return client_tell_change(c, reply, first.data, NULL);
}

int command_role_change(Cli *c, const Verb *v, char **args, _unused_ size_t n)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_change_reply_ ChangeReply reply = { 0 };
        _cleanup_strv_ char **roles = NULL;
        int status, r;

        status = roles_wanted(c, v->name, args, &roles);
        if (status == 0)
                status = client_message(c, "SetRoles", &m);
        if (status != 0)
                return status;
        r = sd_bus_message_append_strv(m, roles);
        status = r < 0 ? client_fail_message(c, r) : client_change(c, &m, NULL, &reply);
        return status != 0 ? status : roles_tell(c, &reply, roles);
}
