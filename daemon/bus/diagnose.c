/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns Diagnose: reasons known to p25d that keep mail from flowing, and ListObstacles, those of
 * them that other packet filters are. Both send nothing; callers who want to know whether a target
 * answers connect to it themselves.
 */

#include "daemon/bus/diagnose.h"

#include "daemon/bus/dict.h"
#include "daemon/bus/explain.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/reply.h"
#include "daemon/foreign/way.h"
#include "daemon/loop/clock.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/policy/rule.h"
#include "rules/report/report.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>
#include <stdio.h>

#define _cleanup_message_ _cleanup_(sd_bus_message_unrefp)
#define _cleanup_report_ _cleanup_(report_deinit)
#define TARGETS_MAX 16

typedef struct Finding {
        const char *severity, *code, *hint;
        char text[512];
} Finding;

static int finding_append(sd_bus_message *m, const Finding *f)
{
        int r;

        if ((r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0 ||
                (r = bus_append_entry(m, "severity", "s", f->severity)) < 0 ||
                (r = bus_append_entry(m, "code", "s", f->code)) < 0 ||
                (r = bus_append_entry(m, "text", "s", f->text)) < 0 ||
                (r = bus_append_entry(m, "hint", "s", f->hint ?: "")) < 0)
                return r;
        return sd_bus_message_close_container(m);
}

/* ---- what status says ---- */

static int lines_append(
        sd_bus_message *m, char *const *lines, const char *severity, const char *code)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && lines && lines[i]; i++) {
                Finding f = { severity, code, "p25ctl status verbose", "" };

                snprintf(f.text, sizeof(f.text), "%s", lines[i]);
                text_make_printable(f.text);
                r = finding_append(m, &f);
        }
        return r;
}

static int status_append(sd_bus_message *m, const Report *report)
{
        static const Finding inactive = { "warning", "INACTIVE", "p25ctl enable",
                "p25 is inactive: it refuses nothing" };
        int r = report->active ? 0 : finding_append(m, &inactive);

        if (r >= 0)
                r = lines_append(m, report->warnings, "warning", "STATUS");
        if (r >= 0)
                r = lines_append(m, report->hints, "warning", "PROGRAMS");
        return r < 0 ? r : lines_append(m, report->notes, "note", "STATUS");
}

/* ---- other firewalls ---- */

/* Does the policy let anybody pass? */
static bool policy_opens(const RulesetDirection *d, uint16_t port, Family family)
{
        for (size_t i = 0; i < d->n; i++) {
                const CompiledRule *r = &d->rules[i];

                if ((r->action == ACTION_ALLOW || r->action == ACTION_LIMIT) &&
                        ports_contain(&r->ports, port) && compiled_rule_has_family(r, family))
                        return true;
        }
        return ruleset_default(d, port) == ACTION_ALLOW;
}

static void obstacle_tell(
        const Packet *p, const char *effective, const Effect *e, char *text, size_t n)
{
        const Obstacle *o = &e->obstacles[e->n - 1];

        snprintf(text, n,
                "another firewall stops %s connections to port %u over %s (%s), which the "
                "policy lets pass: table %s, chain %s",
                direction_to_adjective(p->direction), p->port,
                p->family == FAMILY_IPV4 ? "IPv4" : "IPv6", effective, o->table, o->chain);
}

/* A connection without named addresses. Counts an obstacle; m may be NULL. */
static int obstacle_append(BusCall *c, sd_bus_message *m, const Packet *p, uint64_t *count)
{
        _cleanup_explanation_ Explanation e = { .code = "P25_DEFAULT" };
        _cleanup_effect_ Effect effect = { 0 };
        EffectQuestion q = { .packet = p, .own = OWN_NOWHERE, .verdict = ACTION_ALLOW };
        Finding f = { "problem", NULL, "allow it there, or see p25ctl explain", "" };
        int r = effect_find(c->filters, NULL, &q, &e, &effect);

        if (r < 0 || effect.n == 0 || strncmp(e.code, "FOREIGN", strlen("FOREIGN")) != 0)
                return r;
        (*count)++;
        if (!m)
                return 0;
        f.code = e.code;
        if (streq(e.effective, "limit"))
                f.severity = "note";
        obstacle_tell(p, e.effective, &effect, f.text, sizeof(f.text));
        return finding_append(m, &f);
}

static int obstacles_append(BusCall *c, sd_bus_message *m, const Ruleset *ruleset, uint64_t *count)
{
        static const Family families[] = { FAMILY_IPV4, FAMILY_IPV6 };
        int r = 0;

        for (Direction d = 0; r >= 0 && d < _DIRECTION_MAX; d++) {
                const RulesetDirection *way = &ruleset->directions[d];

                if (d == DIRECTION_ROUTED) /* between networks that only a question can name */
                        continue;
                for (size_t i = 0; i < 2 * way->watched.n && r >= 0; i++) {
                        Packet p = { .direction = d,
                                .family = families[i % 2],
                                .port = way->watched.items[i / 2] };

                        if (policy_opens(way, p.port, p.family))
                                r = obstacle_append(c, m, &p, count);
                }
        }
        return r;
}

/* A rule with max cannot count what conntrack does not follow, and refuses it. */
static bool counts_open(const RulesetDirection *d, uint16_t port)
{
        for (size_t i = 0; i < d->n; i++)
                if (d->rules[i].action == ACTION_LIMIT && d->rules[i].rule->limit.open > 0 &&
                        ports_contain(&d->rules[i].ports, port))
                        return true;
        return false;
}

/* The consequence of a table that exempts connections from conntrack; NULL: none. p25's own table
 * notes routed ones. */
static const char *exempt_means(const Ruleset *ruleset, OwnPlace own, Direction d, uint16_t port)
{
        if (d == DIRECTION_ROUTED)
                return own == OWN_NFTABLES
                               ? NULL
                               : "they are judged when they open, but with iptables a change that "
                                 "denies one does not cut it";
        return counts_open(&ruleset->directions[d], port)
                       ? "they cannot be counted, so a limit with max refuses them"
                       : NULL;
}

/* The first table that exempts connections of a direction is named. */
static int exempt_append_direction(
        BusCall *c, sd_bus_message *m, const Ruleset *ruleset, Direction d)
{
        static const Family families[] = { FAMILY_IPV4, FAMILY_IPV6 };
        const Ports *ports = &ruleset->directions[d].watched;

        for (size_t i = 0; i < 2 * ports->n; i++) {
                _cleanup_explanation_ Explanation e = { .code = "P25_DEFAULT" };
                _cleanup_effect_ Effect effect = { 0 };
                Packet p = {
                        .direction = d, .family = families[i % 2], .port = ports->items[i / 2]
                };
                EffectQuestion q = { .packet = &p, .own = OWN_NOWHERE, .verdict = ACTION_ALLOW };
                const char *means = exempt_means(ruleset, bus_own_place(c), d, p.port);
                Finding f = { "note", "NOT_TRACKED", "p25ctl explain names the tables", "" };
                int r = means ? effect_find(c->filters, NULL, &q, &e, &effect) : 0;

                if (r < 0)
                        return r;
                if (effect.exempt[0] == '\0')
                        continue;
                snprintf(f.text, sizeof(f.text),
                        "table %s exempts %s connections to mail ports from conntrack: %s",
                        effect.exempt, direction_to_adjective(d), means);
                return finding_append(m, &f);
        }
        return 0;
}

static int exempt_append(BusCall *c, sd_bus_message *m, const Ruleset *ruleset)
{
        int r = 0;

        for (Direction d = 0; r >= 0 && d < _DIRECTION_MAX; d++)
                r = exempt_append_direction(c, m, ruleset, d);
        return r;
}

int bus_count_obstacles(BusCall *c, const Ruleset *ruleset, uint64_t *ret)
{
        *ret = 0;
        return obstacles_append(c, NULL, ruleset, ret);
}

static int unread_append(BusCall *c, sd_bus_message *m)
{
        return lines_append(m, c->filters->unread, "warning", "UNDETERMINED");
}

/* Of all packet filters: what cannot be read, what stops mail, what is not followed. */
static int filters_append(BusCall *c, sd_bus_message *m)
{
        const Ruleset *ruleset = manager_ruleset(c->bus->manager);
        uint64_t obstacles = 0;
        int r = unread_append(c, m);

        if (r >= 0 && ruleset)
                r = obstacles_append(c, m, ruleset, &obstacles);
        return r >= 0 && ruleset ? exempt_append(c, m, ruleset) : r;
}

/* ---- targets ---- */

static int target_packet(const BusCall *c, const char *text, Packet *ret, sd_bus_error *error)
{
        const char *reason;

        *ret = (Packet){ .direction = DIRECTION_OUT,
                .has_to = true,
                .has_uid = true,
                .uid = c->caller.uid,
                .time_usec = clock_now_usec(CLOCK_REALTIME) };
        if (address_parse(text, strlen(text), &ret->to, &reason) < 0)
                return sd_bus_error_setf(
                        error, BUS_ERROR_INVALID_ARGS, "a target must be an address: %s", reason);
        ret->family = ret->to.family;
        return 0;
}

static int target_append(BusCall *c, sd_bus_message *m, Way *w, const Packet *p)
{
        _cleanup_bus_answer_ BusAnswer answer = { 0 };
        const Explanation *e = &answer.explanation;
        char to[ADDRESS_TEXT_MAX];
        Finding f = { "ok", NULL, "", "" };
        int r = bus_answer_find(c, w, p, &answer);

        if (r < 0)
                return r;
        f.code = e->code;
        if (streq(e->effective, "undetermined"))
                f.severity = "note";
        else if (!streq(e->effective, "allow") && !streq(e->effective, "limit"))
                f.severity = "problem";
        f.hint = streq(f.severity, "ok") ? "" : "p25ctl explain out names the rule";
        snprintf(f.text, sizeof(f.text), "to %s port %u, as the caller: %s",
                address_format(&p->to, to), p->port, e->effective);
        return finding_append(m, &f);
}

static int targets_append(BusCall *c, sd_bus_message *m, char *const *targets, const Ports *ports,
        sd_bus_error *error)
{
        Packet p;
        Way way;
        int r = way_open(&way);

        if (r < 0)
                return r;
        for (size_t i = 0; r >= 0 && targets && targets[i]; i++) {
                r = target_packet(c, targets[i], &p, error);
                for (size_t k = 0; r >= 0 && k < ports->n; k++) {
                        p.port = ports->items[k];
                        r = target_append(c, m, &way, &p);
                }
        }
        way_close(&way);
        return r;
}

/* ---- the calls ---- */

static int findings_append(BusCall *c, sd_bus_message *m, char *const *targets, sd_bus_error *error)
{
        _cleanup_report_ Report report = { 0 };
        int r;

        if ((r = manager_report(c->bus->manager, &report)) < 0 ||
                (r = manager_report_programs(c->bus->manager, &report)) < 0 ||
                (r = status_append(m, &report)) < 0 || (r = filters_append(c, m)) < 0)
                return r;
        return targets_append(c, m, targets, &report.mail_ports, error);
}

int bus_list_obstacles(BusCall *c, _unused_ sd_bus_error *error)
{
        _cleanup_message_ sd_bus_message *m = NULL;
        int r;

        if ((r = bus_reply_new(c, &m)) < 0 ||
                (r = sd_bus_message_open_container(m, 'a', "a{sv}")) < 0 ||
                (r = filters_append(c, m)) < 0 || (r = sd_bus_message_close_container(m)) < 0)
                return r;
        r = bus_reply_send(c, m);
        return r < 0 ? r : 0;
}

int bus_diagnose(BusCall *c, sd_bus_error *error)
{
        _cleanup_message_ sd_bus_message *m = NULL;
        _cleanup_strv_ char **targets = NULL;
        int r;

        r = sd_bus_message_read_strv(c->message, &targets);
        if (r < 0)
                return r;
        if (strv_length(targets) > TARGETS_MAX)
                return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                        "at most %d targets at a time", TARGETS_MAX);
        if ((r = bus_reply_new(c, &m)) < 0 ||
                (r = sd_bus_message_open_container(m, 'a', "a{sv}")) < 0 ||
                (r = findings_append(c, m, targets, error)) < 0 ||
                (r = sd_bus_message_close_container(m)) < 0)
                return r;
        r = bus_reply_send(c, m);
        return r < 0 ? r : 0;
}
