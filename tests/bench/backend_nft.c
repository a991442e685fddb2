/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Milliseconds that the nftables backend takes on its open socket: a list of N unmergeable prefixes
 * applied for the first time, again, and with one entry more; a policy of N rules, and one rule
 * more. Beside the first, `nft -f` of the same script. Runs in a network namespace of its own.
 *
 *   backend_nft [MOST]      the largest list (100000)
 */

#include "daemon/nftables/backend.h"
#include "rules/address/address.h"
#include "rules/address/prefixset.h"
#include "rules/address/ranges.h"
#include "rules/base/diagnostic.h"
#include "rules/nftables/script.h"
#include "rules/policy/rule.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"
#include "tests/bench/timing.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define RUNS 5

static void fail(const char *what, int error)
{
        fprintf(stderr, "%s: %s\n", what, strerror(-error));
        exit(1);
}

/* Every other /24 or /56, some of them longer: nothing merges. */
static RangeSet *make_ranges(size_t n, bool ipv6)
{
        Prefix *prefixes = calloc(n, sizeof(Prefix));
        PrefixSet *set = NULL;
        RangeSet *ranges = NULL;
        int r;

        for (size_t i = 0; prefixes && i < n; i++) {
                uint32_t x = (uint32_t)(i * 2 + 1) << 8;

                prefixes[i].address.family = ipv6 ? FAMILY_IPV6 : FAMILY_IPV4;
                prefixes[i].bits = ipv6 ? 56 : 24 + (i % 8 == 0 ? 4 : 0);
                if (ipv6) {
                        prefixes[i].address.bytes[0] = 0x20;
                        x >>= 8;
                }
                for (size_t k = 0; k < 4; k++)
                        prefixes[i].address.bytes[(ipv6 ? 3 : 0) + k] =
                                (uint8_t)(x >> (24 - 8 * k));
        }
        r = prefixes ? prefix_set_new(prefixes, n, &set) : -ENOMEM;
        if (r >= 0)
                r = range_set_from_prefixes(set, &ranges);
        if (r < 0)
                fail("ranges", r);
        prefix_set_unref(set);
        free(prefixes);
        return ranges;
}

static CompiledRule make_rule(uint64_t id, Action action)
{
        CompiledRule r = { .rule = rule_new(), .action = action, .from.any = true, .to.any = true };

        if (!r.rule)
                fail("rule", -ENOMEM);
        r.rule->id = id;
        r.ports = r.rule->ports;
        return r;
}

static Ruleset *make_ruleset(size_t n_rules)
{
        Ruleset *r = calloc(1, sizeof(Ruleset));

        if (!r)
                fail("ruleset", -ENOMEM);
        for (Direction d = 0; d < _DIRECTION_MAX; d++) {
                ports_add(&r->directions[d].managed, 25);
                ports_add(&r->directions[d].watched, 25);
                r->directions[d].default_action = ACTION_DENY;
        }
        r->directions[DIRECTION_IN].rules = calloc(n_rules, sizeof(CompiledRule));
        r->directions[DIRECTION_IN].n = n_rules;
        if (!r->directions[DIRECTION_IN].rules)
                fail("ruleset", -ENOMEM);
        return r;
}

/* One rule: deny from @big. */
static Ruleset *make_set_ruleset(RangeSet *ranges)
{
        Ruleset *r = make_ruleset(1);
        CompiledRule *rule = &r->directions[DIRECTION_IN].rules[0];

        r->sets = calloc(1, sizeof(*r->sets));
        *rule = make_rule(1, ACTION_DENY);
        rule->from.any = false;
        rule->from.sets = calloc(1, sizeof(MatchSet));
        rule->from.n = 1;
        if (!r->sets || !rule->from.sets)
                fail("ruleset", -ENOMEM);
        r->n_sets = 1;
        r->sets[0].name = strdup("big");
        r->sets[0].ranges = range_set_ref(ranges);
        rule->from.sets[0] = (MatchSet){ .name = r->sets[0].name, .ranges = range_set_ref(ranges) };
        return r;
}

/* n rules, each from one network; without rule `skip`. */
static Ruleset *make_rules_ruleset(size_t n, size_t skip)
{
        Ruleset *r = make_ruleset(n - 1);

        for (size_t i = 0, k = 0; i < n; i++) {
                RangeSet *ranges = i == skip ? NULL : range_set_empty();
                uint64_t first = (uint64_t)i << 8;
                CompiledRule *rule = &r->directions[DIRECTION_IN].rules[k];

                if (!ranges)
                        continue;
                if (range_set_append(
                            ranges, FAMILY_IPV4, (Wide){ 0, first }, (Wide){ 0, first + 255 }) < 0)
                        fail("ranges", -ENOMEM);
                *rule = make_rule(i + 1, ACTION_DENY);
                rule->from.any = false;
                rule->from.sets = calloc(1, sizeof(MatchSet));
                if (!rule->from.sets)
                        fail("rule", -ENOMEM);
                rule->from.sets[0].ranges = ranges;
                rule->from.n = 1;
                k++;
        }
        return r;
}

static double apply(Backend *b, const Ruleset *r)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        double begin = timing_now_msec();
        int k = backend_nft.apply(b, r, &d);

        if (k < 0)
                fail(d.n > 0 ? d.items[0].text : "apply", k);
        return timing_now_msec() - begin;
}

static double run_nft(const Ruleset *r)
{
        char path[] = "/tmp/p25-bench-XXXXXX", command[64];
        _cleanup_free_ char *text = NULL;
        int fd = mkstemp(path), k = nft_script_print(r, &text);
        FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
        double begin;

        if (k < 0 || !f || fputs(text, f) < 0 || fclose(f) != 0)
                fail(path, k < 0 ? k : -errno);
        snprintf(command, sizeof(command), "nft -f %s", path);
        begin = timing_now_msec();
        k = system(command);
        begin = timing_now_msec() - begin;
        unlink(path);
        return k == 0 ? begin : 0;
}

static Backend *open_backend(void)
{
        Backend *b;
        int r = backend_nft.open(NULL, NULL, NULL, NULL, 0, &b);

        if (r < 0)
                fail("open", r);
        return b;
}

static void bench_set(size_t n, bool ipv6)
{
        RangeSet *all = make_ranges(n, ipv6), *more = make_ranges(n + 1, ipv6);
        Ruleset *r = make_set_ruleset(all), *plus = make_set_ruleset(more);
        RangeSet *half = make_ranges(n / 2, ipv6);
        Ruleset *less = make_set_ruleset(half);
        double first[RUNS], same[RUNS], add[RUNS], del[RUNS], drop[RUNS], fill[RUNS], nft;

        for (int i = 0; i < RUNS; i++) {
                Backend *b = open_backend();

                first[i] = apply(b, r);
                same[i] = apply(b, r);
                add[i] = apply(b, plus);
                del[i] = apply(b, r);
                drop[i] = apply(b, less);
                fill[i] = apply(b, r);
                backend_nft.remove(b, NULL);
                backend_nft.close(b);
        }
        nft = n > 100000 ? 0 : run_nft(r);
        if (n <= 100000 && system("nft delete table inet p25") != 0)
                fail("nft", -EIO);
        printf("%8zu IPv%d  first %9.3f  again %7.3f  one more %7.3f  one less %7.3f  half out "
               "%8.3f  in %8.3f",
                n, ipv6 ? 6 : 4, timing_median(first, RUNS), timing_median(same, RUNS),
                timing_median(add, RUNS), timing_median(del, RUNS), timing_median(drop, RUNS),
                timing_median(fill, RUNS));
        if (nft > 0)
                printf("  nft -f %9.1f (%.0f ×)", nft, nft / timing_median(first, RUNS));
        puts("");
        ruleset_free(r);
        ruleset_free(plus);
        ruleset_free(less);
        range_set_unref(half);
        range_set_unref(all);
        range_set_unref(more);
}

/* One rule goes, one comes, in two places of the list. */
static void bench_rules(size_t n)
{
        Ruleset *r = make_rules_ruleset(n, n / 2), *other = make_rules_ruleset(n, n / 3);
        double first[RUNS], second[RUNS], change[RUNS];

        for (int i = 0; i < RUNS; i++) {
                Backend *b = open_backend();

                first[i] = apply(b, r);
                second[i] = apply(b, other);
                change[i] = apply(b, r);
                backend_nft.remove(b, NULL);
                backend_nft.close(b);
        }
        printf("%8zu rules first %9.3f  first change %7.3f  next %7.3f\n", n - 1,
                timing_median(first, RUNS), timing_median(second, RUNS),
                timing_median(change, RUNS));
        ruleset_free(r);
        ruleset_free(other);
}

int main(int argc, char **argv)
{
        size_t most = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
        struct rusage use;

        if (unshare(CLONE_NEWNET) < 0)
                fail("a network namespace", -errno);
        for (size_t n = 10; n <= most; n *= n < 1000 ? 100 : 10)
                bench_set(n, false);
        bench_set(most < 100000 ? most : 100000, true);
        bench_rules(100);
        bench_rules(10000);
        getrusage(RUSAGE_SELF, &use);
        printf("peak memory %ld MiB\n", use.ru_maxrss / 1024);
        return 0;
}
