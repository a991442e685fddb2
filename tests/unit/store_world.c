/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/unit/store_world.h"

#include "rules/address/prefixset.h"
#include "rules/base/diagnostic.h"
#include "rules/base/strv.h"
#include "rules/policy/fragment.h"
#include "rules/policy/rule.h"
#include "rules/policy/state.h"

char folder[64];

HostPaths paths;
Store *store;

State *current;

int setup(void **state)
{
        (void)state;
        (void)snprintf(folder, sizeof(folder), "/tmp/p25-store-XXXXXX");
        if (!mkdtemp(folder) || host_paths_init(&paths, folder, NULL) < 0)
                return -1;
        current = state_new();
        return current && store_new(&paths, &store) >= 0 ? 0 : -1;
}

int teardown(void **state)
{
        char command[128];

        (void)state;
        store_free(store);
        state_free(current);
        host_paths_deinit(&paths);
        (void)snprintf(command, sizeof(command), "rm -rf '%s'", folder);
        return system(command);
}

const char *path_of(const char *name)
{
        static char path[4][512];
        static unsigned turn;
        char *p = path[turn++ % ELEMENTS(path)];

        (void)snprintf(p, sizeof(path[0]), "%s/var/lib/p25/%s", folder, name);
        return p;
}

bool exists(const char *name)
{
        return access(path_of(name), F_OK) == 0;
}

off_t size_of(const char *name)
{
        struct stat st;

        return stat(path_of(name), &st) < 0 ? -1 : st.st_size;
}

void append(const char *name, const char *text)
{
        FILE *f = fopen(path_of(name), "ae");

        assert_non_null(f);
        assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
        assert_int_equal(fclose(f), 0);
}

void replace(const char *name, const char *text)
{
        assert_int_equal(truncate(path_of(name), 0), 0);
        append(name, text);
}

PrefixSet *prefixes(const char *text)
{
        PrefixSet *s;

        assert_int_equal(prefix_set_parse(text, strlen(text), "test", NULL, &s), 0);
        return s;
}

State *next_state(void)
{
        State *s;

        assert_int_equal(state_copy(current, &s), 0);
        s->revision++;
        origin_deinit(&s->origin);
        s->origin = (Origin){
                .time_usec = 1000000 * s->revision,
                .uid = 7,
                .pid = 4711,
                .process = strdup("test"),
                .unit = strdup("a b.service"),
                .remote = strdup("2001:db8::1"),
                .reason = strdup("a reason, 100 % äöü"),
        };
        return s;
}

char *stored_text(int expected)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        _cleanup_(state_free_p) State *s = NULL;
        _cleanup_strv_ char **fragments = NULL, **sets = NULL;
        char *text;
        int r;

        r = host_load_state(&paths, &d, &s);
        for (size_t i = 0; i < d.n; i++)
                if (r < 0 && expected == 0)
                        print_message("%s: %s\n", d.items[i].file, d.items[i].text);
        assert_int_equal(r, expected);
        if (r < 0)
                return NULL;
        for (size_t i = 0; i < s->n_fragments; i++)
                assert_int_equal(strv_append(&fragments, s->fragments[i]->text), 0);
        for (size_t i = 0; i < s->n_sets; i++) {
                char *entries;
                size_t n;

                assert_int_equal(prefix_set_print(s->sets[i].entries, &entries, &n), 0);
                assert_int_equal(strv_consume(&sets, entries), 0);
        }
        assert_int_equal(print_state(s, fragments, sets, &text), 0);
        return text;
}

int commit(State *s, const SetDelta *delta)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        int r = store_prepare(store, current, s, delta, &d);

        if (r >= 0)
                r = store_publish(store, &d);
        assert_int_equal(d.n_errors, r < 0 ? 1 : 0);
        if (r < 0) {
                state_free(s);
                return r;
        }
        store_tidy(store);
        state_free(current);
        current = s;
        return 0;
}

void add_rule(State *s, const char *comment)
{
        _cleanup_(rule_unref_p) Rule *r = rule_new();

        assert_non_null(r);
        r->id = s->next_id++;
        r->action = ACTION_DENY;
        r->comment = strdup(comment);
        assert_int_equal(rule_list_append(&s->rules, r), 0);
}

void add_fragment(State *s, const char *name, const char *text)
{
        _cleanup_(fragment_unref_p) Fragment *f = NULL;

        assert_int_equal(host_parse_stored_fragment(name, text, strlen(text), folder, NULL, &f), 0);
        assert_int_equal(state_put_fragment(s, name, f), 0);
}

void add_set(State *s, const char *name, const char *text)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *entries = prefixes(text);

        assert_int_equal(state_put_set(s, name, entries), 0);
}

State *full_state(void)
{
        State *s = next_state();

        add_rule(s, "first");
        add_rule(s, "second");
        add_fragment(s, "web", "rules = ( { action = \"allow\"; direction = \"in\"; } );\n");
        add_fragment(s, "app", "rules = ();\n");
        add_set(s, "drop", "192.0.2.0/24\n2001:db8::/32\n");
        add_set(s, "empty", "");
        s->enabled = 1;
        s->roles_set = true;
        assert_int_equal(strv_append(&s->roles, "mx"), 0);
        s->defaults.of[DIRECTION_OUT] = ACTION_REJECT;
        s->logging = LOGGING_HIGH;
        return s;
}

int commit_delta(const char *set, const char *add, const char *rem)
{
        _cleanup_(prefix_set_unref_p) PrefixSet *a = prefixes(add), *b = prefixes(rem);
        _cleanup_(prefix_set_unref_p) PrefixSet *entries = NULL;
        State *s = next_state();
        size_t added, removed;

        assert_int_equal(prefix_set_update(
                                 state_find_set(s, set)->entries, a, b, &entries, &added, &removed),
                0);
        assert_int_equal(state_put_set(s, set, entries), 0);
        return commit(s, &(SetDelta){ .name = set, .add = a, .remove = b });
}

void reopen(void)
{
        State *s;

        store_free(store);
        store = NULL;
        assert_int_equal(store_new(&paths, &store), 0);
        assert_int_equal(store_load(store, NULL, &s), 0);
        state_free(current);
        current = s;
}

void expect_set(const char *name, const char *expected)
{
        _cleanup_(state_free_p) State *s = NULL;
        _cleanup_free_ char *text = NULL;
        size_t n;

        assert_int_equal(host_load_state(&paths, NULL, &s), 0);
        assert_non_null(state_find_set(s, name));
        assert_int_equal(prefix_set_print(state_find_set(s, name)->entries, &text, &n), 0);
        assert_string_equal(text, expected);
        assert_int_equal(s->revision, current->revision);
        assert_string_equal(s->origin.reason, current->origin.reason);
        assert_string_equal(s->origin.process, current->origin.process);
        assert_string_equal(s->origin.unit, current->origin.unit);
        assert_string_equal(s->origin.remote, current->origin.remote);
        assert_int_equal(s->origin.time_usec, current->origin.time_usec);
        assert_int_equal(s->origin.uid, current->origin.uid);
        assert_int_equal(s->origin.pid, current->origin.pid);
}
