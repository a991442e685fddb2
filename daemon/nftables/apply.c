/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Brings a table into the kernel: the present one is kept, taken over or replaced, always in one
 * batch, so that packets see the old policy or the new one. Counters live on in each case.
 */

#include "daemon/nftables/apply.h"

#include "daemon/loop/clock.h"
#include "daemon/nftables/decisions.h"
#include "daemon/nftables/kernel.h"
#include "daemon/nftables/monitor.h"
#include "rules/base/array.h"
#include "rules/base/diagnostic.h"
#include "rules/base/strv.h"
#include "rules/nftables/key.h"
#include "rules/nftables/message.h"
#include "rules/nftables/numbers.h"
#include "rules/nftables/table.h"
#include "rules/nftables/update.h"
#include "rules/policy/rule.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>

#define APPLY_TRIES 10

/* ---- errors in words ---- */

static const struct {
        int error;
        const char *text;
} errors[] = {
        { EPERM, "p25d needs CAP_NET_ADMIN to change the firewall" },
        { EBUSY, "another process owns the table inet p25" },
        { ENOBUFS, "the kernel has no buffers for the change" },
        { ENOMEM, "the kernel has no memory for the change" },
        { EMSGSIZE, "the change is larger than the socket's send buffer may be" },
        { ENFILE, "a set is larger than the kernel allows" },
        { ERESTART, "other processes keep changing the firewall" },
        { EOPNOTSUPP, "this kernel does not support what is needed" },
        { EMLINK, "the rules are nested too deeply for the kernel" },
};

static const char *error_text(int error)
{
        for (size_t i = 0; i < ELEMENTS(errors); i++)
                if (errors[i].error == -error)
                        return errors[i].text;
        return strerror(-error);
}

static int report(Diagnostics *d, int error, const NftMessage *m)
{
        Place place = { 0 };

        if (m && m->origin)
                place = (Place){ m->origin->file, m->origin->line };
        if (m && error != -EPERM && error != -EBUSY)
                diagnostics_error(
                        d, place, NULL, "the kernel refuses a %s: %s", m->what, error_text(error));
        else
                diagnostics_error(d, place, NULL, "%s", error_text(error));
        return error;
}

/* The table is owned by a socket that is not ours: say whose. */
static int report_owner(Diagnostics *d, uint32_t owner)
{
        char path[32], name[32] = "";
        FILE *f;

        snprintf(path, sizeof(path), "/proc/%u/comm", owner);
        f = fopen(path, "re");
        if (f) {
                if (!fgets(name, sizeof(name), f))
                        name[0] = '\0';
                fclose(f);
        }
        name[strcspn(name, "\n")] = '\0';
        if (name[0] != '\0')
                diagnostics_error(d, (Place){ 0 }, NULL,
                        "another process owns the table inet p25: %s[%u]; is another p25d running?",
                        name, owner);
        else
                diagnostics_error(d, (Place){ 0 }, NULL,
                        "another process owns the table inet p25; is another p25d running?");
        return -EBUSY;
}

/* ---- exchanging a batch ---- */

static int echo_read_attribute(const struct nlattr *a, void *data)
{
        if (mnl_attr_get_type(a) == NFTA_RULE_HANDLE && mnl_attr_validate(a, MNL_TYPE_U64) >= 0)
                *(uint64_t *)data = be64toh(mnl_attr_get_u64(a));
        return MNL_CB_OK;
}

/* The handle of a rule that was inserted. */
static int echo_read(const struct nlmsghdr *h, void *data)
{
        NftBatch *b = data;
        size_t i = h->nlmsg_seq - b->seq;

        if (h->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE) && i < b->n &&
                b->messages[i].ret_handle)
                mnl_attr_parse(
                        h, sizeof(struct nfgenmsg), echo_read_attribute, b->messages[i].ret_handle);
        return 0;
}

/* As netlink_batch(). */
static int batch_exchange(NftBackend *b, NftBatch *batch, bool commit, NetlinkOutcome *ret)
{
        int r = nft_batch_finish(batch, commit);

        if (r < 0)
                return r;
        return netlink_batch(&b->writer,
                &(NetlinkBatch){ .data = batch->data,
                        .length = batch->length,
                        .first = batch->seq,
                        .last = batch->seq + (uint32_t)batch->n - 1 - commit,
                        .f = echo_read,
                        .f_data = batch },
                ret);
}

/* ---- taking over what is there ---- */

static const NftChainKind bases[] = { CHAIN_PREROUTING, CHAIN_FORWARD, CHAIN_OUTPUT, CHAIN_INPUT,
        CHAIN_HELD };

static bool found_keeps_chain(const FoundChain *c)
{
        for (size_t i = 0; i < ELEMENTS(bases); i++) {
                char name[NFT_NAME_TEXT_MAX];
                uint32_t hook;
                int32_t priority;

                if (nft_chain_hook(bases[i], &hook, &priority) && c->base && c->hook == hook &&
                        c->priority == priority && c->policy == NF_ACCEPT &&
                        streq(c->name, nft_chain_name(&(NftChainKey){ .kind = bases[i] }, name)))
                        return true;
        }
        return false;
}

static bool found_has_base(const Found *f, const char *name)
{
        for (size_t i = 0; i < f->n_chains; i++)
                if (streq(f->chains[i].name, name) && found_keeps_chain(&f->chains[i]))
                        return true;
        return false;
}

static const NftSet *dynamic_set_find(const NftTable *t, const char *name)
{
        char buffer[NFT_NAME_TEXT_MAX];

        for (size_t i = 0; i < t->n_sets; i++)
                if (nft_set_is_dynamic(&t->sets[i]) &&
                        streq(nft_set_name(&t->sets[i].key, buffer), name))
                        return &t->sets[i];
        return NULL;
}

/* The part of the found table that stays, as a table: base chains without their rules, buckets,
 * counters. */
static int remains_note_chain(NftTable *t, const FoundChain *c)
{
        char name[NFT_NAME_TEXT_MAX];

        for (size_t i = 0; i < ELEMENTS(bases); i++) {
                NftChainKey key = { .kind = bases[i] };
                int r;

                if (!streq(nft_chain_name(&key, name), c->name))
                        continue;
                r = array_grow(&t->chains, t->n_chains, sizeof(NftChain));
                if (r < 0)
                        return r;
                t->chains[t->n_chains++] = (NftChain){ .key = key };
        }
        return 0;
}

static int remains_note_set(NftTable *t, const NftSet *s)
{
        int r = array_grow(&t->sets, t->n_sets, sizeof(NftSet));

        if (r >= 0)
                t->sets[t->n_sets++] = (NftSet){ .key = s->key, .size = s->size };
        return r;
}

static int remains_note_counter(NftTable *t, uint64_t id)
{
        int r = array_grow(&t->counters, t->n_counters, sizeof(uint64_t));

        if (r >= 0)
                t->counters[t->n_counters++] = id;
        return r;
}

static void remains_sort(NftTable *t)
{
        if (t->n_chains > 0)
                qsort(t->chains, t->n_chains, sizeof(NftChain), nft_chain_key_compare);
        if (t->n_sets > 0)
                qsort(t->sets, t->n_sets, sizeof(NftSet), nft_set_key_compare);
        if (t->n_counters > 0)
                qsort(t->counters, t->n_counters, sizeof(uint64_t), number_compare);
}

/* Empties the table that is there; *ret is what is left of it. */
static int put_emptying(NftBatch *b, const Found *f, const NftTable *new, NftTable *ret)
{
        int r = 0;

        if (f->n_chains > 0)
                nft_put_delete_rules(b, NULL, 0);
        STRV_FOREACH (name, f->sets) {
                const NftSet *s = dynamic_set_find(new, *name);

                if (s && r >= 0)
                        r = remains_note_set(ret, s);
                else
                        nft_put_delete_set(b, *name);
        }
        for (size_t i = 0; i < f->n_chains && r >= 0; i++) {
                if (found_keeps_chain(&f->chains[i]))
                        r = remains_note_chain(ret, &f->chains[i]);
                else
                        nft_put_delete_chain(b, f->chains[i].name);
        }
        for (size_t i = 0; i < f->n_objects && r >= 0; i++) {
                const FoundObject *o = &f->objects[i];
                uint64_t id;

                if (o->type == NFT_OBJECT_COUNTER && nft_counter_id(o->name, &id))
                        r = remains_note_counter(ret, id);
                else
                        nft_put_delete_object(b, o->name, o->type);
        }
        remains_sort(ret);
        return r;
}

/* Deletes the table and makes it again, with its counters where they stood. */
static int put_replacement(NftBatch *b, const Found *f, const uint32_t *flags, NftTable *ret)
{
        int r = 0;

        nft_put_table(b, NFT_ADD, NFT_TABLE_NAME, NULL);
        nft_put_table(b, NFT_DELETE, NFT_TABLE_NAME, NULL);
        nft_put_table(b, NFT_ADD, NFT_TABLE_NAME, flags);
        for (size_t i = 0; i < f->n_objects && r >= 0; i++) {
                const FoundObject *o = &f->objects[i];
                uint64_t id;

                if (o->type != NFT_OBJECT_COUNTER || !nft_counter_id(o->name, &id))
                        continue;
                nft_put_counter(b, id, o->packets, o->bytes);
                r = remains_note_counter(ret, id);
        }
        remains_sort(ret);
        return r;
}

static uint32_t flags_wanted(const NftBackend *b)
{
        return b->owns ? NFT_TABLE_OWNER | (b->persists ? NFT_TABLE_PERSIST : 0) : 0;
}

/* Ownership can neither be given to a table that has none nor be taken from it. But an orphan,
 * which keeps its flag "persist", can be owned again. */
static bool is_adoptable(const NftBackend *b, const Found *f)
{
        if (f->owner != 0 && f->owner == b->writer.portid)
                return b->owns;
        return b->owns ? b->persists && (f->flags | NFT_TABLE_OWNER) == flags_wanted(b)
                       : (f->flags & ~NFT_TABLE_OWNER) == 0;
}

/* The table itself, and what of an older one stays. */
static int put_foundation(
        NftBackend *b, NftBatch *batch, const Found *f, const NftTable *new, NftTable *ret)
{
        uint32_t flags = flags_wanted(b);

        if (!f->exists) {
                nft_put_table(batch, NFT_ADD, NFT_TABLE_NAME, &flags);
                return 0;
        }
        if (!is_adoptable(b, f))
                return put_replacement(batch, f, &flags, ret);
        if (b->owns && f->owner == 0)
                nft_put_table(batch, NFT_ADD, NFT_TABLE_NAME, &flags);
        return put_emptying(batch, f, new, ret);
}

/* Has it a base chain that the kernel has not? */
static bool gains_base(const Found *f, const NftTable *new)
{
        for (size_t i = 0; i < new->n_chains; i++) {
                char name[NFT_NAME_TEXT_MAX];
                uint32_t hook;
                int32_t priority;

                if (nft_chain_hook(new->chains[i].key.kind, &hook, &priority) &&
                        !found_has_base(f, nft_chain_name(&new->chains[i].key, name)))
                        return true;
        }
        return false;
}

/* In the transaction in which the owner of a table changes it cannot gain a base chain (EINVAL):
 * that of a former p25d is claimed by itself then. 1: it was; 0: no need; or negative errno. */
static int claim(NftBackend *b, const Found *f, const NftTable *new)
{
        _cleanup_nft_batch_ NftBatch batch = { 0 };
        NetlinkOutcome o = { 0 };
        uint32_t flags = flags_wanted(b);
        int r;

        if (!f->exists || !b->owns || f->owner != 0 || !is_adoptable(b, f) || !gains_base(f, new))
                return 0;
        nft_batch_init(&batch, b->writer.seq + 1, NULL);
        nft_put_table(&batch, NFT_ADD, NFT_TABLE_NAME, &flags);
        r = batch_exchange(b, &batch, true, &o);
        if (r >= 0)
                r = o.error;
        return r < 0 ? r : 1;
}

/* -EBUSY, with an error in d: it is another's. */
static int build_all(NftBackend *b, NftBatch *batch, NftTable *new, Diagnostics *d)
{
        _cleanup_(found_deinit) Found f = { 0 };
        _cleanup_(nft_table_free_p) NftTable *remains = calloc(1, sizeof(NftTable));
        int r = remains ? nft_kernel_find(&b->writer, &f) : -ENOMEM;

        if (r >= 0 && f.owner != 0 && f.owner != b->writer.portid)
                return report_owner(d, f.owner);
        if (r >= 0 && f.exists)
                r = nft_kernel_list(&b->writer, &f);
        if (r >= 0)
                r = claim(b, &f, new);
        if (r > 0)
                return -EAGAIN; /* from the beginning */
        if (r >= 0)
                r = put_foundation(b, batch, &f, new, remains);
        return r < 0 ? r : nft_update_build(batch, remains, new, NULL, NULL);
}

/* ---- sending ---- */

typedef enum SendResult {
        SEND_DONE,
        SEND_AGAIN,  /* another process was faster, or there was no room for a moment */
        SEND_UNSURE, /* the outcome, or what is there, is not known */
        SEND_FAILED,
} SendResult;

/* The kernel does not have what was expected: something is missing, there or in use. */
static bool is_mismatch(int error)
{
        return error == -ENOENT || error == -EEXIST || error == -EBUSY;
}

static bool is_passing(int error)
{
        return error == -ENOBUFS || error == -EAGAIN || error == -EINTR;
}

/* The kernel has no tables that are owned so. Asking for that first would be no faster: even a
 * batch that is only tried waits for all processors. */
static bool is_without_ownership(const NftBackend *b, const NftMessage *m, int error)
{
        return b->owns && m && streq(m->what, "table") &&
               (error == -EOPNOTSUPP || error == -EINVAL);
}

/* A table that does not persist is lost with the last descriptor of the socket that owns it: it
 * must be kept before there is such a table. */
static int live_with_less(NftBackend *b)
{
        if (b->persists) {
                b->persists = false;
                if (b->keep(b->writer.fd) > 0)
                        return 0;
        }
        b->owns = false;
        return nft_monitor_start(b);
}

static SendResult batch_send(
        NftBackend *b, NftBatch *batch, bool commit, Diagnostics *d, int *ret_error)
{
        const NftMessage *m = NULL;
        NetlinkOutcome o = { 0 };
        int r = batch_exchange(b, batch, commit, &o);

        *ret_error = r < 0 ? r : o.error;
        if (r < 0 && o.sent)
                return SEND_UNSURE;
        if (r >= 0 && o.error == 0)
                return SEND_DONE;
        if (*ret_error == -ERESTART || (r < 0 && is_passing(r)))
                return SEND_AGAIN;
        if (r >= 0 && b->intact && is_mismatch(o.error))
                return SEND_UNSURE;
        if (r >= 0 && o.error_seq - batch->seq > 0 && o.error_seq - batch->seq < batch->n)
                m = &batch->messages[o.error_seq - batch->seq];
        if (is_without_ownership(b, m, *ret_error)) {
                *ret_error = live_with_less(b);
                if (*ret_error >= 0)
                        return SEND_AGAIN;
                m = NULL;
        }
        report(d, *ret_error, m);
        return SEND_FAILED;
}

/* The batch that brings the table, without regard to what is there. */
static int build_batch(NftBackend *b, NftBatch *batch, NftTable *table, bool commit, Diagnostics *d)
{
        bool guarded;
        int r = 0;

        if (b->intact && nft_monitor_look(b) != REPAIR_NONE)
                b->intact = false;
        guarded = !b->owns || !b->intact;
        if (guarded)
                r = nft_kernel_generation(&b->writer, &b->guard);
        if (r < 0)
                return r;
        nft_batch_init(batch, b->writer.seq + 1, guarded ? &b->guard : NULL);
        batch->now_usec = clock_now_usec(CLOCK_REALTIME);
        /* Elements can only be too many, which their numbers say before: trying them costs as much
         * as bringing them. */
        batch->without_elements = !commit;
        if (b->intact)
                r = nft_update_build(batch, b->wanted, table, nft_kernel_handles, &b->writer);
        else
                r = build_all(b, batch, table, d);
        /* Reading the kernel moved the numbers on. */
        nft_batch_renumber(batch, b->writer.seq + 1);
        return r;
}

static SendResult apply_once(
        NftBackend *b, NftTable *table, bool commit, Diagnostics *d, int *ret_error)
{
        _cleanup_nft_batch_ NftBatch batch = { 0 };
        SendResult result;
        int r = build_batch(b, &batch, table, commit, d);

        if (r < 0) {
                *ret_error = r;
                if (is_passing(r))
                        return SEND_AGAIN;
                if (r != -EBUSY)
                        report(d, r, NULL);
                return SEND_FAILED;
        }
        if (nft_batch_is_empty(&batch))
                return SEND_DONE;
        if (commit) {
                if (!b->intact)
                        b->broken = b->doubtful = false;
                nft_monitor_pause(b);
        }
        result = batch_send(b, &batch, commit, d, ret_error);
        if (result == SEND_DONE && commit) {
                b->committed = true;
                nft_update_settle(table);
        }
        return result;
}

static void forget_handles(NftTable *t)
{
        for (size_t i = 0; i < t->n_chains; i++) {
                free(t->chains[i].handles);
                t->chains[i].handles = NULL;
        }
}

/* Keeps the counts of a table that is about to be replaced. This changes the kernel's generation,
 * so it is not repeated with the batch. */
static void keep_found(NftBackend *b, NftTable *table)
{
        _cleanup_(found_deinit) Found f = { 0 };

        if (nft_kernel_find(&b->writer, &f) >= 0 && f.exists && !is_adoptable(b, &f) &&
                (f.owner == 0 || f.owner == b->writer.portid))
                nft_decisions_keep_found(b, table);
}

static int apply_tries(NftBackend *b, NftTable *table, bool commit, Diagnostics *d)
{
        SendResult result = SEND_AGAIN;
        int error = 0;

        if (commit && !b->intact)
                keep_found(b, table);
        for (int i = 0; i < APPLY_TRIES && (result == SEND_AGAIN || result == SEND_UNSURE); i++) {
                forget_handles(table);
                result = apply_once(b, table, commit, d, &error);
                /* The kernel is read again before the next try. */
                if (result == SEND_UNSURE)
                        b->intact = false;
        }
        if (result == SEND_AGAIN || result == SEND_UNSURE)
                report(d, error, NULL);
        return result == SEND_DONE ? 0 : error;
}

int nft_apply(NftBackend *b, NftTable *table, bool commit, Diagnostics *d)
{
        int r = apply_tries(b, table, commit, d);

        if (!commit || r < 0) {
                nft_table_free(table);
        } else {
                nft_table_free(b->wanted);
                b->wanted = table;
                b->intact = true;
        }
        if (commit)
                nft_monitor_resume(b);
        return r;
}

int nft_apply_again(NftBackend *b)
{
        int r;

        if (!b->wanted)
                return 0;
        b->intact = false;
        r = apply_tries(b, b->wanted, true, NULL);
        b->intact = r >= 0;
        nft_monitor_resume(b);
        return r;
}

int nft_apply_disown(NftBackend *b)
{
        b->owns = false;
        return nft_apply_again(b);
}

int nft_apply_remove(NftBackend *b, Diagnostics *d)
{
        _cleanup_nft_batch_ NftBatch batch = { 0 };
        _cleanup_(found_deinit) Found f = { 0 };
        SendResult result;
        int r = nft_kernel_find(&b->writer, &f);

        if (r < 0)
                return report(d, r, NULL);
        if (f.exists && f.owner != 0 && f.owner != b->writer.portid)
                return report_owner(d, f.owner);
        nft_monitor_pause(b);
        b->intact = b->broken = b->doubtful = false;
        repairer_rest(&b->repairer);
        b->wanted = nft_table_free(b->wanted);
        if (!f.exists)
                return 0;
        nft_batch_init(&batch, b->writer.seq + 1, NULL);
        nft_put_table(&batch, NFT_DELETE, NFT_TABLE_NAME, NULL);
        result = batch_send(b, &batch, true, d, &r);
        if (result == SEND_DONE)
                return 0;
        if (result != SEND_FAILED)
                report(d, r, NULL);
        return r;
}
