/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the values of the properties, and signals those that have changed.
 */

#include "daemon/bus/properties.h"

#include "rules/base/strv.h"
#include "rules/policy/effective.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"

#include <errno.h>

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

/* The present values of the manager; all pointers are borrowed. */
static BusProperties properties_now(const Bus *b)
{
        const Policy *policy = manager_policy(b->manager);
        PendingReport pending;

        manager_pending(b->manager, &pending);
        return (BusProperties){
                .version = (char *)P25_VERSION,
                .active = manager_is_active(b->manager),
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

int bus_property_get(_unused_ sd_bus *bus, _unused_ const char *path,
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

/* If memory is short, the next signal may be superfluous. */
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
        if (b->ready && n > 0) {
                sd_bus_emit_properties_changed_strv(b->bus, BUS_PATH, BUS_INTERFACE, changed);
                bus_backlog_signal(&b->backlog);
        }
}
