/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The table as text for iptables-restore, entry by entry the same as the bytes of encode.c.
 */

#include "rules/iptables/script.h"

#include "rules/address/address.h"
#include "rules/base/buffer.h"
#include "rules/iptables/set.h"
#include "rules/iptables/statement.h"
#include "rules/iptables/table.h"
#include "rules/policy/expiry.h"

#include <errno.h>
#include <inttypes.h>

#define STATES_ANY "INVALID,NEW,RELATED,ESTABLISHED,UNTRACKED"

/* ---- in the header: iptables has them before all matches ---- */

static const IptStatement *find(const IptTable *t, const IptEntry *e, IptStatementKind k, bool to)
{
        for (size_t i = 0; i < e->n; i++) {
                const IptStatement *s = &t->statements[e->first + i];

                if (s->kind == k && s->to == to)
                        return s;
        }
        return NULL;
}

static void print_prefix(Buffer *b, const Prefix *p)
{
        char text[ADDRESS_TEXT_MAX];

        buffer_printf(b, "%s/%u", address_format(&p->address, text), p->bits);
}

static void print_header(Buffer *b, const IptTable *t, const IptEntry *e)
{
        static const IptStatementKind of_tcp[] = { IPT_TCP, IPT_SYN, IPT_RST, IPT_PORT, IPT_PORTS,
                IPT_VERDICT_RESET };
        const IptStatement *from = find(t, e, IPT_ADDRESS, false);
        const IptStatement *to = find(t, e, IPT_ADDRESS, true);
        const IptStatement *in = find(t, e, IPT_IN_INTERFACE, false);
        const IptStatement *out = find(t, e, IPT_OUT_INTERFACE, false);

        if (from) {
                buffer_add_string(b, " -s ");
                print_prefix(b, &from->prefix);
        }
        if (to) {
                buffer_add_string(b, " -d ");
                print_prefix(b, &to->prefix);
        }
        if (in)
                buffer_printf(b, "%s -i %s", in->not ? " !" : "", in->interface);
        if (out)
                buffer_printf(b, "%s -o %s", out->not ? " !" : "", out->interface);
        for (size_t i = 0; i < ELEMENTS(of_tcp); i++)
                if (find(t, e, of_tcp[i], false)) {
                        buffer_add_string(b, " -p tcp");
                        break;
                }
}

/* ---- matches ---- */

#define MULTIPORT_MAX 15

static void print_ports(Buffer *b, _unused_ const IptTable *t, const IptStatement *s)
{
        for (size_t i = 0; i < s->ports->n; i++)
                if (i % MULTIPORT_MAX == 0)
                        buffer_printf(b, " -m multiport%s --dports %u", s->not ? " !" : "",
                                s->ports->items[i]);
                else
                        buffer_printf(b, ",%u", s->ports->items[i]);
}

static void print_none_dialled(Buffer *b, _unused_ const IptTable *t, const IptStatement *s)
{
        for (size_t i = 0; i < s->ports->n; i++)
                buffer_printf(b, " -m conntrack --ctstate " STATES_ANY " ! --ctorigdstport %u",
                        s->ports->items[i]);
}

static void print_ids(Buffer *b, _unused_ const IptTable *t, const IptStatement *s)
{
        buffer_printf(
                b, " -m owner --%s-owner %" PRIu32, s->kind == IPT_USERS ? "uid" : "gid", s->first);
        if (s->last > s->first)
                buffer_printf(b, "-%" PRIu32, s->last);
}

static void print_quoted(Buffer *b, const char *s)
{
        buffer_add_char(b, '"');
        for (; *s; s++) {
                if (*s == '"' || *s == '\\')
                        buffer_add_char(b, '\\');
                buffer_add_char(b, *s);
        }
        buffer_add_char(b, '"');
}

static void print_rate(Buffer *b, const IptTable *t, const IptStatement *s)
{
        const Limit *l = &s->over.limit;
        char name[IPT_LIMIT_NAME_MAX];

        buffer_printf(b,
                " -m hashlimit --hashlimit-above %" PRIu32 "/%s --hashlimit-burst %" PRIu32
                " --hashlimit-mode srcip",
                l->rate, limit_unit_to_string(l->unit_sec), l->burst);
        if (t->family == FAMILY_IPV6)
                buffer_add_string(b, " --hashlimit-srcmask 64");
        buffer_printf(b,
                " --hashlimit-name %s --hashlimit-htable-size %u --hashlimit-htable-max %u"
                " --hashlimit-htable-expire %" PRIu64,
                ipt_limit_name(s, name), IPT_SOURCES_HASH, IPT_SOURCES_MAX,
                ipt_limit_expire_msec(l));
}

/* iptables takes the second before the time, in UTC and without the Z. */
static void print_before(Buffer *b, _unused_ const IptTable *t, const IptStatement *s)
{
        char text[EXPIRY_TEXT_MAX];

        expiry_format((s->time_sec - 1) * USEC_PER_SEC, text);
        buffer_printf(b, " -m time --datestop %.*s", (int)strcspn(text, "Z"), text);
}

static void print_syn(Buffer *b, _unused_ const IptTable *t, const IptStatement *s)
{
        buffer_printf(b, " -m tcp%s --tcp-flags SYN,ACK SYN", s->not ? " !" : "");
}

static void print_port(Buffer *b, _unused_ const IptTable *t, const IptStatement *s)
{
        buffer_printf(b, " -m tcp --dport %" PRIu32, s->first);
}

static void print_dialled_port(Buffer *b, _unused_ const IptTable *t, const IptStatement *s)
{
        buffer_printf(b, " -m conntrack --ctorigdstport %" PRIu32 " --ctdir ORIGINAL", s->first);
}

static void print_dialled_address(Buffer *b, _unused_ const IptTable *t, const IptStatement *s)
{
        char text[ADDRESS_TEXT_MAX];

        buffer_printf(b, " -m conntrack --ctorigdst %s/%u --ctdir ORIGINAL",
                address_format(&s->prefix.address, text), s->prefix.bits);
}

static void print_label(Buffer *b, _unused_ const IptTable *t, const IptStatement *s)
{
        buffer_printf(b, " -m connlabel --label %" PRIu32, s->first);
}

static void print_unit(Buffer *b, _unused_ const IptTable *t, const IptStatement *s)
{
        buffer_add_string(b, " -m cgroup --path ");
        print_quoted(b, s->path);
}

static void print_set(Buffer *b, const IptTable *t, const IptStatement *s)
{
        buffer_printf(
                b, " -m set --match-set %s %s", t->sets[s->set].key.name, s->to ? "dst" : "src");
}

static void print_open(Buffer *b, const IptTable *t, const IptStatement *s)
{
        buffer_printf(b,
                " -m connlimit --connlimit-above %" PRIu32 " --connlimit-mask %u --connlimit-saddr",
                s->over.limit.open, t->family == FAMILY_IPV4 ? 32 : 64);
}

static void print_log_limit(Buffer *b, _unused_ const IptTable *t, const IptStatement *s)
{
        buffer_printf(b, " -m limit --limit %" PRIu32 "/sec --limit-burst %" PRIu32,
                s->log_limit.a_second, s->log_limit.burst);
}

static void print_count(Buffer *b, _unused_ const IptTable *t, const IptStatement *s)
{
        char name[IPT_COUNT_NAME_MAX];

        buffer_printf(b, " -m nfacct --nfacct-name %s", ipt_count_name(s, name));
}

static void print_comment(Buffer *b, _unused_ const IptTable *t, const IptStatement *s)
{
        char comment[IPT_COMMENT_TEXT_MAX];

        buffer_add_string(b, " -m comment --comment ");
        print_quoted(b, ipt_comment_format(s->comment, comment));
}

/* A constant of every entry, or a function. Neither: a field of the header, or a target. */
static const struct {
        const char *text;
        void (*print)(Buffer *b, const IptTable *t, const IptStatement *s);
} matches[_IPT_STATEMENT_MAX] = {
        [IPT_SYN] = { .print = print_syn },
        [IPT_RST] = { .text = " -m tcp --tcp-flags SYN,RST RST" },
        [IPT_PORT] = { .print = print_port },
        [IPT_PORTS] = { .print = print_ports },
        [IPT_NOT_DIALLED] = { .print = print_none_dialled },
        [IPT_OWN] = { .text = " -m conntrack --ctstate " STATES_ANY " --ctdir REPLY" },
        [IPT_DIALLED_PORT] = { .print = print_dialled_port },
        [IPT_DIALLED_ADDRESS] = { .print = print_dialled_address },
        [IPT_TRANSLATED] = { .text = " -m conntrack --ctstate DNAT --ctdir ORIGINAL" },
        [IPT_UNTRACKED] = { .text = " -m conntrack --ctstate INVALID,UNTRACKED" },
        [IPT_MARKED] = { .text = " -m mark ! --mark 0x0" },
        [IPT_TRANSPARENT] = { .text = " -m socket --transparent --nowildcard" },
        [IPT_BRIDGED] = { .text = " -m physdev --physdev-is-bridged" },
        [IPT_LABEL] = { .print = print_label },
        [IPT_USERS] = { .print = print_ids },
        [IPT_GROUPS] = { .print = print_ids },
        [IPT_UNIT] = { .print = print_unit },
        [IPT_BEFORE] = { .print = print_before },
        [IPT_SET] = { .print = print_set },
        [IPT_RATE_OVER] = { .print = print_rate },
        [IPT_OPEN_OVER] = { .print = print_open },
        [IPT_LOG_LIMIT] = { .print = print_log_limit },
        [IPT_COUNT] = { .print = print_count },
        [IPT_COUNT_OLD] = { .print = print_count },
        [IPT_COMMENT] = { .print = print_comment },
};

static void print_match(Buffer *b, const IptTable *t, const IptStatement *s)
{
        if (matches[s->kind].text)
                buffer_add_string(b, matches[s->kind].text);
        if (matches[s->kind].print)
                matches[s->kind].print(b, t, s);
}

static void print_target(Buffer *b, const IptTable *t, const IptStatement *s)
{
        char prefix[IPT_LOG_PREFIX_MAX];

        if (s->kind == IPT_VERDICT_RETURN)
                buffer_add_string(b, " -j RETURN");
        if (s->kind == IPT_VERDICT_DROP)
                buffer_add_string(b, " -j DROP");
        if (s->kind == IPT_VERDICT_RESET)
                buffer_add_string(b, " -j REJECT --reject-with tcp-reset");
        if (s->kind == IPT_LOG)
                buffer_printf(b, " -j NFLOG --nflog-prefix \"%s\" --nflog-group %u --nflog-size %u",
                        ipt_log_prefix(s, prefix), IPT_LOG_GROUP, IPT_LOG_SNAPLEN);
        if (s->kind == IPT_JUMP || s->kind == IPT_GOTO)
                buffer_printf(
                        b, " -%c %s", s->kind == IPT_JUMP ? 'j' : 'g', t->chains[s->chain].name);
}

static void print_chain(Buffer *b, const IptTable *t, const IptChain *c, bool first)
{
        for (size_t i = 0; i < c->n; i++) {
                const IptEntry *e = &c->entries[i];

                buffer_printf(b, "-%c %s%s", first ? 'I' : 'A', c->name, first ? " 1" : "");
                print_header(b, t, e);
                for (size_t k = 0; k < e->n; k++)
                        print_match(b, t, &t->statements[e->first + k]);
                print_target(b, t, &t->statements[e->first + e->n - 1]);
                buffer_add_char(b, '\n');
        }
}

void ipt_table_print(Buffer *b, const IptTable *t)
{
        buffer_add_string(b, "*filter\n");
        for (size_t i = _IPT_HOOK_MAX; i < t->n_chains; i++)
                buffer_printf(b, ":%s - [0:0]\n", t->chains[i].name);
        for (size_t i = 0; i < t->n_chains; i++)
                print_chain(b, t, &t->chains[i], i < _IPT_HOOK_MAX);
        buffer_add_string(b, "COMMIT\n");
}

int ipt_script_print(const Ruleset *r, bool ipv4, bool ipv6, Diagnostics *d, char **ret)
{
        static const struct {
                Family family;
                const char *heading;
        } families[] = {
                { FAMILY_IPV4, "# iptables-restore\n" },
                { FAMILY_IPV6, "# ip6tables-restore\n" },
        };
        _cleanup_buffer_ Buffer b = { 0 };

        for (size_t i = 0; i < ELEMENTS(families); i++) {
                _cleanup_(ipt_table_free_p) IptTable *t = NULL;
                IptOptions options = { .family = families[i].family };
                int k;

                if (!(families[i].family == FAMILY_IPV4 ? ipv4 : ipv6))
                        continue;
                k = ipt_table_new(r, &options, d, &t);
                if (k < 0)
                        return k;
                buffer_add_string(&b, families[i].heading);
                ipt_table_print(&b, t);
        }
        return buffer_take(&b, ret);
}
