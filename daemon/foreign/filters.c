/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/foreign/filters.h"

#include "daemon/netlink/attributes.h"
#include "rules/base/array.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

static void element_free(FilterElement *e)
{
        free(e->chain);
        free(e);
}

static void set_free(FilterSet *s)
{
        for (size_t i = 0; i < s->n; i++)
                element_free(s->elements[i]);
        free(s->elements);
        free(s->table);
        free(s->name);
        free(s);
}
DEFINE_CLEANUP(FilterSet, set_free)

static void chain_free(FilterChain *c)
{
        for (size_t i = 0; i < c->n; i++)
                free(c->rules[i]);
        free(c->rules);
        free(c->table);
        free(c->name);
        free(c->device);
        free(c);
}
DEFINE_CLEANUP(FilterChain, chain_free)

void filters_deinit(Filters *f)
{
        for (size_t i = 0; i < f->n_chains; i++)
                chain_free(f->chains[i]);
        for (size_t i = 0; i < f->n_sets; i++)
                set_free(f->sets[i]);
        for (size_t i = 0; i < f->n_legacy; i++)
                free(f->legacy[i].blob);
        free(f->chains);
        free(f->sets);
        free(f->legacy);
        free(f->programs);
        strv_free(f->unread);
        *f = (Filters){ 0 };
}

const FilterChain *filters_find_chain(
        const Filters *f, uint8_t family, const char *table, const char *name)
{
        for (size_t i = 0; i < f->n_chains; i++)
                if (f->chains[i]->family == family && streq(f->chains[i]->name, name) &&
                        streq(f->chains[i]->table, table))
                        return f->chains[i];
        return NULL;
}

const FilterSet *filters_find_set(
        const Filters *f, uint8_t family, const char *table, const char *name)
{
        for (size_t i = 0; i < f->n_sets; i++)
                if (f->sets[i]->family == family && streq(f->sets[i]->name, name) &&
                        streq(f->sets[i]->table, table))
                        return f->sets[i];
        return NULL;
}

/* ---- chains and rules ---- */

static int device_read(Bytes *hook, char **ret)
{
        Bytes devices = hook[NFTA_HOOK_DEVS], device;
        const char *name = attribute_string(hook[NFTA_HOOK_DEV]);
        uint16_t type;

        if (!name && attribute_next(&devices, &type, &device) && devices.n == 0)
                name = attribute_string(device);
        return strdup_null(name, ret);
}

static int base_read(FilterChain *c, Bytes attribute, Bytes policy, const char *kind)
{
        Bytes hook[NFTA_HOOK_MAX + 1];

        attributes_read(attribute, hook, ELEMENTS(hook));
        c->base = true;
        c->hook = attribute_u32_or(hook[NFTA_HOOK_HOOKNUM], 0);
        c->priority = (int32_t)attribute_u32_or(hook[NFTA_HOOK_PRIORITY], 0);
        c->policy = attribute_u32_or(policy, NF_ACCEPT);
        c->kind = kind && streq(kind, "nat")     ? FILTER_NAT
                  : kind && streq(kind, "route") ? FILTER_ROUTE
                                                 : FILTER_PLAIN;
        return device_read(hook, &c->device);
}

/* Of a chain or a set, which owns both. */
static int names_read(Bytes table, Bytes name, char **ret_table, char **ret_name)
{
        const char *of = attribute_string(table), *own = attribute_string(name);
        int r;

        if (!of || !own)
                return -EBADMSG;
        r = strdup_null(of, ret_table);
        return r < 0 ? r : strdup_null(own, ret_name);
}

static int chain_add(Filters *f, uint8_t family, Bytes payload)
{
        _cleanup_(chain_free_p) FilterChain *c = calloc(1, sizeof(*c));
        Bytes a[NFTA_CHAIN_MAX + 1];
        int r;

        if (!c)
                return -ENOMEM;
        attributes_read(payload, a, ELEMENTS(a));
        c->family = family;
        r = names_read(a[NFTA_CHAIN_TABLE], a[NFTA_CHAIN_NAME], &c->table, &c->name);
        if (r < 0)
                return r;
        if (a[NFTA_CHAIN_HOOK].data)
                r = base_read(c, a[NFTA_CHAIN_HOOK], a[NFTA_CHAIN_POLICY],
                        attribute_string(a[NFTA_CHAIN_TYPE]));
        if (r < 0 || (r = array_grow(&f->chains, f->n_chains, sizeof(*f->chains))) < 0)
                return r;
        f->chains[f->n_chains++] = TAKE_PTR(c);
        return 0;
}

static bool chain_is(const FilterChain *c, uint8_t family, const char *table, const char *name)
{
        return c->family == family && streq(c->name, name) && streq(c->table, table);
}

static FilterChain *rule_chain(Filters *f, uint8_t family, const char *table, const char *name)
{
        if (f->last < f->n_chains && chain_is(f->chains[f->last], family, table, name))
                return f->chains[f->last];
        for (f->last = 0; f->last < f->n_chains; f->last++)
                if (chain_is(f->chains[f->last], family, table, name))
                        return f->chains[f->last];
        return NULL;
}

static int rule_add(Filters *f, uint8_t family, Bytes payload)
{
        Bytes a[NFTA_RULE_MAX + 1];
        const char *table, *name;
        FilterChain *c;
        FilterRule *rule;
        size_t n;
        int r;

        attributes_read(payload, a, ELEMENTS(a));
        table = attribute_string(a[NFTA_RULE_TABLE]);
        name = attribute_string(a[NFTA_RULE_CHAIN]);
        if (!table || !name)
                return -EBADMSG;
        c = rule_chain(f, family, table, name);
        if (!c)
                return -ESTALE;
        n = a[NFTA_RULE_EXPRESSIONS].n;
        r = array_grow(&c->rules, c->n, sizeof(*c->rules));
        rule = r < 0 ? NULL : malloc(sizeof(*rule) + n);
        if (!rule)
                return -ENOMEM;
        *rule = (FilterRule){ .handle = attribute_u64_or(a[NFTA_RULE_HANDLE], 0),
                .length = (uint32_t)n };
        if (n > 0)
                memcpy(rule->expressions, a[NFTA_RULE_EXPRESSIONS].data, n);
        c->rules[c->n++] = rule;
        return 0;
}

/* ---- sets and elements ---- */

static void fields_read(FilterSet *s, Bytes description)
{
        Bytes a[NFTA_SET_DESC_MAX + 1], field[NFTA_SET_FIELD_MAX + 1], one;
        uint16_t type;

        attributes_read(description, a, ELEMENTS(a));
        while (attribute_next(&a[NFTA_SET_DESC_CONCAT], &type, &one) &&
                s->n_fields < ELEMENTS(s->fields)) {
                attributes_read(one, field, ELEMENTS(field));
                s->fields[s->n_fields++] = (uint8_t)attribute_u32_or(field[NFTA_SET_FIELD_LEN], 0);
        }
}

static int set_add(Filters *f, uint8_t family, Bytes payload)
{
        _cleanup_(set_free_p) FilterSet *s = calloc(1, sizeof(*s));
        Bytes a[NFTA_SET_MAX + 1];
        int r;

        if (!s)
                return -ENOMEM;
        attributes_read(payload, a, ELEMENTS(a));
        r = names_read(a[NFTA_SET_TABLE], a[NFTA_SET_NAME], &s->table, &s->name);
        if (r < 0)
                return r;
        s->family = family;
        s->flags = attribute_u32_or(a[NFTA_SET_FLAGS], 0);
        s->key_length = attribute_u32_or(a[NFTA_SET_KEY_LEN], 0);
        s->data_length = attribute_u32_or(a[NFTA_SET_DATA_LEN], 0);
        s->verdicts = s->flags & NFT_SET_MAP &&
                      attribute_u32_or(a[NFTA_SET_DATA_TYPE], 0) == NFT_DATA_VERDICT;
        if (s->verdicts)
                s->data_length = 0;
        if (s->key_length > FILTER_KEY_MAX || s->data_length > FILTER_KEY_MAX)
                return -EBADMSG;
        fields_read(s, a[NFTA_SET_DESC]);
        r = array_grow(&f->sets, f->n_sets, sizeof(*f->sets));
        if (r < 0)
                return r;
        f->sets[f->n_sets++] = TAKE_PTR(s);
        return 0;
}

static Bytes value_of(Bytes attribute)
{
        Bytes a[NFTA_DATA_MAX + 1];

        attributes_read(attribute, a, ELEMENTS(a));
        return a[NFTA_DATA_VALUE];
}

static int verdict_read(FilterElement *e, Bytes attribute)
{
        Bytes a[NFTA_DATA_MAX + 1], v[NFTA_VERDICT_MAX + 1];

        attributes_read(attribute, a, ELEMENTS(a));
        attributes_read(a[NFTA_DATA_VERDICT], v, ELEMENTS(v));
        e->verdict = (int32_t)attribute_u32_or(v[NFTA_VERDICT_CODE], 0);
        return strdup_null(attribute_string(v[NFTA_VERDICT_CHAIN]), &e->chain);
}

static void element_copy(uint8_t *to, Bytes from, size_t n)
{
        if (from.data)
                memcpy(to, from.data, from.n < n ? from.n : n);
}

/* An element's own expressions may count, or refuse. */
static bool is_conditional(Bytes expression)
{
        Bytes a[NFTA_EXPR_MAX + 1];
        const char *name;

        attributes_read(expression, a, ELEMENTS(a));
        name = attribute_string(a[NFTA_EXPR_NAME]);
        return !name || (!streq(name, "counter") && !streq(name, "last"));
}

static bool has_conditions(Bytes one, Bytes list)
{
        bool any = one.data && is_conditional(one);
        Bytes expression;
        uint16_t type;

        while (attribute_next(&list, &type, &expression))
                any |= is_conditional(expression);
        return any;
}

static int element_add(FilterSet *s, Bytes attribute)
{
        Bytes a[NFTA_SET_ELEM_MAX + 1], key, end, data;
        FilterElement *e;
        uint32_t flags;
        int r;

        attributes_read(attribute, a, ELEMENTS(a));
        key = value_of(a[NFTA_SET_ELEM_KEY]);
        end = value_of(a[NFTA_SET_ELEM_KEY_END]);
        data = value_of(a[NFTA_SET_ELEM_DATA]);
        flags = attribute_u32_or(a[NFTA_SET_ELEM_FLAGS], 0);
        e = calloc(1, sizeof(*e) + 2 * s->key_length + s->data_length);
        if (!e)
                return -ENOMEM;
        e->interval_end = flags & NFT_SET_ELEM_INTERVAL_END;
        e->catch_all = flags & NFT_SET_ELEM_CATCHALL;
        e->conditional = has_conditions(a[NFTA_SET_ELEM_EXPR], a[NFTA_SET_ELEM_EXPRESSIONS]);
        e->has_end = end.data;
        e->has_data = data.data || a[NFTA_SET_ELEM_DATA].data;
        element_copy(e->bytes, key, s->key_length);
        element_copy(e->bytes + s->key_length, end, s->key_length);
        element_copy(e->bytes + 2 * s->key_length, data, s->data_length);
        r = s->verdicts && e->has_data ? verdict_read(e, a[NFTA_SET_ELEM_DATA]) : 0;
        if (r >= 0)
                r = array_grow(&s->elements, s->n, sizeof(FilterElement *));
        if (r < 0) {
                element_free(e);
                return r;
        }
        s->elements[s->n++] = e;
        return 0;
}

void filter_set_give_up(FilterSet *s)
{
        for (size_t i = 0; i < s->n; i++)
                element_free(s->elements[i]);
        s->n = 0;
        s->incomplete = true;
}

static int elements_add(Filters *f, uint8_t family, Bytes payload)
{
        Bytes a[NFTA_SET_ELEM_LIST_MAX + 1], one;
        const char *table, *name;
        FilterSet *s;
        uint16_t type;
        int r = 0;

        attributes_read(payload, a, ELEMENTS(a));
        table = attribute_string(a[NFTA_SET_ELEM_LIST_TABLE]);
        name = attribute_string(a[NFTA_SET_ELEM_LIST_SET]);
        if (!table || !name)
                return -EBADMSG;
        s = (FilterSet *)filters_find_set(f, family, table, name);
        if (!s)
                return -ESTALE;
        while (r >= 0 && !s->incomplete &&
                attribute_next(&a[NFTA_SET_ELEM_LIST_ELEMENTS], &type, &one)) {
                if (f->n_elements >= FILTER_ELEMENTS_MAX) {
                        filter_set_give_up(s);
                        return 0;
                }
                f->n_elements++;
                r = element_add(s, one);
        }
        return r;
}

/* ---- messages ---- */

static bool is_ours(uint8_t family, Bytes payload)
{
        Bytes table[2];
        const char *name;

        attributes_read(payload, table, ELEMENTS(table)); /* NFTA_*_TABLE is 1 everywhere */
        name = attribute_string(table[1]);
        return family == NFPROTO_INET && name && streq(name, "p25");
}

int filters_add_message(Filters *f, const struct nlmsghdr *h)
{
        struct nfgenmsg m;
        Bytes payload;

        if (h->nlmsg_len < NLMSG_HDRLEN + sizeof(m) ||
                NFNL_SUBSYS_ID(h->nlmsg_type) != NFNL_SUBSYS_NFTABLES)
                return -EBADMSG;
        memcpy(&m, (const uint8_t *)h + NLMSG_HDRLEN, sizeof(m));
        payload = (Bytes){ (const uint8_t *)h + NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(m)),
                h->nlmsg_len - NLMSG_HDRLEN - NLMSG_ALIGN(sizeof(m)) };
        if (is_ours(m.nfgen_family, payload))
                return 0;
        switch (NFNL_MSG_TYPE(h->nlmsg_type)) {
        case NFT_MSG_NEWCHAIN:
                return chain_add(f, m.nfgen_family, payload);
        case NFT_MSG_NEWRULE:
                return rule_add(f, m.nfgen_family, payload);
        case NFT_MSG_NEWSET:
                return set_add(f, m.nfgen_family, payload);
        case NFT_MSG_NEWSETELEM:
                return elements_add(f, m.nfgen_family, payload);
        }
        return 0;
}

static int element_compare(const void *a, const void *b, void *set)
{
        const FilterElement *x = *(FilterElement *const *)a, *y = *(FilterElement *const *)b;
        int d = memcmp(x->bytes, y->bytes, ((const FilterSet *)set)->key_length);

        if (x->catch_all != y->catch_all)
                return (int)x->catch_all - (int)y->catch_all;
        /* where one interval ends and the next begins, the end comes first */
        return d != 0 ? d : (int)y->interval_end - (int)x->interval_end;
}

void filters_finish(Filters *f)
{
        for (size_t i = 0; i < f->n_sets; i++) {
                FilterSet *s = f->sets[i];

                if (s->n > 1 && s->flags & NFT_SET_INTERVAL && !(s->flags & NFT_SET_CONCAT))
                        qsort_r(s->elements, s->n, sizeof(*s->elements), element_compare, s);
        }
}

/* ---- who needs conntrack ---- */

static bool name_tracks(const char *name, Bytes data)
{
        static const char *const expressions[] = { "ct", "nat", "masq", "redir", "connlimit",
                "flow_offload", "synproxy" };
        Bytes a[3];
        const char *extension;

        for (size_t i = 0; i < ELEMENTS(expressions); i++)
                if (streq(name, expressions[i]))
                        return true;
        if (!streq(name, "match") && !streq(name, "target"))
                return false;
        attributes_read(data, a, ELEMENTS(a)); /* the name is 1 in both */
        extension = attribute_string(a[1]);
        return extension && (strncmp(extension, "conn", 4) == 0 || streq(extension, "state") ||
                                    strstr(extension, "NAT") || streq(extension, "MASQUERADE") ||
                                    streq(extension, "REDIRECT") || streq(extension, "CONNMARK"));
}

static bool rule_tracks(const FilterRule *r)
{
        Bytes rest = { r->expressions, r->length }, expression, a[NFTA_EXPR_MAX + 1];
        const char *name;
        uint16_t type;

        while (attribute_next(&rest, &type, &expression)) {
                attributes_read(expression, a, ELEMENTS(a));
                name = attribute_string(a[NFTA_EXPR_NAME]);
                if (name && name_tracks(name, a[NFTA_EXPR_DATA]))
                        return true;
        }
        return false;
}

bool filters_track(const Filters *f, uint8_t family)
{
        for (size_t i = 0; i < f->n_legacy; i++)
                if (f->legacy[i].family == family && streq(f->legacy[i].name, "nat"))
                        return true;
        for (size_t i = 0; i < f->n_chains; i++) {
                const FilterChain *c = f->chains[i];

                for (size_t k = 0; k < c->n; k++)
                        if ((c->family == NFPROTO_INET || c->family == family) &&
                                rule_tracks(c->rules[k]))
                                return true;
        }
        return false;
}
