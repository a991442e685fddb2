/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The completions of bash, zsh and fish hold p25ctl's commands, options and words, in a block that
 * is made from p25ctl's own tables. GOLDEN_UPDATE=1 writes the block again.
 */

#include "cli/console/options.h"
#include "cli/verbs.h"
#include "rules/base/buffer.h"
#include "tests/lib/golden.h"

#include <ctype.h>

#define FOLDER "packaging/completion/"
#define BEGIN "# made from the tables of p25ctl:\n"
#define END "# that was made from the tables\n"

/* The words of a command's arguments, each once, blanks between: keywords in small letters, and
 * in capitals what they stand for. */
static void add_words(Buffer *b, const char *arguments)
{
        _cleanup_buffer_ Buffer seen = { 0 };

        buffer_add_string(&seen, " ");
        for (const char *p = arguments ?: ""; *p;) {
                char word[64], padded[66];
                size_t n = 0;

                while (*p && !isalpha((unsigned char)*p))
                        p++;
                while (isalnum((unsigned char)p[n]) || (n > 0 && p[n] == '-'))
                        n++;
                if (n == 0 || n >= sizeof(word))
                        break;
                /* what follows an option is the option's; "/tcp" belongs to a port */
                if ((p - arguments < 2 || p[-1] != '-') && (p == arguments || p[-1] != '/')) {
                        memcpy(word, p, n);
                        word[n] = '\0';
                        snprintf(padded, sizeof(padded), " %s ", word);
                        if (!strstr(seen.data, padded)) {
                                buffer_printf(b, "%s%s", seen.length > 1 ? " " : "", word);
                                buffer_printf(&seen, "%s ", word);
                        }
                }
                p += n;
        }
}

/* The options that take an argument, a blank before each. */
static void add_valued(Buffer *b)
{
        for (const Option *o = options; o->name; o++) {
                if (!o->argument)
                        continue;
                buffer_printf(b, " --%s", o->name);
                if (o->letter)
                        buffer_printf(b, " -%c", o->letter);
        }
}

/* 'it'\''s' */
static void add_quoted(Buffer *b, const char *text)
{
        buffer_add_string(b, "'");
        for (; *text; text++)
                buffer_printf(b, *text == '\'' ? "'\\''" : "%c", *text);
        buffer_add_string(b, "'");
}

static const char *second_word(const Verb *v)
{
        const char *space = strchr(v->name, ' ');

        return space ? space + 1 : NULL;
}

/* The first word of a command that is the first of its word ("role list"); else NULL. */
static char *first_word(const Verb *v)
{
        size_t n = strcspn(v->name, " ");

        for (const Verb *w = verbs; w < v; w++)
                if (strncmp(w->name, v->name, n) == 0 && (w->name[n] == ' ' || !w->name[n]))
                        return NULL;
        return strndup(v->name, n);
}

/* ---- bash: variables that its functions read ---- */

static void bash_block(Buffer *b)
{
        buffer_add_string(b, "_p25ctl_commands='");
        for (const Verb *v = verbs; v->name; v++) {
                _cleanup_free_ char *word = first_word(v);

                if (word)
                        buffer_printf(b, "%s%s", v == verbs ? "" : " ", word);
        }
        buffer_add_string(b, "'\n_p25ctl_options='");
        for (const Option *o = options; o->name; o++)
                buffer_printf(b, "%s--%s", o == options ? "" : " ", o->name);
        buffer_add_string(b, "'\n_p25ctl_valued='");
        add_valued(b);
        buffer_add_string(b, " '\n_p25ctl_words() # COMMAND\n{\n        case $1 in\n");
        for (const Verb *v = verbs; v->name; v++) {
                buffer_printf(b, "        '%s') echo '", v->name);
                add_words(b, v->arguments);
                buffer_add_string(b, "' ;;\n");
        }
        for (const Verb *v = verbs; v->name; v++) {
                _cleanup_free_ char *word = second_word(v) ? first_word(v) : NULL;
                size_t n = word ? strlen(word) : 0;

                if (!word)
                        continue;
                buffer_printf(b, "        '%s') echo '", word);
                for (const Verb *w = v; w->name; w++)
                        if (strncmp(w->name, word, n) == 0 && w->name[n] == ' ')
                                buffer_printf(b, "%s%s", w == v ? "" : " ", second_word(w));
                buffer_add_string(b, "' ;;\n");
        }
        buffer_add_string(b, "        *) return 1 ;;\n        esac\n}\n");
}

/* ---- zsh: the same, with what it says of each ---- */

static void zsh_block(Buffer *b)
{
        buffer_add_string(b, "_p25ctl_commands=(\n");
        for (const Verb *v = verbs; v->name; v++) {
                _cleanup_free_ char *entry = NULL;

                assert_true(asprintf(&entry, "%s:%s", v->name, v->help) > 0);
                buffer_add_string(b, "        ");
                add_quoted(b, entry);
                buffer_add_string(b, "\n");
        }
        buffer_add_string(b, ")\n_p25ctl_options=(\n");
        for (const Option *o = options; o->name; o++) {
                _cleanup_free_ char *entry = NULL;

                assert_true(asprintf(&entry, "--%s:%s", o->name, o->help) > 0);
                buffer_add_string(b, "        ");
                add_quoted(b, entry);
                buffer_add_string(b, "\n");
        }
        buffer_add_string(b, ")\n_p25ctl_valued=(");
        add_valued(b);
        buffer_add_string(b, " )\ntypeset -A _p25ctl_words\n_p25ctl_words=(\n");
        for (const Verb *v = verbs; v->name; v++) {
                buffer_printf(b, "        '%s' '", v->name);
                add_words(b, v->arguments);
                buffer_add_string(b, "'\n");
        }
        buffer_add_string(b, ")\n");
}

/* ---- fish: one line a command and an option ---- */

static void fish_block(Buffer *b)
{
        buffer_add_string(b, "set -g __p25ctl_valued");
        add_valued(b);
        buffer_add_string(b, "\n");
        for (const Verb *v = verbs; v->name; v++) {
                _cleanup_free_ char *word = first_word(v);

                if (word) {
                        buffer_printf(b, "complete -c p25ctl -n '__p25ctl_at' -a %s", word);
                        if (!second_word(v)) {
                                buffer_add_string(b, " -d ");
                                add_quoted(b, v->help);
                        }
                        buffer_add_string(b, "\n");
                }
                if (second_word(v)) {
                        buffer_printf(b, "complete -c p25ctl -n '__p25ctl_at %.*s' -a %s -d ",
                                (int)strcspn(v->name, " "), v->name, second_word(v));
                        add_quoted(b, v->help);
                        buffer_add_string(b, "\n");
                }
        }
        for (const Verb *v = verbs; v->name; v++) {
                if (!v->arguments)
                        continue;
                buffer_printf(b,
                        "complete -c p25ctl -n '__p25ctl_behind %s' -a '(__p25ctl_words "
                        "%s : ",
                        v->name, v->name);
                add_words(b, v->arguments);
                buffer_add_string(b, ")'\n");
        }
        for (const Option *o = options; o->name; o++) {
                buffer_printf(b, "complete -c p25ctl -l %s", o->name);
                if (o->letter)
                        buffer_printf(b, " -s %c", o->letter);
                buffer_printf(b, "%s -d ", o->argument ? " -r" : "");
                add_quoted(b, o->help);
                buffer_add_string(b, "\n");
        }
}

/* ---- */

static void check_file(const char *path, void (*block)(Buffer *b))
{
        _cleanup_free_ char *old = test_read_file(path);
        _cleanup_buffer_ Buffer b = { 0 };
        const char *begin = strstr(old, BEGIN), *end = strstr(old, END);

        assert_non_null(begin);
        assert_non_null(end);
        buffer_add(&b, old, (size_t)(begin - old));
        buffer_add_string(&b, BEGIN);
        block(&b);
        buffer_add_string(&b, end);
        assert_false(b.failed);
        file_expect(path, b.data);
}

static void test_bash(void **state)
{
        (void)state;
        check_file(FOLDER "p25ctl.bash", bash_block);
}

static void test_zsh(void **state)
{
        (void)state;
        check_file(FOLDER "_p25ctl", zsh_block);
}

static void test_fish(void **state)
{
        (void)state;
        check_file(FOLDER "p25ctl.fish", fish_block);
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_bash),
                cmocka_unit_test(test_zsh),
                cmocka_unit_test(test_fish),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
