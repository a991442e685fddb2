/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The evaluator against the kernel: random policies, compiled and brought into the kernel one after
 * another by every backend, and random connections under each. What became of a connection and
 * whose counter moved must be what evaluate() says.
 *
 *   P25_PAIRS=N P25_SEED=N   how many, and which
 *   P25_BACKENDS=iptables    which of the backends; all that are built in when not given
 *   P25_POLICY=N             only policy number N (from 1), where none was before it
 */

#include "daemon/backend/rule_counter.h"
#include "daemon/nftables/backend.h"
#include "rules/base/array.h"
#include "rules/base/buffer.h"
#include "rules/nftables/table.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/policy.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/counterid.h"
#include "rules/ruleset/ruleset.h"
#include "tests/differential/attempts.h"
#include "tests/differential/policies.h"
#include "tests/lib/nft_backend.h"

#define PAIRS_A_POLICY 25
#define MISMATCHES_MAX 5

static const BackendOps *const backends[] = { &backend_nft,
#ifdef WITH_IPTABLES
        &backend_iptables
#endif
};

/* The connections that a limit has seen of a source; while the rule lives. */
typedef struct Bucket {
        uint64_t id;
        Limit limit;
        uint8_t source[17];
        uint32_t n;
} Bucket;

typedef struct Run {
        const BackendOps *ops;
        Backend *backend;
        Random random;
        uint64_t seed;
        size_t n_policy, n_pairs, n_refused;
        char *text; /* the policy in force */
        Policy *policy;
        Ruleset *ruleset;
        bool tracked, stateless;
        Bucket *buckets;
        size_t n_buckets;
        size_t n_mismatches;
        size_t n_seen[_ACTION_MAX], n_by_default, n_unmanaged;
} Run;

static uint64_t environment_number(const char *name, uint64_t otherwise)
{
        const char *text = getenv(name);

        return text && *text ? strtoull(text, NULL, 10) : otherwise;
}

/* ---- policies ---- */

static Ruleset *compile_with_units(const Policy *p, Diagnostics *d)
{
        static const Names names = { fixture_user, fixture_group, sender_unit_find, NULL, NULL,
                NULL };
        Ruleset *r = NULL;

        test_expect_good(compile_policy(p, &names, d, &r), d);
        return r;
}

static void policy_forget(Run *run)
{
        ruleset_free(run->ruleset);
        policy_free(run->policy);
        free(run->text);
        run->ruleset = NULL;
        run->policy = NULL;
        run->text = NULL;
}

static bool ruleset_has(const Ruleset *r, uint64_t id)
{
        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                for (size_t i = 0; i < r->directions[d].n; i++)
                        if (r->directions[d].rules[i].rule->id == id)
                                return true;
        return false;
}

/* Buckets go with their rule, and with the table. */
static void buckets_forget(Run *run, bool all)
{
        size_t n = 0;

        for (size_t i = 0; i < run->n_buckets; i++)
                if (!all && ruleset_has(run->ruleset, run->buckets[i].id))
                        run->buckets[n++] = run->buckets[i];
        run->n_buckets = n;
}

static uint64_t now_sec(void)
{
        struct timespec now;

        assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
        return (uint64_t)now.tv_sec;
}

/* Some rules have ended, others will when this is long over. Files cannot say it. */
static void rules_end(Run *run)
{
        const RuleList *l = &run->policy->host->common->rules;
        bool many = random_once(&run->random, 3);

        for (size_t i = 0; i < l->n; i++) {
                uint64_t sec = 1 + random_below(&run->random, 1000);

                if (!random_once(&run->random, many ? 2 : 6))
                        continue;
                sec = random_once(&run->random, 2) ? now_sec() - sec : now_sec() + 3600 + sec;
                l->items[i]->expires_usec = sec * 1000000 - random_below(&run->random, 1000000);
        }
}

/* Now and then as after a restart, or from nothing. */
static void backend_disturb(Run *run)
{
        if (random_once(&run->random, 6)) {
                assert_int_equal(run->ops->remove(run->backend, NULL), 0);
                buckets_forget(run, true);
        }
        if (random_once(&run->random, 6)) {
                run->ops->close(run->backend);
                assert_int_equal(run->ops->open(NULL, NULL, NULL, NULL, 0, &run->backend), 0);
        }
}

/* With nftables every other table asks conntrack nothing, although the host forwards: it judges
 * alike. */
static void stateless_choose(Run *run)
{
        NftBackend *b = (NftBackend *)run->backend;

        run->stateless = random_once(&run->random, 2) && run->ops == &backend_nft;
        if (run->stateless)
                b->flags |= NFT_TABLE_STATELESS;
        else if (run->ops == &backend_nft)
                b->flags &= ~(unsigned)NFT_TABLE_STATELESS;
}

/* False: the backend says that it cannot express the policy, and leaves what is in force. */
static bool policy_install(Run *run)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        bool tracked;
        int r;

        policy_forget(run);
        run->n_policy++;
        run->random = (Random){ run->seed * UINT64_C(1000003) + run->n_policy };
        run->text = policy_write(&run->random);
        run->policy = make_policy();
        test_load_roles(run->policy, &d);
        test_load_host(run->policy, run->text, "p25.conf", &d);
        rules_end(run);
        run->policy->state->lockdown = random_once(&run->random, 40);
        run->ruleset = compile_with_units(run->policy, &d);
        backend_disturb(run);
        stateless_choose(run);
        r = run->ops->apply(run->backend, run->ruleset, &d);
        if (r == -EOPNOTSUPP)
                return false;
        test_expect_good(r, &d);
        buckets_forget(run, false);
        tracked = !random_once(&run->random, 8);
        if (tracked != run->tracked)
                sites_track(tracked);
        run->tracked = tracked;
        return true;
}

/* ---- what is expected ---- */

typedef struct Expected {
        Verdict verdict;
        uint64_t counter; /* 0: none moves */
        bool open, reset; /* what may happen; neither: silence */
} Expected;

static Bucket *bucket_find(Run *run, const CompiledRule *rule, const Packet *p)
{
        Bucket wanted = { .id = rule->rule->id, .limit = rule->limit };

        wanted.source[0] = (uint8_t)(p->direction == DIRECTION_OUT ? 0 : p->family);
        if (p->direction == DIRECTION_OUT)
                memcpy(wanted.source + 1, &p->uid, sizeof(p->uid));
        else
                memcpy(wanted.source + 1, p->from.bytes, p->family == FAMILY_IPV4 ? 4 : 8);
        for (size_t i = 0; i < run->n_buckets; i++) {
                Bucket *b = &run->buckets[i];

                if (b->id == wanted.id && memcmp(b->source, wanted.source, 17) == 0 &&
                        memcmp(&b->limit, &wanted.limit, sizeof(Limit)) == 0)
                        return b;
        }
        assert_int_equal(array_grow(&run->buckets, run->n_buckets, sizeof(Bucket)), 0);
        run->buckets[run->n_buckets] = wanted;
        return &run->buckets[run->n_buckets++];
}

/* Up to its burst a limit lets through; beyond, at a rate of one a day, nothing. What conntrack
 * does not follow cannot be counted, and `max` lets nothing of it through. */
static void expect_limit(Run *run, const Packet *p, Expected *e)
{
        const Limit *l = &e->verdict.rule->limit;
        Bucket *b = bucket_find(run, e->verdict.rule, p);

        b->n++;
        e->open = e->reset = true;
        if (!run->tracked && l->open > 0) {
                e->open = false;
                return;
        }
        if (l->rate == 0 || b->n <= l->burst)
                e->reset = false;
        else if (l->unit_sec == 86400)
                e->open = false;
}

static Expected attempt_expect(Run *run, const Attempt *a)
{
        Expected e = { .verdict.action = ACTION_ALLOW };
        Packet packet = a->packet;

        packet.time_usec = now_sec() * 1000000;
        if (!a->free)
                evaluate(run->ruleset, &packet, &e.verdict);
        if (e.verdict.rule)
                e.counter = e.verdict.rule->rule->id;
        else if (e.verdict.by_default)
                e.counter = DEFAULT_COUNTER_ID(a->packet.direction);
        e.open = e.verdict.action == ACTION_ALLOW;
        e.reset = e.verdict.action == ACTION_REJECT;
        if (e.verdict.action == ACTION_LIMIT)
                expect_limit(run, &a->packet, &e);
        run->n_seen[e.verdict.action]++;
        run->n_by_default += e.verdict.by_default;
        run->n_unmanaged += !e.verdict.rule && !e.verdict.by_default;
        return e;
}

/* ---- what the kernel did ---- */

typedef struct Counters {
        RuleCounter *items;
        size_t n;
} Counters;

static Counters counters_read(Run *run)
{
        Counters c = { 0 };

        assert_int_equal(run->ops->counters(run->backend, &c.items, &c.n), 0);
        return c;
}

/* Did this counter, and no other, move by one? 0 for none. */
static bool counters_moved(const Counters *before, const Counters *now, uint64_t id)
{
        bool good = before->n == now->n, found = id == 0;

        for (size_t i = 0; i < now->n && good; i++) {
                uint64_t by = now->items[i].packets - before->items[i].packets;

                good = now->items[i].id == before->items[i].id && by == (now->items[i].id == id);
                found = found || now->items[i].id == id;
        }
        return good && found;
}

static bool answer_is_good(const Expected *e, Answer a)
{
        switch (a) {
        case OPEN:
                return e->open;
        case RESET:
                return e->reset;
        case SILENT:
                return !e->open && !e->reset;
        case OTHER:
                break;
        }
        return false;
}

/* Silence needs no waiting where a counter says that the packet has met its end. */
static Answer attempt_watch(
        Run *run, const Expected *e, int fd, int error, const Counters *before, Counters *ret_after)
{
        Answer answer = SILENT;

        if (e->open || e->reset)
                answer = attempt_answer(fd, error, ANSWER_MSEC);
        *ret_after = counters_read(run);
        if (answer != SILENT)
                return answer;
        answer = attempt_answer(fd, error, REST_MSEC);
        for (int i = 0;
                i < 300 && answer == SILENT && !counters_moved(before, ret_after, e->counter);
                i++) {
                answer = attempt_answer(fd, error, 10);
                free(ret_after->items);
                *ret_after = counters_read(run);
        }
        return answer;
}

/* ---- reports of differences ---- */

static void print_counter(const Run *run, uint64_t id)
{
        static const char *const defaults[] = { "default of in", "default of out",
                "default of routed" };

        for (Direction d = 0; d < _DIRECTION_MAX; d++) {
                const RulesetDirection *l = &run->ruleset->directions[d];

                if (id == DEFAULT_COUNTER_ID(d))
                        printf("%s", defaults[d]);
                for (size_t i = 0; i < l->n; i++)
                        if (l->rules[i].rule->id == id) {
                                const Rule *rule = l->rules[i].rule;

                                printf("%s rule %zu (%s:%u, %s%s)", direction_to_string(d), i + 1,
                                        rule->file ?: "-", rule->line,
                                        action_to_string(l->rules[i].action),
                                        rule->expires_usec != 0 ? ", ends" : "");
                                return;
                        }
        }
}

static void print_policy(const Run *run)
{
        char path[] = "/tmp/p25-differential-XXXXXX.conf";
        const char *line = run->text, *end;
        FILE *f = fdopen(mkstemps(path, 5), "w");

        if (f) {
                fputs(run->text, f);
                fclose(f);
                printf("#   the policy is in %s\n", path);
        }
        if (run->n_mismatches > 1)
                return;
        for (int i = 0; i < 30 && *line; i++, line = *end ? end + 1 : end) {
                end = line + strcspn(line, "\n");
                printf("#   %.*s\n", (int)(end - line < 200 ? end - line : 200), line);
        }
}

static void print_mismatch(const Run *run, const Attempt *a, const Expected *e, Answer answer,
        const Counters *before, const Counters *after)
{
        static const char *const answers[] = {
                [OPEN] = "open", [RESET] = "reset", [SILENT] = "silence", [OTHER] = "an error"
        };
        _cleanup_buffer_ Buffer packet = { 0 };

        attempt_print(&packet, a);
        printf("# %s, pair %zu, policy %zu of seed %llu%s%s%s: %s\n", run->ops->name, run->n_pairs,
                run->n_policy, (unsigned long long)run->seed, run->tracked ? "" : ", untracked",
                run->stateless ? ", stateless" : "", run->ruleset->lockdown ? ", lockdown" : "",
                packet.data);
        printf("#   evaluator: %s by ", action_to_string(e->verdict.action));
        if (e->counter != 0)
                print_counter(run, e->counter);
        else
                printf("nothing: not managed");
        printf("\n#   kernel: %s, counted by", answers[answer]);
        for (size_t i = 0; i < after->n && i < before->n; i++)
                if (after->items[i].packets != before->items[i].packets) {
                        printf(" ");
                        print_counter(run, after->items[i].id);
                }
        printf("\n#   again: P25_BACKENDS=%s make differential N=%zu SEED=%llu"
               "   (or P25_POLICY=%zu)\n",
                run->ops->name, run->n_pairs, (unsigned long long)run->seed, run->n_policy);
        print_policy(run);
}

/* ---- the run ---- */

static void try_pair(Run *run, Counters *before)
{
        Attempt a = attempt_draw(&run->random, run->ruleset);
        Expected e = attempt_expect(run, &a);
        Counters after;
        int error, fd = attempt_begin(&a, &error);
        Answer answer = attempt_watch(run, &e, fd, error, before, &after);

        run->n_pairs++;
        if (!answer_is_good(&e, answer) || !counters_moved(before, &after, e.counter)) {
                run->n_mismatches++;
                print_mismatch(run, &a, &e, answer, before, &after);
        }
        abort_connection(fd);
        free(before->items);
        *before = after;
}

static void try_policy(Run *run, size_t pairs)
{
        Counters before = counters_read(run);

        for (size_t i = 0; i < pairs && run->n_mismatches < MISMATCHES_MAX; i++)
                try_pair(run, &before);
        sites_accept();
        free(before.items);
}

static void run_end(Run *run)
{
        if (run->backend) {
                run->ops->remove(run->backend, NULL);
                run->ops->close(run->backend);
        }
        policy_forget(run);
        free(run->buckets);
}

static void test_backend(void **state)
{
        uint64_t pairs = environment_number("P25_PAIRS", 2000);
        uint64_t only = environment_number("P25_POLICY", 0);
        _cleanup_(run_end) Run run = { .ops = *(const BackendOps **)*state,
                .seed = environment_number("P25_SEED", 1),
                .tracked = true };

        if (run.ops->probe() == -EOPNOTSUPP)
                skip();
        assert_int_equal(run.ops->open(NULL, NULL, NULL, NULL, 0, &run.backend), 0);
        if (only > 0) {
                run.n_policy = only - 1;
                pairs = pairs < PAIRS_A_POLICY ? pairs : PAIRS_A_POLICY;
        }
        while (run.n_pairs < pairs && run.n_mismatches < MISMATCHES_MAX) {
                uint64_t left = pairs - run.n_pairs;

                if (policy_install(&run))
                        try_policy(&run, left < PAIRS_A_POLICY ? left : PAIRS_A_POLICY);
                else
                        assert_true(++run.n_refused <= run.n_policy / 2 + 5);
        }
        printf("#: %s: %zu pairs under %zu policies, seed %llu: allow %zu, deny %zu, reject %zu, "
               "limit %zu; %zu by a default, %zu not managed; %zu policies refused; %zu "
               "differ%s%s\n",
                run.ops->name, run.n_pairs, run.n_policy, (unsigned long long)run.seed,
                run.n_seen[ACTION_ALLOW], run.n_seen[ACTION_DENY], run.n_seen[ACTION_REJECT],
                run.n_seen[ACTION_LIMIT], run.n_by_default, run.n_unmanaged, run.n_refused,
                run.n_mismatches, senders.many_users ? "" : "; one user",
                senders.folder[0] ? "" : "; no units");
        assert_int_equal(run.n_mismatches, 0);
}

static int setup(void **state)
{
        (void)state;
        if (!world_begin())
                return -1;
        sites_build();
        return senders_begin() ? 0 : -1;
}

static int teardown(void **state)
{
        (void)state;
        senders_end();
        sites_end();
        return 0;
}

static bool is_chosen(const BackendOps *ops)
{
        const char *names = getenv("P25_BACKENDS");

        return !names || !*names || strstr(names, ops->name);
}

int main(void)
{
        struct CMUnitTest tests[ELEMENTS(backends)];
        size_t n = 0;

        setvbuf(stdout, NULL, _IOLBF, 0);
        for (size_t i = 0; i < ELEMENTS(backends); i++)
                if (is_chosen(backends[i]))
                        tests[n++] = (struct CMUnitTest){ .name = backends[i]->name,
                                .test_func = test_backend,
                                .setup_func = setup,
                                .teardown_func = teardown,
                                .initial_state = (void *)&backends[i] };
        return _cmocka_run_group_tests("differential", tests, n, NULL, NULL);
}
