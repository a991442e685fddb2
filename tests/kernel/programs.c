/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * BPF programs in hooks of netfilter: they are found where they are, and what passes them is not
 * said to pass. The kernel's list of hooks is read from messages as it sends them, because not
 * every kernel has one.
 *
 * runs alone: programs of all network namespaces are in one list
 */

#include "daemon/foreign/programs.h"
#include "daemon/foreign/hooks.h"
#include "daemon/foreign/read.h"
#include "daemon/foreign/walk.h"
#include "rules/address/address.h"
#include "rules/address/family.h"
#include "rules/policy/direction.h"
#include "rules/ruleset/packet.h"
#include "tests/lib/world.h"

#include <linux/bpf.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_hook.h>
#include <stdint.h>
#include <sys/syscall.h>

#define PRIORITY (-7)
/* linux/bpf.h of Linux 6.4 */
#define PROGRAM_NETFILTER 32 /* BPF_PROG_TYPE_NETFILTER */
#define ATTACH_NETFILTER 45  /* BPF_NETFILTER */

/* A program that drops all packets. */
static int program_load(void)
{
        static const struct bpf_insn code[] = {
                { .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = NF_DROP },
                { .code = BPF_JMP | BPF_EXIT },
        };
        union bpf_attr a = { .prog_type = PROGRAM_NETFILTER,
                .insn_cnt = ELEMENTS(code),
                .insns = (uintptr_t)code,
                .license = (uintptr_t) "GPL",
                .expected_attach_type = ATTACH_NETFILTER };

        return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &a, sizeof(a));
}

/* The link ends with the descriptor. */
static int program_attach(int program, uint32_t hook)
{
        struct {
                uint32_t program, target, type, flags;
                uint32_t family, hook;
                int32_t priority;
                uint32_t more_flags;
        } a = { .program = (uint32_t)program,
                .type = ATTACH_NETFILTER,
                .family = NFPROTO_IPV4,
                .hook = hook,
                .priority = PRIORITY };

        return (int)syscall(SYS_bpf, BPF_LINK_CREATE, &a, sizeof(a));
}

static unsigned outcome_of(const Filters *f, Direction d, Family family, bool *ret_doubtful)
{
        _cleanup_passage_ Passage p = { 0 };
        Packet packet = { .direction = d, .family = family, .port = 25 };
        PassageQuestion q = { .packet = &packet, .own = OWN_NOWHERE };

        assert_int_equal(passage_find(f, &q, &p), 0);
        *ret_doubtful = p.doubtful;
        if (p.doubtful) {
                assert_string_equal(p.hops[0].hook, "output");
                assert_string_equal(p.hops[0].table, "BPF");
                assert_int_equal(p.hops[0].priority, PRIORITY);
                assert_non_null(strstr(p.doubts[0], "BPF"));
        }
        return p.outcome;
}

/* Of IPv4, going out. */
static void expect_one(const Filters *f)
{
        bool doubtful;

        assert_int_equal(f->n_programs, 1);
        assert_int_equal(f->programs[0].family, NFPROTO_IPV4);
        assert_int_equal(f->programs[0].hook, NF_INET_LOCAL_OUT);
        assert_int_equal(f->programs[0].priority, PRIORITY);
        assert_true(f->programs[0].id > 0);
        assert_int_equal(
                outcome_of(f, DIRECTION_OUT, FAMILY_IPV4, &doubtful), OUT_ACCEPT | OUT_DROP);
        assert_true(doubtful);
        assert_int_equal(outcome_of(f, DIRECTION_OUT, FAMILY_IPV6, &doubtful), OUT_ACCEPT);
        assert_int_equal(outcome_of(f, DIRECTION_IN, FAMILY_IPV4, &doubtful), OUT_ACCEPT);
        assert_int_equal(outcome_of(f, DIRECTION_ROUTED, FAMILY_IPV4, &doubtful), OUT_ACCEPT);
}

static void test_attached(void **state)
{
        int program = program_load(), link, listener = listen_at(INTERNET, 25);
        _cleanup_filters_ Filters without = { 0 }, with = { 0 };

        (void)state;
        if (program < 0)
                skip(); /* a kernel without, or a user who may not */
        assert_int_equal(filters_read(&without), 0);
        assert_int_equal(without.n_programs, 0);
        link = program_attach(program, NF_INET_LOCAL_OUT);
        assert_true(link >= 0);
        assert_int_equal(filters_read(&with), 0);
        assert_null(with.unread);
        expect_one(&with);
        assert_int_equal(connect_to(HOST, "192.0.2.2", 25), SILENT);
        close(link);
        close(program);
        close(listener);
}

/* ---- messages ---- */

typedef struct Message {
        struct nlmsghdr header;
        struct nfgenmsg family;
        uint8_t bytes[256];
} Message;

/* Appends an attribute; where it begins. */
static uint32_t put(Message *m, uint16_t type, const void *value, size_t n)
{
        struct nlattr a = { .nla_len = (uint16_t)(NLA_HDRLEN + n), .nla_type = type };
        uint32_t at = m->header.nlmsg_len, used = at - offsetof(Message, bytes);

        memcpy(m->bytes + used, &a, sizeof(a));
        if (n > 0)
                memcpy(m->bytes + used + sizeof(a), value, n);
        m->header.nlmsg_len += (uint32_t)NLA_ALIGN(NLA_HDRLEN + n);
        return at;
}

static void put_u32(Message *m, uint16_t type, uint32_t value)
{
        uint32_t big = htobe32(value);

        put(m, type, &big, sizeof(big));
}

/* The attribute that begins there holds all that was appended since. */
static void end(Message *m, uint32_t at)
{
        uint16_t length = (uint16_t)(m->header.nlmsg_len - at);

        memcpy(m->bytes + at - offsetof(Message, bytes), &length, sizeof(length));
}

/* net/netfilter/nfnetlink_hook.c, nfnl_hook_dump_one() */
static Message message_make(uint32_t type)
{
        Message m = { .header = { .nlmsg_len = offsetof(Message, bytes),
                              .nlmsg_type = NFNL_SUBSYS_HOOK << 8 | NFNL_MSG_HOOK_GET },
                .family = { .nfgen_family = NFPROTO_IPV4 } };
        uint32_t info, description;

        put(&m, NFNLA_HOOK_FUNCTION_NAME, "nf_hook_run_bpf", sizeof("nf_hook_run_bpf"));
        info = put(&m, NFNLA_HOOK_CHAIN_INFO | NLA_F_NESTED, NULL, 0);
        put_u32(&m, NFNLA_HOOK_INFO_TYPE, type);
        description = put(&m, NFNLA_HOOK_INFO_DESC | NLA_F_NESTED, NULL, 0);
        put_u32(&m, 1, 4711);
        end(&m, description);
        end(&m, info);
        put_u32(&m, NFNLA_HOOK_HOOKNUM, NF_INET_LOCAL_OUT);
        put_u32(&m, NFNLA_HOOK_PRIORITY, (uint32_t)PRIORITY);
        return m;
}

static void test_messages(void **state)
{
        Message m = message_make(2), nft = message_make(1);
        _cleanup_filters_ Filters f = { 0 };

        (void)state;
        assert_int_equal(programs_add_hook(&f, &nft.header), 0);
        assert_int_equal(f.n_programs, 0);
        assert_int_equal(programs_add_hook(&f, &m.header), 0);
        expect_one(&f);
        assert_string_equal(f.programs[0].name, "program 4711");
        /* cut short anywhere */
        for (uint32_t n = m.header.nlmsg_len; n >= NLMSG_HDRLEN; n--) {
                _cleanup_filters_ Filters g = { 0 };
                struct nlmsghdr *copy = malloc(n);

                assert_non_null(copy);
                memcpy(copy, &m, n);
                copy->nlmsg_len = n;
                (void)programs_add_hook(&g, copy);
                free(copy);
        }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_messages),
                cmocka_unit_test(test_attached),
        };
        int r;

        if (!world_begin()) {
                puts("1..0 # SKIP no network namespaces here");
                return 0;
        }
        world_build();
        r = cmocka_run_group_tests(tests, NULL, NULL);
        world_end();
        return r;
}
