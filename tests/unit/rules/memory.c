/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Each single allocation fails, once and from then on, while texts are read, compiled, printed and
 * compared: -ENOMEM is returned, nothing is lost (the leak check of the sanitizers) and nothing is
 * read that was not set. What libraries allocate does not fail: libconfig would end the process.
 */

#include "rules/base/strv.h"
#include "rules/compare/difference.h"
#include "rules/compile/assertions.h"
#include "rules/compile/compile.h"
#include "rules/config/parse.h"
#include "rules/policy/names.h"
#include "rules/policy/policy.h"
#include "rules/ruleset/print.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* ---- the allocations: ld --wrap ---- */

static unsigned n_calls, fail_at; /* fail_at: 0: none fails */
static bool fail_on;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *old, size_t n);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *old, size_t n);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t n);

static bool fails(void)
{
        n_calls++;
        if (fail_at == 0 || (fail_on ? n_calls < fail_at : n_calls != fail_at))
                return false;
        errno = ENOMEM;
        return true;
}

void *__wrap_malloc(size_t n)
{
        return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
        return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *old, size_t n)
{
        return fails() ? NULL : __real_realloc(old, n);
}

char *__wrap_strdup(const char *text)
{
        return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t n)
{
        return fails() ? NULL : __real_strndup(text, n);
}

/* ---- what is tried ---- */

static int find_name(_unused_ void *data, const char *name, uint32_t *ret)
{
        *ret = streq(name, "mail") ? 8 : 0;
        return streq(name, "mail") || streq(name, "root") ? 0 : -ENOENT;
}

static int find_unit(_unused_ void *data, _unused_ const char *name, Cgroup *ret)
{
        *ret = (Cgroup){ .id = 5, .level = 2 };
        return 0;
}

static const Names names = { .user = find_name, .group = find_name, .unit = find_unit };

static const char role_text[] =
        "role = { name = \"r\"; summary = \"x\"; manages = [ \"all\" ];"
        "vars = { v = { type = \"networks\"; default = [ \"10.0.0.0/8\", \"2001:db8::/32\" ]; };"
        "u = { type = \"users\"; default = [ \"root\", \"mail\" ]; };"
        "p = { type = \"ports\"; default = [ \"smtp\", \"submission\" ]; }; };"
        "default = { incoming = \"deny\"; };"
        "rules = ( { action = \"allow\"; direction = \"in\"; from = \"$v\"; ports = \"$p\"; },"
        "{ action = \"limit\"; direction = \"out\"; user = \"$u\"; } ); };";
static const char host_text[] =
        "enabled = true; roles = ( \"r\" ); default = { outgoing = \"reject\"; };"
        "sets = { office = { entries = [ \"198.51.100.0/24\", \"2001:db8:1::/48\" ]; }; };"
        "rules = ( { action = \"deny\"; direction = \"in\"; from = \"@office\"; comment = \"c\"; },"
        "{ action = \"allow\"; direction = \"out\"; user = \"mail\"; to = \"192.0.2.0/24\"; },"
        "{ action = \"limit\"; direction = \"out\"; unit = \"a.service\"; rate = \"5/minute\"; } );"
        "assert = ( { packet = \"in from 198.51.100.7\"; verdict = \"deny\"; } );";

static int read_texts(Policy **ret, Diagnostics *d)
{
        _cleanup_(policy_free_p) Policy *p = policy_new();
        int r;

        if (!p || !(p->roles = calloc(1, sizeof(*p->roles))))
                return -ENOMEM;
        p->n_roles = 1;
        if ((r = parse_role(role_text, strlen(role_text), "role", d, p->roles)) < 0 ||
                (r = parse_host(host_text, strlen(host_text), "p25.conf", d, &p->host)) < 0)
                return r;
        *ret = TAKE_PTR(p);
        return 0;
}

static int try_all(Diagnostics *d)
{
        _cleanup_(policy_free_p) Policy *p = NULL;
        _cleanup_(ruleset_free_p) Ruleset *ruleset = NULL;
        _cleanup_(difference_free_p) Difference *difference = NULL;
        _cleanup_strv_ char **lines = NULL;
        _cleanup_free_ char *text = NULL;
        int r;

        if ((r = read_texts(&p, d)) < 0 || (r = compile_policy(p, &names, d, &ruleset)) < 0 ||
                (r = assertions_check(p, ruleset, &names, d)) < 0 ||
                (r = ruleset_print(ruleset, &text)) < 0 ||
                (r = difference_compute_within(
                         NULL, ruleset, &(Steps){ .max = 100000 }, &difference)) < 0)
                return r;
        return difference_print(difference, NULL, 10, &lines);
}

/* The number of allocations of one that succeeds. */
static unsigned count_all(void)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        int r;

        n_calls = fail_at = 0;
        r = try_all(&d);
        for (size_t i = 0; i < d.n; i++)
                print_message("# %s\n", d.items[i].text);
        assert_int_equal(r, 0);
        return n_calls;
}

static void fail_each(bool on)
{
        unsigned n = count_all(), n_wrong = 0;

        fail_on = on;
        for (unsigned i = 1; i <= n; i++) {
                _cleanup_diagnostics_ Diagnostics d = { 0 };
                int r;

                n_calls = 0;
                fail_at = i;
                r = try_all(&d);
                fail_at = 0;
                if (r == -ENOMEM)
                        continue;
                print_error("allocation %u of %u: %d\n", i, n, r);
                n_wrong++;
        }
        print_message("# %u allocations\n", n);
        assert_int_equal(n_wrong, 0);
}

static void test_once(_unused_ void **state)
{
        fail_each(false);
}

static void test_from_then_on(_unused_ void **state)
{
        fail_each(true);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_once),
                cmocka_unit_test(test_from_then_on),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
