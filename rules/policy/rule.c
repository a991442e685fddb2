/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Rules, their lists of addresses, and lists of rules: life, copies, sameness (policy.h). */

#include "rules/policy/rule.h"

#include <errno.h>
#include <stdio.h>

/* A copy of s, or NULL for NULL; 0 or -ENOMEM. */
static int string_copy(const char *s, char **ret)
{
        char *copy = NULL;

        if (s) {
                copy = strdup(s);
                if (!copy)
                        return -ENOMEM;
        }
        *ret = copy;
        return 0;
}

/*
 * Do two arrays hold the same members, whatever their order and however often? Sorts copies; where
 * memory is short for them the answer is no, which at worst keeps a rule that is there twice.
 */
static bool same_members(const void *a, size_t n_a, const void *b, size_t n_b, size_t size,
        int (*compare)(const void *, const void *))
{
        _cleanup_free_ char *x = NULL, *y = NULL;
        size_t i = 0, j = 0;

        if (n_a == 0 || n_b == 0)
                return n_a == n_b;
        if (n_a == 1 && n_b == 1)
                return compare(a, b) == 0;
        x = reallocarray(NULL, n_a, size);
        y = reallocarray(NULL, n_b, size);
        if (!x || !y)
                return false;
        memcpy(x, a, n_a * size);
        memcpy(y, b, n_b * size);
        qsort(x, n_a, size, compare);
        qsort(y, n_b, size, compare);
        while (i < n_a && j < n_b) {
                if (compare(x + i * size, y + j * size) != 0)
                        return false;
                for (i++; i < n_a && compare(x + (i - 1) * size, x + i * size) == 0; i++)
                        ;
                for (j++; j < n_b && compare(y + (j - 1) * size, y + j * size) == 0; j++)
                        ;
        }
        return i == n_a && j == n_b;
}

/* ---- lists of addresses ---- */

void address_list_deinit(AddressList *l)
{
        for (size_t i = 0; i < l->n; i++)
                free(l->items[i].name);
        free(l->items);
        *l = (AddressList){ 0 };
}

int address_list_copy(const AddressList *l, AddressList *ret)
{
        AddressList copy = { 0 };

        for (size_t i = 0; i < l->n; i++) {
                if (array_grow(&copy.items, copy.n, sizeof(*copy.items)) < 0)
                        goto fail;
                copy.items[copy.n] = l->items[i];
                if (string_copy(l->items[i].name, &copy.items[copy.n].name) < 0)
                        goto fail;
                copy.n++;
        }
        *ret = copy;
        return 0;

fail:
        address_list_deinit(&copy);
        return -ENOMEM;
}

static int address_item_compare(const void *a, const void *b)
{
        const AddressItem *x = a, *y = b;

        if (x->kind != y->kind)
                return x->kind < y->kind ? -1 : 1;
        return x->kind == ADDRESS_PREFIX ? prefix_compare(&x->prefix, &y->prefix)
                                         : strcmp(x->name, y->name);
}

bool address_list_equal(const AddressList *a, const AddressList *b)
{
        return same_members(
                a->items, a->n, b->items, b->n, sizeof(AddressItem), address_item_compare);
}

static int string_compare(const void *a, const void *b)
{
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool names_equal(char *const *a, char *const *b)
{
        return same_members(a, strv_length(a), b, strv_length(b), sizeof(char *), string_compare);
}

/* ---- rules ---- */

Rule *rule_new(void)
{
        Rule *r = calloc(1, sizeof(*r));

        if (!r)
                return NULL;
        r->n_refs = 1;
        r->ports = (Ports){ .items = { 25 }, .n = 1 };
        return r;
}

Rule *rule_ref(Rule *r)
{
        if (r)
                r->n_refs++;
        return r;
}

Rule *rule_unref(Rule *r)
{
        if (!r || --r->n_refs > 0)
                return NULL;
        free(r->source_name);
        free(r->file);
        free(r->ports_var);
        address_list_deinit(&r->from);
        address_list_deinit(&r->to);
        free(r->interface);
        free(r->in_interface);
        free(r->out_interface);
        strv_free(r->user);
        strv_free(r->group);
        strv_free(r->unit);
        free(r->comment);
        free(r);
        return NULL;
}

/* What a rule points to, copied. */
static int rule_copy_strings(const Rule *r, Rule *copy)
{
        if (string_copy(r->source_name, &copy->source_name) < 0 ||
                string_copy(r->file, &copy->file) < 0 ||
                string_copy(r->ports_var, &copy->ports_var) < 0 ||
                string_copy(r->interface, &copy->interface) < 0 ||
                string_copy(r->in_interface, &copy->in_interface) < 0 ||
                string_copy(r->out_interface, &copy->out_interface) < 0 ||
                string_copy(r->comment, &copy->comment) < 0 ||
                strv_copy(r->user, &copy->user) < 0 || strv_copy(r->group, &copy->group) < 0 ||
                strv_copy(r->unit, &copy->unit) < 0)
                return -ENOMEM;
        return 0;
}

int rule_copy(const Rule *r, Rule **ret)
{
        _cleanup_(rule_unref_p) Rule *copy = rule_new();

        if (!copy)
                return -ENOMEM;
        if (rule_copy_strings(r, copy) < 0 || address_list_copy(&r->from, &copy->from) < 0 ||
                address_list_copy(&r->to, &copy->to) < 0)
                return -ENOMEM;
        copy->id = r->id;
        copy->source = r->source;
        copy->line = r->line;
        copy->action = r->action;
        copy->direction = r->direction;
        copy->ports = r->ports;
        copy->limit = r->limit;
        copy->expires_usec = r->expires_usec;
        copy->log = r->log;
        *ret = TAKE_PTR(copy);
        return 0;
}

bool rule_same_match(const Rule *a, const Rule *b)
{
        return a->direction == b->direction && ports_equal(&a->ports, &b->ports) &&
               streq_null(a->ports_var, b->ports_var) && streq_null(a->interface, b->interface) &&
               streq_null(a->in_interface, b->in_interface) &&
               streq_null(a->out_interface, b->out_interface) && names_equal(a->user, b->user) &&
               names_equal(a->group, b->group) && names_equal(a->unit, b->unit) &&
               address_list_equal(&a->from, &b->from) && address_list_equal(&a->to, &b->to);
}

static bool limit_equal(const Limit *a, const Limit *b)
{
        return a->rate == b->rate && a->unit_sec == b->unit_sec && a->burst == b->burst &&
               a->open == b->open;
}

bool rule_equal(const Rule *a, const Rule *b)
{
        return a->action == b->action && limit_equal(&a->limit, &b->limit) && a->log == b->log &&
               streq_null(a->comment, b->comment) && a->expires_usec == b->expires_usec &&
               rule_same_match(a, b);
}

/* What `limit` grants when it states no numbers: ufw's. */
#define LIMIT_DEFAULT_RATE 12
#define LIMIT_DEFAULT_UNIT_SEC 60
#define LIMIT_DEFAULT_BURST 6

Limit rule_limit(const Rule *r)
{
        Limit l = r->limit;

        if (r->action != ACTION_LIMIT)
                return (Limit){ 0 };
        if (l.rate == 0 && (l.open == 0 || l.burst != 0)) {
                l.rate = LIMIT_DEFAULT_RATE;
                l.unit_sec = LIMIT_DEFAULT_UNIT_SEC;
        }
        if (l.rate != 0 && l.burst == 0)
                l.burst = LIMIT_DEFAULT_BURST;
        return l;
}

int rule_source_format(const Rule *r, char **ret)
{
        static const char *const formats[_SOURCE_MAX] = {
                [SOURCE_P25CTL] = "p25ctl",
                [SOURCE_CONF] = "p25.conf",
                [SOURCE_FRAGMENT] = "fragment:",
                [SOURCE_ROLE] = "role:",
        };
        _cleanup_buffer_ Buffer b = { 0 };

        buffer_add_string(&b, formats[r->source]);
        if (r->source_name)
                buffer_add_string(&b, r->source_name);
        return buffer_take(&b, ret);
}

/* ---- lists of rules ---- */

void rule_list_deinit(RuleList *l)
{
        for (size_t i = 0; i < l->n; i++)
                rule_unref(l->items[i]);
        free(l->items);
        *l = (RuleList){ 0 };
}

int rule_list_insert(RuleList *l, size_t index, Rule *r)
{
        if (array_grow(&l->items, l->n, sizeof(*l->items)) < 0)
                return -ENOMEM;
        if (index > l->n)
                index = l->n;
        memmove(l->items + index + 1, l->items + index, (l->n - index) * sizeof(*l->items));
        l->items[index] = rule_ref(r);
        l->n++;
        return 0;
}

int rule_list_append(RuleList *l, Rule *r)
{
        return rule_list_insert(l, l->n, r);
}

void rule_list_remove(RuleList *l, size_t index)
{
        rule_unref(l->items[index]);
        l->n--;
        memmove(l->items + index, l->items + index + 1, (l->n - index) * sizeof(*l->items));
}

int rule_list_copy(const RuleList *l, RuleList *ret)
{
        RuleList copy = { 0 };

        for (size_t i = 0; i < l->n; i++)
                if (rule_list_append(&copy, l->items[i]) < 0) {
                        rule_list_deinit(&copy);
                        return -ENOMEM;
                }
        *ret = copy;
        return 0;
}
