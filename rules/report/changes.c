/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/report/changes.h"

#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/config/print.h"
#include "rules/policy/assertion.h"
#include "rules/policy/audit.h"
#include "rules/policy/effective.h"
#include "rules/policy/expiry.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/policy.h"
#include "rules/policy/role.h"
#include "rules/policy/rule.h"
#include "rules/policy/rulelist.h"
#include "rules/policy/state.h"
#include "rules/policy/valid.h"
#include "rules/report/set_changes.h"
#include "rules/words/words.h"

#include <errno.h>
#include <stdio.h>

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
                declared_sets_difference(old, new, lines) < 0)
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
        const Role *role;

        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                if (policy_audits(p, d) &&
                        lines_add(ret, "audit %s", direction_to_adjective(d)) < 0)
                        return -ENOMEM;
        for (size_t i = 0; (role = policy_next_role(p, &i));)
                if (policy_audits_role(p, role) && lines_add(ret, "audit role %s", role->name) < 0)
                        return -ENOMEM;
        return 0;
}

static int alert_texts(const Alerts *a, Lines *ret)
{
        char duration[EXPIRY_TEXT_MAX];

        for (AlertKind k = 0; k < _ALERT_MAX; k++)
                if (a->limits[k].rate > 0 &&
                        lines_add(ret, "alert %s %u/%s", alert_kind_to_string(k), a->limits[k].rate,
                                limit_unit_to_string(a->limits[k].unit_sec)) < 0)
                        return -ENOMEM;
        if (a->quarantine_sec == 0)
                return 0;
        return lines_add(ret, "quarantine %s", duration_format_word(a->quarantine_sec, duration));
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
        if (h->attribution != _ATTRIBUTION_INVALID && h->attribution != ATTRIBUTION_UNIT &&
                lines_add(ret, "attribution %s", attribution_to_string(h->attribution)) < 0)
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
        if (stored_sets_difference(old->state, new->state, &lines) < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(lines.items);
        return 0;
}
