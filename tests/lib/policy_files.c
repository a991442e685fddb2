/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/lib/policy_files.h"

#include "rules/base/buffer.h"
#include "rules/policy/policy.h"

char *test_read_bytes(const char *path, size_t *ret_n)
{
        _cleanup_buffer_ Buffer b = { 0 };
        FILE *f = fopen(path, "re");
        char chunk[4096], *text;
        size_t n;

        if (!f)
                fail_msg("%s: %s", path, strerror(errno));
        while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
                buffer_add(&b, chunk, n);
        fclose(f);
        *ret_n = b.length;
        assert_int_equal(buffer_take(&b, &text), 0);
        return text;
}

char *test_read_file(const char *path)
{
        size_t n;

        return test_read_bytes(path, &n);
}

char *test_base_name(const char *path)
{
        const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
        char *name = strndup(base, strcspn(base, "."));

        assert_non_null(name);
        return name;
}

void test_expect_good(int r, const Diagnostics *d)
{
        for (size_t i = 0; r < 0 && i < d->n; i++)
                print_error(
                        "%s:%u: %s\n", d->items[i].file ?: "-", d->items[i].line, d->items[i].text);
        assert_int_equal(r, 0);
}

void test_load_roles(Policy *p, Diagnostics *d)
{
        glob_t g = { 0 };

        assert_int_equal(glob("policies/*.conf", 0, NULL, &g), 0);
        p->roles = calloc(g.gl_pathc, sizeof(*p->roles));
        assert_non_null(p->roles);
        for (size_t i = 0; i < g.gl_pathc; i++) {
                _cleanup_free_ char *text = test_read_file(g.gl_pathv[i]);
                int r = parse_role(text, strlen(text), g.gl_pathv[i], d, p->roles + i);

                test_expect_good(r, d);
                p->n_roles++;
        }
        globfree(&g);
}

void test_load_host(Policy *p, const char *text, const char *file, Diagnostics *d)
{
        test_expect_good(parse_host(text, strlen(text), file, d, &p->host), d);
}
