/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the interface: its members and their types for the bus, its methods with the privilege that
 * each needs, and the way from a message to a handler, which leads past the authorisation.
 */

#include "daemon/bus/internal.h"

#include <errno.h>

const BusMethod bus_methods[] = {
        { "Describe", PRIVILEGE_READ, bus_describe },
        { "ListRules", PRIVILEGE_READ, bus_list_rules },
        { "ListRoles", PRIVILEGE_READ, bus_list_roles },
        { "ListSets", PRIVILEGE_READ, bus_list_sets },
        { "ListFragments", PRIVILEGE_READ, bus_list_fragments },
        { "AddRule", PRIVILEGE_MANAGE, bus_add_rule },
        { "RemoveRule", PRIVILEGE_MANAGE, bus_remove_rule },
        { "AddRules", PRIVILEGE_MANAGE, bus_add_rules },
        { "RemoveRules", PRIVILEGE_MANAGE, bus_remove_rules },
        { "SetRoles", PRIVILEGE_MANAGE, bus_set_roles },
        { "SetDefault", PRIVILEGE_MANAGE, bus_set_default },
        { "SetEnabled", PRIVILEGE_MANAGE, bus_set_enabled },
        { "SetLockdown", PRIVILEGE_MANAGE, bus_set_lockdown },
        { "SetLogging", PRIVILEGE_MANAGE, bus_set_logging },
        { "PutFragment", PRIVILEGE_MANAGE, bus_put_fragment },
        { "GetFragment", PRIVILEGE_READ, bus_get_fragment },
        { "GetRole", PRIVILEGE_READ, bus_get_role },
        { "GetRuleset", PRIVILEGE_READ, bus_get_ruleset },
        { "GetSet", PRIVILEGE_READ, bus_get_set },
        { "ReplaceSet", PRIVILEGE_MANAGE, bus_replace_set },
        { "UpdateSet", PRIVILEGE_MANAGE, bus_update_set },
        { "DropSet", PRIVILEGE_MANAGE, bus_drop_set },
        { "Reload", PRIVILEGE_MANAGE, bus_reload },
        { "Reset", PRIVILEGE_MANAGE, bus_reset },
        { "DescribeReload", PRIVILEGE_READ, bus_describe_reload },
        { "Confirm", PRIVILEGE_MANAGE, bus_confirm },
        { "Rollback", PRIVILEGE_MANAGE, bus_rollback },
        { "ListRevisions", PRIVILEGE_READ, bus_list_revisions },
        { "DiffRevisions", PRIVILEGE_READ, bus_diff_revisions },
        { "Check", PRIVILEGE_READ, bus_check },
        { "Explain", PRIVILEGE_READ, bus_explain },
        { "ListEvents", PRIVILEGE_READ, bus_not_available },
        { 0 },
};

int bus_not_available(BusCall *c, sd_bus_error *error)
{
        return sd_bus_error_setf(error, BUS_ERROR_NOT_SUPPORTED,
                "%s is not available in this version", c->method->name);
}

/* ---- calls ---- */

static BusCall *call_free(BusCall *c)
{
        if (c->upload)
                c->bus->n_uploads--;
        bus_upload_free(c->upload);
        sd_event_source_disable_unref(c->pause);
        auth_query_cancel(&c->auth);
        manager_wait_cancel(&c->wait);
        if (c->next)
                c->next->previous = c->previous;
        if (c->previous)
                c->previous->next = c->next;
        else
                c->bus->calls = c->next;
        c->bus->n_calls--;
        sd_bus_message_unref(c->message);
        free(c->text);
        free(c);
        return NULL;
}

static int call_new(Bus *b, sd_bus_message *m, const BusMethod *method, BusCall **ret)
{
        BusCall *c = calloc(1, sizeof(*c));

        if (!c)
                return -ENOMEM;
        *c = (BusCall){
                .bus = b,
                .next = b->calls,
                .message = sd_bus_message_ref(m),
                .method = method,
        };
        if (b->calls)
                b->calls->previous = c;
        b->calls = c;
        b->n_calls++;
        *ret = c;
        return 0;
}

/* One line that a terminal can show, whatever text of a client's the message holds. */
static void error_make_printable(sd_bus_error *error)
{
        _cleanup_(sd_bus_error_free) sd_bus_error printable = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *message = NULL;

        if (!error->message || text_is_printable(error->message))
                return;
        message = strdup(error->message);
        if (message)
                text_make_printable(message);
        sd_bus_error_set(&printable, error->name, message);
        sd_bus_error_free(error);
        sd_bus_error_move(error, &printable);
}

int bus_error_complete(int r, sd_bus_error *error)
{
        if (r >= 0)
                return r;
        if (sd_bus_error_is_set(error)) {
                error_make_printable(error);
                return r;
        }
        switch (r) {
        case -EACCES:
                return auth_error(r, error);
        case -EBADMSG: /* how the bus library says that the types are others */
        case -ENXIO:
                return sd_bus_error_set(error, BUS_ERROR_INVALID_ARGS,
                        "the arguments are not of the types of the method");
        default:
                return sd_bus_error_set_errno(error, r);
        }
}

void bus_call_finish(BusCall *c, int r, sd_bus_error *error)
{
        r = bus_error_complete(r, error);
        if (r < 0)
                sd_bus_reply_method_error(c->message, error);
        call_free(c);
}

void bus_calls_drop(Bus *b)
{
        while (b->calls)
                call_free(b->calls);
}

static int call_again(void *data, bool last)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        BusCall *c = data;
        int r = sd_bus_message_rewind(c->message, true);

        c->last = last;
        if (r >= 0)
                r = c->run(c, &error);
        if (r != -EBUSY && r <= 0)
                bus_call_finish(c, r, &error);
        return r;
}

void bus_call_run(BusCall *c, BusHandler run)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        bool behind = c->method->privilege == PRIVILEGE_MANAGE && run != bus_confirm &&
                      manager_is_waiting(c->bus->manager);
        int r;

        c->run = run;
        r = behind ? -EBUSY : run(c, &error);
        if (r == -EBUSY)
                r = manager_wait(c->bus->manager, &c->wait, call_again, c) < 0 ? -ENOMEM : 1;
        if (r <= 0)
                bus_call_finish(c, r, &error);
}

static void on_authorised(void *data, int r, const Caller *caller)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        BusCall *c = data;

        if (r >= 0) {
                c->caller = *caller;
                bus_call_name_connection(c);
                bus_call_run(c, c->method->handle);
                return;
        }
        r = auth_error(r, &error);
        bus_call_finish(c, r, &error);
}

/* Every call waits for the bus to say who calls, and some for polkit. */
static int call_begin(Bus *b, sd_bus_message *m, const BusMethod *method, sd_bus_error *error)
{
        BusCall *c;
        int r;

        if (b->n_calls >= BUS_CALLS_MAX)
                return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                        "%d calls are waiting already", BUS_CALLS_MAX);
        r = call_new(b, m, method, &c);
        if (r < 0)
                return r;
        r = auth_query(&b->auth, &c->auth, m, method->privilege, on_authorised, c);
        if (r < 0)
                call_free(c);
        return r;
}

/* Every method's way in. */
static int on_method(sd_bus_message *m, void *data, sd_bus_error *error)
{
        const BusMethod *method = bus_methods;
        Bus *b = data;
        int r;

        while (method->name && !streq(method->name, sd_bus_message_get_member(m)))
                method++;
        if (!method->name)
                return sd_bus_error_set(error, SD_BUS_ERROR_UNKNOWN_METHOD, "no such method");
        r = call_begin(b, m, method, error);
        r = bus_error_complete(r, error);
        return r < 0 ? r : 1;
}

/* ---- properties ---- */

static const struct {
        const char *name;
        const char *signature;
        size_t offset;
} properties[] = {
        { "Version", "s", offsetof(BusProperties, version) },
        { "Active", "b", offsetof(BusProperties, active) },
        { "Backend", "s", offsetof(BusProperties, backend) },
        { "Roles", "as", offsetof(BusProperties, roles) },
        { "Revision", "t", offsetof(BusProperties, revision) },
        { "Lockdown", "b", offsetof(BusProperties, lockdown) },
        { "Logging", "s", offsetof(BusProperties, logging) },
        { "PendingRevision", "t", offsetof(BusProperties, pending_revision) },
        { "PendingDeadline", "t", offsetof(BusProperties, pending_deadline) },
        { "Repairs", "t", offsetof(BusProperties, repairs) },
};

/* What the manager says now; all pointers are borrowed. */
static BusProperties properties_now(const Bus *b)
{
        const Policy *policy = manager_policy(b->manager);
        PendingReport pending;

        manager_pending(b->manager, &pending);
        return (BusProperties){
                .version = (char *)P25_VERSION,
                .active = manager_ruleset(b->manager) != NULL,
                .backend = (char *)manager_backend_name(b->manager),
                .roles = (char **)policy_role_names(policy),
                .revision = policy->state->revision,
                .lockdown = policy->state->lockdown,
                .logging = (char *)logging_to_string(policy_logging(policy)),
                .pending_revision = pending.revision,
                .pending_deadline = pending.deadline_usec,
                .repairs = manager_repairs(b->manager),
        };
}

static const void *property_place(const BusProperties *p, size_t i)
{
        return (const char *)p + properties[i].offset;
}

static bool property_equal(const BusProperties *a, const BusProperties *b, size_t i)
{
        const void *x = property_place(a, i), *y = property_place(b, i);

        if (streq(properties[i].signature, "as"))
                return strv_equal(*(char *const *const *)x, *(char *const *const *)y);
        if (streq(properties[i].signature, "s"))
                return streq_null(*(char *const *)x, *(char *const *)y);
        if (streq(properties[i].signature, "b"))
                return *(const int *)x == *(const int *)y;
        return *(const uint64_t *)x == *(const uint64_t *)y;
}

static int property_get(_unused_ sd_bus *bus, _unused_ const char *path,
        _unused_ const char *interface, const char *property, sd_bus_message *reply, void *data,
        sd_bus_error *error)
{
        BusProperties now = properties_now(data);

        for (size_t i = 0; i < ELEMENTS(properties); i++) {
                const void *place = property_place(&now, i);

                if (!streq(properties[i].name, property))
                        continue;
                if (streq(properties[i].signature, "as"))
                        return sd_bus_message_append_strv(reply, now.roles);
                if (streq(properties[i].signature, "s"))
                        place = *(char *const *)place;
                return sd_bus_message_append_basic(reply, properties[i].signature[0], place);
        }
        return sd_bus_error_set(error, SD_BUS_ERROR_UNKNOWN_PROPERTY, "no such property");
}

void bus_properties_deinit(BusProperties *p)
{
        free(p->version);
        free(p->backend);
        strv_free(p->roles);
        free(p->logging);
        *p = (BusProperties){ 0 };
}

/* Memory that is short costs a superfluous signal the next time, no more. */
static void properties_keep(BusProperties *p, const BusProperties *now)
{
        bus_properties_deinit(p);
        *p = *now;
        p->version = strdup(now->version);
        p->backend = strdup(now->backend);
        p->logging = strdup(now->logging);
        p->roles = NULL;
        strv_copy(now->roles, &p->roles);
}

void bus_publish(Bus *b)
{
        BusProperties now = properties_now(b);
        char *changed[ELEMENTS(properties) + 1];
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTS(properties); i++)
                if (!property_equal(&b->published, &now, i))
                        changed[n++] = (char *)properties[i].name;
        changed[n] = NULL;
        properties_keep(&b->published, &now);
        if (b->ready && n > 0)
                sd_bus_emit_properties_changed_strv(b->bus, BUS_PATH, BUS_INTERFACE, changed);
}

/* ---- the interface ---- */

/* Every method is open to every caller here, so that the bus library does not decide by
 * credentials of its own: on_method() does. */
#define METHOD(name, arguments, results)                                                       \
        SD_BUS_METHOD_WITH_ARGS(name, SD_BUS_ARGS arguments, SD_BUS_RESULT results, on_method, \
                SD_BUS_VTABLE_UNPRIVILEGED)
#define CHANGE(name, ...)                                                          \
        SD_BUS_METHOD_WITH_ARGS(name, SD_BUS_ARGS(__VA_ARGS__),                    \
                SD_BUS_RESULT("b", changed, "t", revision, "as", diff), on_method, \
                SD_BUS_VTABLE_UNPRIVILEGED)
#define PROPERTY(name, signature) \
        SD_BUS_PROPERTY(name, signature, property_get, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE)

const sd_bus_vtable bus_vtable[] = {
        SD_BUS_VTABLE_START(0),

        SD_BUS_METHOD_WITH_ARGS("Describe", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json), on_method,
                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListRules", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", rules),
                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListRoles", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", roles),
                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListSets", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", sets),
                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("ListFragments", SD_BUS_NO_ARGS, SD_BUS_RESULT("aa{sv}", fragments),
                on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        CHANGE("AddRule", "a{sv}", rule, "a{sv}", options),
        CHANGE("RemoveRule", "a{sv}", rule, "a{sv}", options),
        CHANGE("AddRules", "aa{sv}", rules, "a{sv}", options),
        CHANGE("RemoveRules", "aa{sv}", rules, "a{sv}", options),
        CHANGE("SetRoles", "as", roles, "a{sv}", options),
        CHANGE("SetDefault", "s", direction, "s", action, "a{sv}", options),
        CHANGE("SetEnabled", "b", enabled, "a{sv}", options),
        CHANGE("SetLockdown", "b", lockdown, "a{sv}", options),
        CHANGE("SetLogging", "s", level, "a{sv}", options),
        CHANGE("PutFragment", "s", name, "s", text, "a{sv}", options),
        METHOD("GetFragment", ("s", name), ("s", text)),
        METHOD("GetRole", ("s", name), ("s", text)),
        METHOD("GetRuleset", ("s", format), ("s", text)),
        METHOD("GetSet", ("s", name), ("h", file)),
        CHANGE("ReplaceSet", "s", name, "h", file, "a{sv}", options),
        CHANGE("UpdateSet", "s", name, "as", add, "as", remove, "a{sv}", options),
        CHANGE("DropSet", "s", name, "a{sv}", options),
        CHANGE("Reload", "a{sv}", options),
        CHANGE("Reset", "a{sv}", options),
        SD_BUS_METHOD_WITH_ARGS("DescribeReload", SD_BUS_ARGS("a{sv}", options),
                SD_BUS_RESULT("b", changed, "as", diff, "t", revision), on_method,
                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Confirm", SD_BUS_ARGS("t", revision), SD_BUS_NO_RESULT, on_method,
                SD_BUS_VTABLE_UNPRIVILEGED),
        CHANGE("Rollback", "t", revision, "a{sv}", options),
        METHOD("ListRevisions", ("u", max), ("aa{sv}", revisions)),
        SD_BUS_METHOD_WITH_ARGS("DiffRevisions", SD_BUS_ARGS("t", from, "t", to),
                SD_BUS_RESULT("as", diff), on_method, SD_BUS_VTABLE_UNPRIVILEGED),
        METHOD("Check", ("s", text), ("aa{sv}", diagnostics)),
        METHOD("Explain", ("a{sv}", packet), ("a{sv}", explanation)),
        METHOD("ListEvents", ("t", after, "u", max), ("aa{sv}", events)),

        PROPERTY("Version", "s"),
        PROPERTY("Active", "b"),
        PROPERTY("Backend", "s"),
        PROPERTY("Roles", "as"),
        PROPERTY("Revision", "t"),
        PROPERTY("Lockdown", "b"),
        PROPERTY("Logging", "s"),
        PROPERTY("PendingRevision", "t"),
        PROPERTY("PendingDeadline", "t"),
        PROPERTY("Repairs", "t"),

        SD_BUS_SIGNAL_WITH_ARGS("Changed", SD_BUS_ARGS("t", revision, "u", uid, "s", reason), 0),
        SD_BUS_SIGNAL_WITH_ARGS("Repaired", SD_BUS_ARGS("t", count, "u", pid, "s", process), 0),
        SD_BUS_SIGNAL_WITH_ARGS("Blocked", SD_BUS_ARGS("a{sv}", event), 0),
        SD_BUS_SIGNAL_WITH_ARGS("Alert", SD_BUS_ARGS("a{sv}", alert), 0),

        SD_BUS_VTABLE_END,
};
