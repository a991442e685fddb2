/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Entries of a table in one form, so that what was sent and what is read back are the same bytes.
 * Does not talk to the kernel.
 */

#include "daemon/iptables/image.h"

#include "rules/base/array.h"
#include "rules/base/hash.h"
#include "rules/iptables/extension.h"
#include "rules/iptables/statement.h"

#include <errno.h>
#include <linux/netfilter/xt_comment.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>

void ipt_image_deinit(IptImage *i)
{
        free(i->chains);
        free(i->by_name);
        free(i->entries);
        buffer_deinit(&i->bytes);
        *i = (IptImage){ 0 };
}

/* ---- the frame of an entry ---- */

typedef struct Frame {
        size_t header, target, length; /* bytes of the header, offset of the target, all bytes */
        size_t counters;               /* offset of struct xt_counters */
} Frame;

static Frame frame_of(Family family, const void *entry)
{
        const struct ipt_entry *v4 = entry;
        const struct ip6t_entry *v6 = entry;

        if (family == FAMILY_IPV4)
                return (Frame){ sizeof(*v4), v4->target_offset, v4->next_offset,
                        offsetof(struct ipt_entry, counters) };
        return (Frame){ sizeof(*v6), v6->target_offset, v6->next_offset,
                offsetof(struct ip6t_entry, counters) };
}

static void header_clear(Family family, void *entry)
{
        if (family == FAMILY_IPV4) {
                struct ipt_entry *e = entry;

                e->nfcache = e->comefrom = 0;
                memset(&e->counters, 0, sizeof(e->counters));
        } else {
                struct ip6t_entry *e = entry;

                e->nfcache = e->comefrom = 0;
                memset(&e->counters, 0, sizeof(e->counters));
        }
}

/* Name and data of an extension without what the kernel left behind their ends. */
static void extension_clear(char *name, size_t name_size, uint8_t revision, bool target,
        uint8_t *data, size_t data_size)
{
        size_t n = strnlen(name, name_size);
        const IptExtension *e;

        memset(name + n, 0, name_size - n);
        if (n == name_size)
                return;
        e = ipt_extension_find(name, revision, target);
        if (e && e->user_size < data_size)
                memset(data + e->user_size, 0, data_size - e->user_size);
}

static void matches_clear(uint8_t *entry, const Frame *f)
{
        for (size_t at = f->header; at + sizeof(struct xt_entry_match) <= f->target;) {
                struct xt_entry_match *m = (void *)(entry + at);

                if (m->u.match_size < sizeof(*m) || at + m->u.match_size > f->target)
                        return;
                extension_clear(m->u.user.name, sizeof(m->u.user.name), m->u.user.revision, false,
                        m->data, m->u.match_size - sizeof(*m));
                at += m->u.match_size;
        }
}

static void target_clear(uint8_t *entry, const Frame *f, const char *name)
{
        struct xt_entry_target *t = (void *)(entry + f->target);
        size_t size = f->length - f->target - sizeof(*t);

        if (!name) {
                extension_clear(t->u.user.name, sizeof(t->u.user.name), t->u.user.revision, true,
                        t->data, size);
                return;
        }
        memset(t->u.user.name, 0, sizeof(t->u.user.name));
        memcpy(t->u.user.name, name, strnlen(name, sizeof(t->u.user.name) - 1));
        t->u.user.revision = 0;
        memset(t->data, 0, size);
}

static bool entry_comment(const uint8_t *entry, const Frame *f, uint64_t *ret)
{
        for (size_t at = f->header; at + sizeof(struct xt_entry_match) <= f->target;) {
                const struct xt_entry_match *m = (const void *)(entry + at);
                const struct xt_comment_info *c = (const void *)m->data;

                if (m->u.match_size < sizeof(*m) || at + m->u.match_size > f->target)
                        return false;
                if (strncmp(m->u.user.name, "comment", sizeof(m->u.user.name)) == 0 &&
                        m->u.match_size >= sizeof(*m) + sizeof(*c) &&
                        strnlen(c->comment, sizeof(c->comment)) < sizeof(c->comment) &&
                        ipt_comment_parse(c->comment, ret))
                        return true;
                at += m->u.match_size;
        }
        return false;
}

/* Appends its one form to the bytes. */
static int entry_add(IptImage *i, const void *entry, const char *name, ImageEntry *ret)
{
        Frame f = frame_of(i->family, entry);
        struct xt_counters counters;
        uint8_t *copy;

        if (f.target < f.header || f.length < f.target + sizeof(struct xt_entry_target))
                return -EBADMSG;
        *ret = (ImageEntry){ .offset = i->bytes.length, .length = f.length };
        memcpy(&counters, (const uint8_t *)entry + f.counters, sizeof(counters));
        ret->packets = counters.pcnt;
        ret->bytes = counters.bcnt;
        buffer_add(&i->bytes, entry, f.length);
        if (i->bytes.failed)
                return -ENOMEM;
        copy = (uint8_t *)i->bytes.data + ret->offset;
        header_clear(i->family, copy);
        matches_clear(copy, &f);
        target_clear(copy, &f, name);
        ret->has_id = entry_comment(copy, &f, &ret->id);
        return 0;
}

/* ---- images ---- */

int ipt_image_add_chain(IptImage *i, const char *name)
{
        ImageChain c = { .first = i->n_entries };

        if (strlen(name) >= sizeof(c.name))
                return -EBADMSG;
        if (array_grow(&i->chains, i->n_chains, sizeof(ImageChain)) < 0)
                return -ENOMEM;
        memcpy(c.name, name, strlen(name));
        i->chains[i->n_chains++] = c;
        return 0;
}

int ipt_image_add_entry(IptImage *i, const void *entry, const char *name)
{
        int r = array_grow(&i->entries, i->n_entries, sizeof(ImageEntry));

        if (r >= 0)
                r = entry_add(i, entry, name, &i->entries[i->n_entries]);
        if (r < 0)
                return r;
        i->n_entries++;
        i->chains[i->n_chains - 1].n++;
        return 0;
}

int ipt_image_set_jump(IptImage *i, IptHook hook, const void *entry, const char *name)
{
        return entry_add(i, entry, name, &i->jumps[hook]);
}

int ipt_image_found_jump(IptImage *i, IptHook hook, size_t at, const void *entry, const char *name)
{
        if (i->jumps[hook].length > 0) {
                i->n_stray_jumps++;
                return 0;
        }
        i->overtaken[hook] = at > 0;
        return entry_add(i, entry, name, &i->jumps[hook]);
}

bool ipt_image_is_overtaken(const IptImage *i)
{
        for (IptHook h = 0; h < _IPT_HOOK_MAX; h++)
                if (i->overtaken[h])
                        return true;
        return false;
}

static const char *target_name(const IptTable *t, const IptEntry *e)
{
        const IptStatement *s = &t->statements[e->first + e->n - 1];

        switch (s->kind) {
        case IPT_VERDICT_RETURN:
                return "RETURN";
        case IPT_VERDICT_DROP:
                return "DROP";
        case IPT_VERDICT_CONTINUE:
                return "";
        case IPT_JUMP:
        case IPT_GOTO:
                return t->chains[s->chain].name;
        default:
                return NULL;
        }
}

static int image_add_all(IptImage *i, const IptTable *t, IptSetIndex set_index, void *data)
{
        _cleanup_buffer_ Buffer b = { 0 };
        int r = 0;

        for (size_t c = 0; c < t->n_chains && r >= 0; c++) {
                const IptChain *chain = &t->chains[c];

                if (c >= _IPT_HOOK_MAX)
                        r = ipt_image_add_chain(i, chain->name);
                for (size_t k = 0; k < chain->n && r >= 0; k++) {
                        const IptEntry *e = &chain->entries[k];

                        buffer_clear(&b);
                        r = ipt_entry_encode(t, e, set_index, data, &b);
                        if (r < 0)
                                break;
                        if (c < _IPT_HOOK_MAX)
                                r = ipt_image_set_jump(i, (IptHook)c, b.data, target_name(t, e));
                        else
                                r = ipt_image_add_entry(i, b.data, target_name(t, e));
                }
        }
        return r;
}

int ipt_image_from_table(const IptTable *t, IptSetIndex set_index, void *data, IptImage *ret)
{
        IptImage i = { .family = t->family };
        int r = image_add_all(&i, t, set_index, data);

        if (r >= 0)
                r = ipt_image_finish(&i);
        if (r < 0) {
                ipt_image_deinit(&i);
                return r;
        }
        *ret = i;
        return 0;
}

static int chain_compare(const void *a, const void *b, void *data)
{
        const IptImage *i = data;

        return strcmp(i->chains[*(const size_t *)a].name, i->chains[*(const size_t *)b].name);
}

int ipt_image_finish(IptImage *i)
{
        size_t *by_name = calloc(i->n_chains + 1, sizeof(size_t));

        if (!by_name)
                return -ENOMEM;
        for (size_t c = 0; c < i->n_chains; c++)
                by_name[c] = c;
        qsort_r(by_name, i->n_chains, sizeof(size_t), chain_compare, i);
        free(i->by_name);
        i->by_name = by_name;
        return 0;
}

const ImageChain *ipt_image_find(const IptImage *i, const char *name)
{
        size_t low = 0, high = i && i->by_name ? i->n_chains : 0;

        while (low < high) {
                size_t middle = (low + high) / 2;
                const ImageChain *c = &i->chains[i->by_name[middle]];
                int order = strcmp(name, c->name);

                if (order == 0)
                        return c;
                if (order < 0)
                        high = middle;
                else
                        low = middle + 1;
        }
        return NULL;
}

bool ipt_image_same_entry(
        const IptImage *ia, const ImageEntry *a, const IptImage *ib, const ImageEntry *b)
{
        return a->length == b->length &&
               memcmp(ia->bytes.data + a->offset, ib->bytes.data + b->offset, a->length) == 0;
}

/* The table is read every few seconds: eight bytes at a time. Each step is a bijection, so that one
 * word that differs always makes another hash. */
static uint64_t hash_words(uint64_t h, const char *data, size_t n)
{
        uint64_t word;
        size_t i;

        for (i = 0; i + sizeof(word) <= n; i += sizeof(word)) {
                memcpy(&word, data + i, sizeof(word));
                h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
                h ^= h >> 32;
        }
        return hash_bytes(h, data + i, n - i);
}

uint64_t ipt_image_hash(const IptImage *i)
{
        uint64_t all = i->n_stray_jumps, h;

        for (size_t c = 0; c < i->n_chains; c++) {
                h = hash_string(HASH_BEGIN, i->chains[c].name);
                for (size_t k = 0; k < i->chains[c].n; k++) {
                        const ImageEntry *e = &i->entries[i->chains[c].first + k];

                        h = hash_words(h, i->bytes.data + e->offset, e->length);
                }
                all += hash_finish(h);
        }
        for (IptHook k = 0; k < _IPT_HOOK_MAX; k++) {
                h = hash_number(HASH_BEGIN, k);
                if (i->jumps[k].length > 0)
                        h = hash_bytes(h, i->bytes.data + i->jumps[k].offset, i->jumps[k].length);
                all += hash_finish(h);
        }
        return hash_finish(all);
}

bool ipt_image_is_empty(const IptImage *i)
{
        for (IptHook h = 0; h < _IPT_HOOK_MAX; h++)
                if (i->jumps[h].length > 0)
                        return false;
        return i->n_chains == 0 && i->n_stray_jumps == 0;
}

/* ---- whose chain, whose jump ---- */

bool ipt_name_is_ours(const char *name)
{
        static const char *const hooks[] = { "P25-IN", "P25-FWD", "P25-OUT" };

        for (size_t i = 0; i < ELEMENTS(hooks); i++) {
                size_t n = strlen(hooks[i]);

                if (strncmp(name, hooks[i], n) == 0 &&
                        (name[n] == '\0' || name[n] == '-' || name[n] == '.'))
                        return true;
        }
        if (strncmp(name, "P25-", 4) != 0)
                return false;
        /* of a rule: its id, then what of it */
        name += 4;
        return name[strspn(name, "0123456789abcdef")] == '\0' ||
               (strspn(name, "0123456789abcdef") > 0 && strpbrk(name, "-."));
}

bool ipt_entry_id(Family family, const void *entry, uint64_t *ret)
{
        Frame f = frame_of(family, entry);

        return entry_comment(entry, &f, ret);
}

bool ipt_entry_is_our_jump(Family family, const void *entry, const char *name)
{
        uint64_t id;

        return name && ipt_name_is_ours(name) && ipt_entry_id(family, entry, &id) &&
               id == IPT_COMMENT_MARK;
}
