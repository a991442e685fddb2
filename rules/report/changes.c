/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/report/changes.h"

#include "rules/address/timedset.h"
#include "rules/config/print.h"
#include "rules/policy/expiry.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"
#include "rules/words/words.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

/* A list of strings that knows its length: there may be a hundred thousand of them. */
typedef struct Lines {
        char **items; /* NULL-terminated once there is one */
        size_t n;
} Lines;

static void lines_deinit(Lines *l)
{
        strv_free(l->items);
        *l = (Lines){ 0 };
}

#define _cleanup_lines_ _cleanup_(lines_deinit)

static int lines_consume(Lines *l, char *text)
{
        if (!text)
                return -ENOMEM;
        /* one more than there are, for the NULL */
        if ((l->n == 0 && array_grow(&l->items, 0, sizeof(*l->items)) < 0) ||
                array_grow(&l->items, l->n + 1, sizeof(*l->items)) < 0) {
                free(text);
                return -ENOMEM;
        }
        l->items[l->n++] = text;
        l->items[l->n] = NULL;
        return 0;
}

static int lines_add(Lines *l, const char *format, ...) _printf_(2, 3);

static int lines_add(Lines *l, const char *format, ...)
{
        char *text;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vasprintf(&text, format, ap);
        va_end(ap);
        return n < 0 ? -ENOMEM : lines_consume(l, text);
}

/* ---- texts: what is in one list and not in the other, duplicates counted ---- */

static int compare_texts(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Adds a line with the sign for every text of `of` that has no partner in `other`, in the order of
 * `of`. Both may be NULL. */
static int lines_add_missing(
        Lines *lines, char sign, char *const *of, char *const *other, const char *suffix)
{
        size_t n = strv_length(other), n_of = strv_length(of);
        _cleanup_free_ char **sorted = calloc(n + 1, sizeof(*sorted));
        _cleanup_free_ bool *used = calloc(n + 1, sizeof(*used));

        if (!sorted || !used)
                return -ENOMEM;
        if (n > 0) {
                memcpy(sorted, other, n * sizeof(*sorted));
                qsort(sorted, n, sizeof(*sorted), compare_texts);
        }
        for (size_t i = 0; i < n_of; i++) {
                size_t low = 0, high = n;

                while (low < high) {
                        size_t middle = low + (high - low) / 2;

                        if (strcmp(sorted[middle], of[i]) < 0)
                                low = middle + 1;
                        else
                                high = middle;
                }
                while (low < n && used[low] && streq(sorted[low], of[i]))
                        low++;
                if (low < n && streq(sorted[low], of[i])) {
                        used[low] = true;
                        continue;
                }
                if (lines_add(lines, "%c %s%s", sign, of[i], suffix) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* Removed ones, then added ones; of a mere change of order all of both. */
static int lines_add_texts(Lines *lines, char *const *old, char *const *new, const char *suffix)
{
        size_t before = lines->n;

        if (strv_equal(old, new))
                return 0;
        if (lines_add_missing(lines, '-', old, new, suffix) < 0 ||
                lines_add_missing(lines, '+', new, old, suffix) < 0)
                return -ENOMEM;
        if (lines->n > before)
                return 0;
        return lines_add_missing(lines, '-', old, NULL, suffix) < 0 ||
                               lines_add_missing(lines, '+', new, NULL, suffix) < 0
                       ? -ENOMEM
                       : 0;
}

/* ---- rules ---- */

static int rule_texts(const RuleList *l, size_t from, size_t to, char ***ret)
{
        _cleanup_free_ char **texts = calloc(to - from + 1, sizeof(*texts));
        size_t n = 0;

        if (!texts)
                return -ENOMEM;
        for (size_t i = from; i < to; i++)
                if (rule_words_print_until(l->items[i], &texts[n++]) < 0) {
                        strv_free(TAKE_PTR(texts));
                        return -ENOMEM;
                }
        *ret = TAKE_PTR(texts);
        return 0;
}

static bool rules_agree(const Rule *a, const Rule *b)
{
        return a == b || rule_equal(a, b);
}

/* Common beginnings and ends are skipped by their pointers, because a change usually affects one
 * rule among thousands. */
static int rules_difference(
        const RuleList *old, const RuleList *new, const char *suffix, Lines *lines)
{
        static const RuleList none = { 0 };
        _cleanup_strv_ char **a = NULL, **b = NULL;
        size_t begin = 0, end_old, end_new;

        old = old ? old : &none;
        new = new ? new : &none;
        end_old = old->n;
        end_new = new->n;
        while (begin < end_old && begin < end_new &&
                rules_agree(old->items[begin], new->items[begin]))
                begin++;
        while (end_old > begin && end_new > begin &&
                rules_agree(old->items[end_old - 1], new->items[end_new - 1])) {
                end_old--;
                end_new--;
        }
        if (rule_texts(old, begin, end_old, &a) < 0 || rule_texts(new, begin, end_new, &b) < 0)
                return -ENOMEM;
        return lines_add_texts(lines, a, b, suffix);
}

/* ---- sets ---- */

static int set_line(Lines *lines, char sign, const char *name, size_t n)
{
        return lines_add(lines, "%c set %s %zu %s", sign, name, n, n == 1 ? "entry" : "entries");
}

/* Of a set that is new or gone one line even without entries. */
static int set_difference(
        const char *name, const PrefixSet *old, const PrefixSet *new, Lines *lines)
{
        size_t added, removed;

        prefix_set_count_changes(old, new, &added, &removed);
        if ((removed > 0 || (old && !new)) && set_line(lines, '-', name, removed) < 0)
                return -ENOMEM;
        if ((added > 0 || (new && !old)) && set_line(lines, '+', name, added) < 0)
                return -ENOMEM;
        return 0;
}

typedef struct TimedCount {
        size_t n;
        uint64_t until_usec; /* of all; UINT64_MAX: not the same */
} TimedCount;

static void timed_count(const TimedEntry *e, TimedCount *c)
{
        if (c->n++ == 0)
                c->until_usec = e->until_usec;
        else if (c->until_usec != e->until_usec)
                c->until_usec = UINT64_MAX;
}

static void timed_gone(const TimedEntry *e, void *data)
{
        timed_count(e, (TimedCount *)data);
}

static void timed_came(const TimedEntry *e, void *data)
{
        timed_count(e, (TimedCount *)data + 1);
}

static int timed_line(Lines *lines, char sign, const char *name, const TimedCount *c)
{
        char until[EXPIRY_TEXT_MAX];
        const char *word = c->n == 1 ? "entry" : "entries";

        if (c->n == 0)
                return 0;
        if (c->until_usec == UINT64_MAX)
                return lines_add(
                        lines, "%c set %s %zu %s, each until its own time", sign, name, c->n, word);
        return lines_add(lines, "%c set %s %zu %s until %s", sign, name, c->n, word,
                expiry_format(c->until_usec, until));
}

/* An entry with a new end goes and comes. */
static int timed_difference(
        const char *name, const TimedSet *old, const TimedSet *new, Lines *lines)
{
        TimedCount counts[2] = { 0 };

        timed_set_compare(old, new, timed_gone, timed_came, counts);
        if (timed_line(lines, '-', name, &counts[0]) < 0)
                return -ENOMEM;
        return timed_line(lines, '+', name, &counts[1]);
}

static const PrefixSet *decls_find(const Fragment *f, const char *name)
{
        for (size_t i = 0; f && i < f->sets.n; i++)
                if (streq(f->sets.items[i].name, name))
                        return f->sets.items[i].entries;
        return NULL;
}

static int decls_difference(const Fragment *old, const Fragment *new, Lines *lines)
{
        for (size_t i = 0; old && i < old->sets.n; i++) {
                const SetDecl *set = &old->sets.items[i];

                if (set_difference(set->name, set->entries, decls_find(new, set->name), lines) < 0)
                        return -ENOMEM;
        }
        for (size_t i = 0; new &&i < new->sets.n; i++) {
                const SetDecl *set = &new->sets.items[i];

                if (!decls_find(old, set->name) &&
                        set_difference(set->name, NULL, set->entries, lines) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int stored_set_difference(const StoredSet *old, const StoredSet *new, Lines *lines)
{
        static const StoredSet none = { 0 };
        const char *name = (old ?: new)->name;

        old = old ?: &none;
        new = new ?: &none;
        if (set_difference(name, old->entries, new->entries, lines) < 0)
                return -ENOMEM;
        return timed_difference(name, old->timed, new->timed, lines);
}

static int stored_difference(const State *old, const State *new, Lines *lines)
{
        for (size_t i = 0; i < old->n_sets; i++)
                if (stored_set_difference(
                            &old->sets[i], state_find_set(new, old->sets[i].name), lines) < 0)
                        return -ENOMEM;
        for (size_t i = 0; i < new->n_sets; i++)
                if (!state_find_set(old, new->sets[i].name) &&
                        stored_set_difference(NULL, &new->sets[i], lines) < 0)
                        return -ENOMEM;
        return 0;
}

/* ---- vars and assertions ---- */

static int var_texts(const Fragment *f, Lines *ret)
{
        for (size_t i = 0; f && i < f->vars.n; i++) {
                _cleanup_buffer_ Buffer b = { 0 };
                char *text;

                buffer_printf(&b, "var %s", f->vars.items[i].name);
                STRV_FOREACH (value, f->vars.items[i].value)
                        buffer_printf(&b, " %s", *value);
                if (buffer_take(&b, &text) < 0 || lines_consume(ret, text) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int assertion_texts(const Fragment *f, Lines *ret)
{
        for (size_t i = 0; f && i < f->assertions.n; i++)
                if (lines_add(ret, "assert %s is %s", f->assertions.items[i].packet,
                            action_to_string(f->assertions.items[i].verdict)) < 0)
                        return -ENOMEM;
        return 0;
}

/* All that p25.conf and fragments have in common; either may be NULL. */
static int common_difference(
        const Fragment *old, const Fragment *new, const char *suffix, Lines *lines)
{
        _cleanup_lines_ Lines vars_old = { 0 }, vars_new = { 0 };
        _cleanup_lines_ Lines asserts_old = { 0 }, asserts_new = { 0 };

        if (old == new)
                return 0;
        if (rules_difference(old ? &old->rules : NULL, new ? &new->rules : NULL, suffix, lines) <
                        0 ||
                decls_difference(old, new, lines) < 0)
                return -ENOMEM;
        if (var_texts(old, &vars_old) < 0 || var_texts(new, &vars_new) < 0 ||
                lines_add_texts(lines, vars_old.items, vars_new.items, suffix) < 0)
                return -ENOMEM;
        if (assertion_texts(old, &asserts_old) < 0 || assertion_texts(new, &asserts_new) < 0)
                return -ENOMEM;
        return lines_add_texts(lines, asserts_old.items, asserts_new.items, suffix);
}

/* ---- fragments ---- */

typedef struct FragmentArray {
        Fragment *const *items;
        size_t n;
} FragmentArray;

static const Fragment *fragments_find(FragmentArray a, const char *name)
{
        for (size_t i = 0; i < a.n; i++)
                if (streq(a.items[i]->name, name))
                        return a.items[i];
        return NULL;
}

/* A fragment with another text and the same meaning is a change: GetFragment returns the text. */
static bool texts_differ(const Fragment *old, const Fragment *new)
{
        return old && new && old->text &&new->text && !streq(old->text, new->text);
}

static int fragment_difference(const Fragment *old, const Fragment *new, Lines *lines)
{
        const char *name = old ? old->name : new->name;
        char suffix[NAME_MAX_LENGTH + sizeof(" (fragment )")];
        size_t before = lines->n;

        if (old == new)
                return 0;
        (void)snprintf(suffix, sizeof(suffix), " (fragment %s)", name);
        if (!new &&lines_add(lines, "- fragment %s", name) < 0)
                return -ENOMEM;
        if (!old && lines_add(lines, "+ fragment %s", name) < 0)
                return -ENOMEM;
        if (common_difference(old, new, suffix, lines) < 0)
                return -ENOMEM;
        if (lines->n == before && texts_differ(old, new))
                return lines_add(lines, "- fragment %s", name) < 0
                               ? -ENOMEM
                               : lines_add(lines, "+ fragment %s (other text, same meaning)", name);
        return 0;
}

static int fragments_difference(FragmentArray old, FragmentArray new, Lines *lines)
{
        for (size_t i = 0; i < old.n; i++)
                if (fragment_difference(
                            old.items[i], fragments_find(new, old.items[i]->name), lines) < 0)
                        return -ENOMEM;
        for (size_t i = 0; i < new.n; i++)
                if (!fragments_find(old, new.items[i]->name) &&
                        fragment_difference(NULL, new.items[i], lines) < 0)
                        return -ENOMEM;
        return 0;
}

/* ---- settings ---- */

/* One setting as text, NULL where it is not stated; `set`: by p25ctl. A setting that only moves
 * between p25ctl and p25.conf is a change too, because it matters when p25.conf changes. */
typedef struct Setting {
        const char *value;
        bool set;
} Setting;

static int setting_difference(const char *name, Setting old, Setting new, Lines *lines)
{
        const char *by = "";

        if (streq_null(old.value, new.value)) {
                if (old.set == new.set)
                        return 0;
                by = " (p25ctl)";
                if (!old.set)
                        old.value = NULL;
                if (!new.set)
                        new.value = NULL;
        }
        if (old.value && lines_add(lines, "- %s%s%s", name, old.value, by) < 0)
                return -ENOMEM;
        if (new.value && lines_add(lines, "+ %s%s%s", name, new.value, by) < 0)
                return -ENOMEM;
        return 0;
}

static Setting default_of(const Policy *p, Direction d)
{
        Action a = p->state->defaults.of[d];

        if (a != _ACTION_INVALID)
                return (Setting){ action_to_string(a), true };
        a = p->host ? p->host->defaults.of[d] : _ACTION_INVALID;
        return (Setting){ a != _ACTION_INVALID ? action_to_string(a) : NULL, false };
}

static Setting logging_of(const Policy *p)
{
        return (Setting){ logging_to_string(policy_logging(p)),
                p->state->logging != _LOGGING_INVALID };
}

static Setting enabled_of(const Policy *p)
{
        return (Setting){ policy_switched_on(p) ? "enabled" : "disabled", p->state->enabled >= 0 };
}

static Setting lockdown_of(const Policy *p)
{
        return (Setting){ p->state->lockdown ? "lockdown" : NULL, false };
}

static int settings_difference(const Policy *old, const Policy *new, Lines *lines)
{
        for (Direction d = 0; d < _DIRECTION_MAX; d++) {
                char name[sizeof("default incoming ") + 8];

                (void)snprintf(name, sizeof(name), "default %s ", direction_to_adjective(d));
                if (setting_difference(name, default_of(old, d), default_of(new, d), lines) < 0)
                        return -ENOMEM;
        }
        if (setting_difference("", enabled_of(old), enabled_of(new), lines) < 0 ||
                setting_difference("logging ", logging_of(old), logging_of(new), lines) < 0)
                return -ENOMEM;
        return setting_difference("", lockdown_of(old), lockdown_of(new), lines);
}

/* The names in audit, where the state overrides the files. */
static int audit_texts(const Policy *p, Lines *ret)
{
        char *const *names = policy_role_names(p);

        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                if (policy_audits(p, d) &&
                        lines_add(ret, "audit %s", direction_to_adjective(d)) < 0)
                        return -ENOMEM;
        for (; names && *names; names++) {
                const Role *role = policy_find_role(p, *names);

                if (role && policy_audits_role(p, role) &&
                        lines_add(ret, "audit role %s", *names) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int alert_texts(const Alerts *a, Lines *ret)
{
        for (AlertKind k = 0; k < _ALERT_MAX; k++)
                if (a->limits[k].rate > 0 &&
                        lines_add(ret, "alert %s %u/%s", alert_kind_to_string(k), a->limits[k].rate,
                                limit_unit_to_string(a->limits[k].unit_sec)) < 0)
                        return -ENOMEM;
        if (a->quarantine_sec == 0)
                return 0;
        return lines_add(ret, "quarantine %llus", (unsigned long long)a->quarantine_sec);
}

/* Settings of p25.conf only, and audit. */
static int option_texts(const Policy *p, Lines *ret)
{
        const HostConf *h = p->host;

        if (audit_texts(p, ret) < 0)
                return -ENOMEM;
        if (!h)
                return 0;
        if (h->backend != BACKEND_AUTO &&
                lines_add(ret, "backend %s", backend_to_string(h->backend)) < 0)
                return -ENOMEM;
        if (alert_texts(&h->alerts, ret) < 0)
                return -ENOMEM;
        if (h->keep_established && lines_add(ret, "keep_established") < 0)
                return -ENOMEM;
        for (size_t i = 0; i < h->mail_ports.n; i++)
                if (lines_add(ret, "mail port %u", h->mail_ports.items[i]) < 0)
                        return -ENOMEM;
        return 0;
}

/* ---- roles ---- */

static int role_texts(const Policy *p, Lines *ret)
{
        for (char *const *name = policy_role_names(p); name && *name; name++)
                if (lines_add(ret, "role %s", *name) < 0)
                        return -ENOMEM;
        return 0;
}

/* An active role whose text says something else than before. */
static int role_difference(const Role *old, const Role *new, Lines *lines)
{
        _cleanup_free_ char *a = NULL, *b = NULL;

        if (!old || !new || old == new)
                return 0;
        if (print_role(old, &a) < 0 || print_role(new, &b) < 0)
                return -ENOMEM;
        if (streq(a, b))
                return 0;
        if (rules_difference(&old->rules, &new->rules, "", lines) < 0)
                return -ENOMEM;
        return lines_add(lines, "+ role %s (new definition)", new->name);
}

static int roles_difference(const Policy *old, const Policy *new, Lines *lines)
{
        _cleanup_lines_ Lines a = { 0 }, b = { 0 };
        bool set = new->state->roles_set;

        if (role_texts(old, &a) < 0 || role_texts(new, &b) < 0)
                return -ENOMEM;
        if (strv_equal(a.items, b.items) && old->state->roles_set != set) {
                if (a.n == 0)
                        return lines_add(lines, "%c no roles (p25ctl)", set ? '+' : '-');
                return lines_add_missing(lines, set ? '+' : '-', a.items, NULL, " (p25ctl)");
        }
        if (lines_add_texts(lines, a.items, b.items, "") < 0)
                return -ENOMEM;
        for (char *const *name = policy_role_names(new); name && *name; name++)
                if (role_difference(
                            policy_find_role(old, *name), policy_find_role(new, *name), lines) < 0)
                        return -ENOMEM;
        return 0;
}

int policy_difference(const Policy *old, const Policy *new, char ***ret)
{
        _cleanup_lines_ Lines lines = { 0 }, options_old = { 0 }, options_new = { 0 };

        if (roles_difference(old, new, &lines) < 0 || settings_difference(old, new, &lines) < 0 ||
                option_texts(old, &options_old) < 0 || option_texts(new, &options_new) < 0 ||
                lines_add_texts(&lines, options_old.items, options_new.items, "") < 0)
                return -ENOMEM;
        if (rules_difference(&old->state->rules, &new->state->rules, "", &lines) < 0 ||
                common_difference(old->host ? old->host->common : NULL,
                        new->host ? new->host->common : NULL, " (p25.conf)", &lines) < 0)
                return -ENOMEM;
        if (fragments_difference((FragmentArray){ old->files, old->n_files },
                    (FragmentArray){ new->files, new->n_files }, &lines) < 0 ||
                fragments_difference(
                        (FragmentArray){ old->state->fragments, old->state->n_fragments },
                        (FragmentArray){ new->state->fragments, new->state->n_fragments },
                        &lines) < 0)
                return -ENOMEM;
        if (stored_difference(old->state, new->state, &lines) < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(lines.items);
        return 0;
}
