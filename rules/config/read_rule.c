/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the reading of rules. Which settings of a rule do not go together is decided by
 * rule_judge(), what a name resolves to by compile.
 */

#include "rules/config/reader.h"
#include "rules/policy/addresslist.h"
#include "rules/policy/identity.h"
#include "rules/policy/judge.h"

#include <errno.h>
#include <stdio.h>

/* An empty list would match everything where nothing is meant. */
static int check_not_empty(Reader *r, const Node *n)
{
        if (list_length(n) > 0)
                return 0;
        return reader_error(r, n, "empty list; to match anything, leave the setting out");
}

/* ---- from, to ---- */

static int read_address(Reader *r, const Node *n, AddressItem *ret)
{
        const char *text, *reason;
        bool host_bits;
        int k;

        if (node_kind(n) != NODE_STRING)
                return reader_error(
                        r, n, "must be an address, prefix, @set or $var in double quotes");
        text = node_string(n);
        if (streq(text, "any"))
                return reader_error(r, n, "\"any\" cannot be combined with other addresses");
        k = address_item_parse(text, true, ret, &host_bits, &reason);
        if (k == -EINVAL)
                return reader_error(r, n, "\"%.64s\": %s", text, reason);
        if (k < 0)
                return k;
        return host_bits ? read_host_bits(r, n, &ret->prefix) : 0;
}

static bool is_any(const Node *n)
{
        const Node *item;

        if (list_length(n) != 1)
                return false;
        item = list_item(n, 0);
        return node_kind(item) == NODE_STRING && streq(node_string(item), "any");
}

int read_addresses(Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        AddressList *l = place;
        size_t before = r->n_errors;
        int k;

        k = check_not_empty(r, n);
        if (k < 0)
                return k;
        for (size_t i = 0; i < list_length(n) && !is_any(n); i++) {
                AddressItem item = { 0 };

                if (array_grow(&l->items, l->n, sizeof(AddressItem)) < 0)
                        return -ENOMEM;
                k = read_address(r, list_item(n, i), &item);
                if (k >= 0)
                        l->items[l->n++] = item;
                k = reader_go_on(r, k);
                if (k < 0)
                        return k;
        }
        return r->n_errors > before ? -EINVAL : 0;
}

/* ---- ports ---- */

static int read_ports_var(Reader *r, const Node *n, Rule *rule)
{
        const char *name = node_string(n) + 1;

        if (!name_is_valid(name))
                return reader_error(r, n, "\"%.64s\" is not a valid variable", node_string(n));
        rule->ports_var = strdup(name);
        return rule->ports_var ? 0 : -ENOMEM;
}

int read_ports(Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        Rule *rule = place;
        size_t before = r->n_errors;
        Ports ports = { 0 };
        int k;

        k = check_not_empty(r, n);
        if (k < 0)
                return k;
        for (size_t i = 0; i < list_length(n); i++) {
                const Node *item = list_item(n, i);
                uint16_t port;

                if (node_kind(item) == NODE_STRING && node_string(item)[0] == '$') {
                        if (list_length(n) == 1)
                                return read_ports_var(r, item, rule);
                        k = reader_error(r, item, "%.64s cannot be combined with other ports",
                                node_string(item));
                } else {
                        k = read_port(r, item, &port);
                        if (k >= 0 && ports_add(&ports, port) < 0)
                                k = reader_error(r, item, "more than %d ports", PORTS_MAX);
                }
                k = reader_go_on(r, k);
                if (k < 0)
                        return k;
        }
        if (r->n_errors > before)
                return -EINVAL;
        rule->ports = ports;
        return 0;
}

/* ---- the rest ---- */

int read_identities(Reader *r, const Node *n, const Setting *s, void *place)
{
        int k = check_not_empty(r, n);

        return k < 0 ? k : read_texts(r, n, s, place);
}

int read_rate(Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        Limit *l = place;
        int k = limit_rate_parse(node_string(n), &l->rate, &l->unit_sec);

        if (k == -ERANGE)
                return reader_error(r, n, "\"%.64s\" is out of range (1 to %d)", node_string(n),
                        LIMIT_RATE_MAX);
        if (k < 0)
                return reader_error(r, n,
                        "\"%.64s\" is not a valid rate (as in \"30/minute\"; second, minute, hour "
                        "or day)",
                        node_string(n));
        return 0;
}

/* Says who wrote the rule, and where. */
static int rule_set_source(Reader *r, const Node *n, Rule *rule)
{
        static const SourceKind sources[_DOCUMENT_MAX] = {
                [DOCUMENT_HOST] = SOURCE_CONF,
                [DOCUMENT_FRAGMENT] = SOURCE_FRAGMENT,
                [DOCUMENT_ROLE] = SOURCE_ROLE,
                [DOCUMENT_STATE] = SOURCE_P25CTL,
        };

        rule->source = sources[r->kind];
        if (r->name) {
                rule->source_name = strdup(r->name);
                if (!rule->source_name)
                        return -ENOMEM;
        }
        if (r->file) {
                rule->file = strdup(r->file);
                if (!rule->file)
                        return -ENOMEM;
        }
        rule->line = node_line(n);
        return 0;
}

/* The path is made for a rule that is wrong, and not for each of a hundred thousand. */
static int judge_rule(Reader *r, const Node *n, const Rule *rule)
{
        _cleanup_free_ char *path = NULL;

        if (rule_judge(rule, NULL, NULL) >= 0)
                return 0;
        if (node_path(n, &path) < 0)
                return -ENOMEM;
        r->n_errors++;
        return rule_judge(rule, path, r->d);
}

static int read_rule(Reader *r, const Node *n, RuleList *list)
{
        _cleanup_(rule_unref_p) Rule *rule = NULL;
        int k;

        if (node_kind(n) != NODE_GROUP)
                return reader_error(r, n, "must be a rule, a group { action = \"…\"; … }");
        rule = rule_new();
        if (!rule)
                return -ENOMEM;
        k = rule_set_source(r, n, rule);
        if (k < 0)
                return k;
        k = read_group(r, n, &(ReadInto){ GROUP_RULE, rule }, 1);
        if (k < 0)
                return k;
        k = judge_rule(r, n, rule);
        if (k < 0)
                return k;
        if (r->kind == DOCUMENT_STATE) {
                /* it was typed at a terminal or came over the bus */
                free(TAKE_PTR(rule->file));
                rule->line = 0;
        }
        return rule_list_append(list, rule);
}

int read_rules(Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        size_t before = r->n_errors;

        if (list_length(n) > POLICY_RULES_MAX)
                return reader_error(r, n, "%zu rules; a policy can hold at most %d", list_length(n),
                        POLICY_RULES_MAX);
        for (size_t i = 0; i < list_length(n); i++) {
                int k = reader_go_on(r, read_rule(r, list_item(n, i), place));

                if (k < 0)
                        return k;
        }
        return r->n_errors > before ? -EINVAL : rule_list_identify(place);
}
