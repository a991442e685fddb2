/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Resolves users, groups and units of rules: asks Names once for each name, and reports those that
 * do not exist.
 */

#include "rules/base/array.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/compile/compilation.h"

#include <errno.h>

/* of "no such NOUN: x" */
static const char *const nouns[_NAME_KIND_MAX] = {
        [NAME_USER] = "user",
        [NAME_GROUP] = "group",
        [NAME_UNIT] = "unit",
};

void name_table_deinit(NameTable *t)
{
        for (size_t i = 0; i < t->n; i++)
                free(t->answers[i].name);
        free(t->answers);
        number_map_deinit(&t->by_hash);
        *t = (NameTable){ 0 };
}

void identities_deinit(Identities *i)
{
        free(i->ids.ids);
        free(i->units);
        strv_free(i->names);
        *i = (Identities){ 0 };
}

static void *copy_array(const void *array, size_t n, size_t size)
{
        void *copy = malloc(n > 0 ? n * size : 1);

        if (copy && n > 0)
                memcpy(copy, array, n * size);
        return copy;
}

int identities_copy(const Identities *i, Identities *ret)
{
        Identities copy = { .ids = i->ids, .n_units = i->n_units };

        copy.ids.ids = copy_array(i->ids.ids, i->ids.n, sizeof(*i->ids.ids));
        copy.units = copy_array(i->units, i->n_units, sizeof(*i->units));
        if (!copy.ids.ids || !copy.units || strv_copy(i->names, &copy.names) < 0) {
                identities_deinit(&copy);
                return -ENOMEM;
        }
        *ret = copy;
        return 0;
}

/* 0; -ERANGE for a number that is not a valid uid or gid; -ENOENT for other texts. */
static int number_parse(const char *s, uint32_t *ret)
{
        uint64_t n;
        int r = digits_parse(s, strlen(s), UINT32_MAX - 1, &n); /* (uid_t)-1 means none */

        if (r < 0)
                return r == -EINVAL ? -ENOENT : r;
        *ret = (uint32_t)n;
        return 0;
}

static int name_ask(const Names *names, NameKind kind, NameAnswer *a)
{
        int r;

        switch (kind) {
        case NAME_USER:
                r = number_parse(a->name, &a->id);
                return r != -ENOENT ? r : names->user(names->data, a->name, &a->id);
        case NAME_GROUP:
                r = number_parse(a->name, &a->id);
                return r != -ENOENT ? r : names->group(names->data, a->name, &a->id);
        case NAME_UNIT:
                if (!unit_name_is_valid(a->name) || unit_type_without_processes(a->name))
                        return -EINVAL;
                return names->unit(names->data, a->name, &a->cgroup);
        case _NAME_KIND_MAX:
                break;
        }
        return -EINVAL;
}

static int name_get(Compilation *c, NameKind kind, const char *name, NameAnswer **ret)
{
        NameTable *t = c->tables + kind;
        uint64_t hash = hash_finish(hash_string(HASH_BEGIN, name)), *index;
        NameAnswer *a;

        for (;; hash = hash_finish(hash + 1)) {
                index = number_map_get(&t->by_hash, hash);
                if (!index)
                        return -ENOMEM;
                if (*index == 0)
                        break;
                a = t->answers + *index - 1;
                if (streq(a->name, name)) {
                        *ret = a;
                        return 0;
                }
        }
        if (array_grow(&t->answers, t->n, sizeof(*t->answers)) < 0)
                return -ENOMEM;
        a = t->answers + t->n;
        *a = (NameAnswer){ .name = strdup(name) };
        if (!a->name)
                return -ENOMEM;
        *index = ++t->n;
        a->error = name_ask(c->names, kind, a);
        if (a->error == -ENOMEM)
                return -ENOMEM;
        *ret = a;
        return 0;
}

/* Once for each place: a variable that a hundred rules use is one mistake. */
static bool name_was_reported(NameAnswer *a, Place place)
{
        uint64_t here = hash_finish(hash_number(hash_string(HASH_BEGIN, place.file), place.line));
        bool was = a->reported_at == here;

        a->reported_at = here;
        return was;
}

/* A name that may resolve later: the rule matches nothing of it until then. */
static bool name_may_come(NameKind kind, const NameAnswer *a)
{
        return a->error == -EAGAIN || (kind == NAME_UNIT && a->error == -ENOENT);
}

/* A candidate of a role's need not be there; it may be installed. */
static void unit_forgive(const NameQuery *q, NameAnswer *a)
{
        if (q->candidates && a->error == -ENXIO) {
                a->error = -ENOENT;
                a->cgroup.hint[0] = '\0';
        }
}

/* The '@' of "postfix@.service" and "postfix@", of which only instances run; NULL: another name. */
static const char *template_at(const char *unit)
{
        const char *at = strchr(unit, '@');

        return at && (at[1] == '\0' || streq(at + 1, ".service")) ? at : NULL;
}

static int report_later(Compilation *c, const NameQuery *q, const NameAnswer *a)
{
        Severity severity = q->candidates ? SEVERITY_NOTE : SEVERITY_WARNING;
        const char *at = q->kind == NAME_UNIT ? template_at(a->name) : NULL;

        if (at)
                return compile_report(c, severity, q->site,
                        "unit %s is a template, which never runs itself: write %.*s@*.service for "
                        "all of its instances",
                        a->name, (int)(at - a->name), a->name);
        if (a->error == -EAGAIN)
                return compile_report(c, severity, q->site,
                        "%s %s cannot be looked up yet: until then the rule does not match it",
                        nouns[q->kind], a->name);
        return compile_report(c, severity, q->site, "unit %s is not running: %s", a->name,
                a->cgroup.hint[0] ? a->cgroup.hint : "until it is, the rule does not match it");
}

/* A name that did not resolve: an error, unless it may resolve later. */
static int name_report(Compilation *c, const NameQuery *q, NameAnswer *a)
{
        const char *noun = nouns[q->kind];

        if (name_was_reported(a, q->site.place))
                return name_may_come(q->kind, a) ? 0 : -EINVAL;
        if (name_may_come(q->kind, a))
                return report_later(c, q, a);
        if (q->kind == NAME_UNIT && a->error == -EINVAL)
                return compile_error(
                        c, q->site, "%s is not a valid name of a systemd unit", a->name);
        if (a->error == -EOPNOTSUPP)
                return compile_error(c, q->site,
                        "unit %s: units need cgroup v2, which this host does not have", a->name);
        if (a->error == -ENXIO && a->cgroup.hint[0])
                return compile_error(c, q->site, "no such unit: %s; did you mean \"%s\"?", a->name,
                        a->cgroup.hint);
        if (a->error == -ENOENT || a->error == -ENXIO)
                return compile_error(c, q->site, "no such %s: %s", noun, a->name);
        if (a->error == -ERANGE)
                return compile_error(
                        c, q->site, "%s is out of range for a %s (0 to 4294967294)", a->name, noun);
        return compile_error(c, q->site, "%s %s cannot be resolved: %s", noun, a->name,
                strerrordesc_np(-a->error));
}

static int compare_ids(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

        return (x > y) - (x < y);
}

static void ids_sort(CompiledIds *l)
{
        size_t n = 0;

        if (l->n > 1)
                qsort(l->ids, l->n, sizeof(*l->ids), compare_ids);
        for (size_t k = 0; k < l->n; k++)
                if (n == 0 || l->ids[n - 1] != l->ids[k])
                        l->ids[n++] = l->ids[k];
        l->n = n;
}

static int identities_add(NameKind kind, const NameAnswer *a, Identities *i)
{
        if (kind == NAME_UNIT) {
                if (strv_contains(i->names, a->name))
                        return 0;
                if (array_grow(&i->units, i->n_units, sizeof(*i->units)) < 0)
                        return -ENOMEM;
                i->units[i->n_units] = (CompiledUnit){ .cgroup = a->error < 0 ? 0 : a->cgroup.id,
                        .level = a->cgroup.level };
                memcpy(i->units[i->n_units++].path, a->cgroup.path, sizeof(a->cgroup.path));
        } else if (a->error == 0) {
                if (array_grow(&i->ids.ids, i->ids.n, sizeof(*i->ids.ids)) < 0)
                        return -ENOMEM;
                i->ids.ids[i->ids.n++] = a->id;
        }
        return strv_append(&i->names, a->name);
}

/* Adds one name to *i, or to missing. */
static int name_resolve(
        Compilation *c, const NameQuery *q, const char *name, Identities *i, Buffer *missing)
{
        NameAnswer *a;
        int r;

        r = name_get(c, q->kind, name, &a);
        if (r < 0)
                return r;
        unit_forgive(q, a);
        if (q->candidates && q->kind != NAME_UNIT && a->error == -ENOENT) {
                buffer_printf(missing, "%s%s", missing->length > 0 ? ", " : "", name);
                return 0;
        }
        r = a->error == 0 ? 0 : name_report(c, q, a);
        return r < 0 ? r : identities_add(q->kind, a, i);
}

int identities_resolve(Compilation *c, const NameQuery *q, Identities *ret, char **ret_missing)
{
        _cleanup_(identities_deinit) Identities i = { .ids.stated = true };
        _cleanup_buffer_ Buffer missing = { 0 };
        bool failed = false;

        for (char *const *name = q->names; name && *name; name++) {
                int r = name_resolve(c, q, *name, &i, &missing);

                if (r < 0 && r != -EINVAL)
                        return r;
                failed |= r < 0;
        }
        if (failed)
                return -EINVAL;
        ids_sort(&i.ids);
        *ret_missing = NULL;
        if ((missing.failed || missing.length > 0) && buffer_take(&missing, ret_missing) < 0)
                return -ENOMEM;
        *ret = TAKE_STRUCT(i);
        return 0;
}
