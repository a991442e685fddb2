/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the reading of rules. Which settings of a rule do not go together is decided by
 * rule_judge(), what a name resolves to by compile.
 */

#include "rules/base/array.h"
#include "rules/config/reader.h"
#include "rules/policy/addressitem.h"
#include "rules/policy/addresslist.h"
#include "rules/policy/identity.h"
#include "rules/policy/judge.h"
#include "rules/policy/rule.h"
#include "rules/policy/rulelist.h"
#include "rules/policy/valid.h"

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

static int add_address(Reader *r, const Node *n, void *place)
{
        AddressList *l = place;
        const char *text, *reason;
        AddressItem item = { 0 };
        bool host_bits;
        int k;

        if (node_kind(n) != NODE_STRING)
                return reader_error(
                        r, n, "must be an address, prefix, @set or $var in double quotes");
        text = node_string(n);
        if (streq(text, "any"))
                return reader_error(r, n, "\"any\" cannot be combined with other addresses");
        if (array_grow(&l->items, l->n, sizeof(AddressItem)) < 0)
                return -ENOMEM;
        k = address_item_parse(text, true, &item, &host_bits, &reason);
        if (k == -EINVAL)
                return reader_error(r, n, "\"%.64s\": %s", text, reason);
        if (k < 0)
                return k;
        l->items[l->n++] = item;
        return host_bits ? read_host_bits(r, n, &item.prefix) : 0;
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
        int k = check_not_empty(r, n);

        return k < 0 || is_any(n) ? k : read_items(r, n, add_address, place);
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

static bool is_var(const Node *n)
{
        return node_kind(n) == NODE_STRING && node_string(n)[0] == '$';
}

static int add_rule_port(Reader *r, const Node *n, void *place)
{
        uint16_t port;
        int k;

        if (is_var(n))
                return reader_error(
                        r, n, "%.64s cannot be combined with other ports", node_string(n));
        k = read_port(r, n, &port);
        if (k >= 0 && ports_add(place, port) < 0)
                return reader_error(r, n, "more than %d ports", PORTS_MAX);
        return k;
}

int read_ports(Reader *r, const Node *n, _unused_ const Setting *s, void *place)
{
        Rule *rule = place;
        Ports ports = { 0 };
        int k = check_not_empty(r, n);

        if (k < 0)
                return k;
        if (list_length(n) == 1 && is_var(list_item(n, 0)))
                return read_ports_var(r, list_item(n, 0), rule);
        k = read_items(r, n, add_rule_port, &ports);
        if (k >= 0)
                rule->ports = ports;
        return k;
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

static int read_rule(Reader *r, const Node *n, void *list)
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
        int k;

        if (list_length(n) > POLICY_RULES_MAX)
                return reader_error(r, n, "%zu rules; a policy can hold at most %d", list_length(n),
                        POLICY_RULES_MAX);
        k = read_items(r, n, read_rule, place);
        return k < 0 ? k : rule_list_identify(place);
}
