/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The screen of `top`: what is shown of p25d's answer, in which order, and what keys do. */

#include "cli/top/layout.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <wchar.h>

#include <cmocka.h>
#include <errno.h>

#define LINES 24
#define COLUMNS 80

#define WINDOW(b, a, d) \
        "{\"blocked\":" b ",\"allowed\":" a ",\"destinations\":" d ",\"estimated\":false}"
#define SENDER(key, name, minute, hour, day)                                          \
        "{\"" key "\":" name ",\"others\":false,\"minute\":" minute ",\"hour\":" hour \
        ",\"day\":" day "}"
#define HEAD                                                                          \
        "\"time\":\"2026-11-29T20:15:07Z\",\"backend\":\"nftables\",\"active\":true," \
        "\"revision\":7,\"obstacles\":0,"
#define QUIET "\"lockdown\":false,\"pending\":false"

static const char document[] = "{" HEAD QUIET ",\"users\":[" SENDER("user", "\"alice\"",
        WINDOW("0", "6", "1"), WINDOW("2", "90", "3"), WINDOW("4", "5", "6")) "," SENDER("user",
        "\"www-data\"", WINDOW("40", "0", "7"), WINDOW("123456", "0", "70"),
        WINDOW("98765432", "1", "7000")) "," SENDER("user", "null,\"uid\":4242",
        WINDOW("1", "0", "1"), WINDOW("1", "1", "1"),
        WINDOW("1", "1",
                "1")) ","
                      "{\"user\":null,\"uid\":null,\"others\":true,\"minute\":" WINDOW(
                              "0", "0", "0") ",\"hour\":" WINDOW("0", "0",
                              "0") ",\"day\":{\"blocked\":1,\"allowed\":2,\"destinations\":20000,"
                                   "\"estimated\":true}}],"
                                   "\"units\":[" SENDER("unit", "\"php.service\"",
                                           WINDOW("1", "0", "1"), WINDOW("1", "1", "1"),
                                           WINDOW("1", "1",
                                                   "1")) "],\"containers\":[],"
                                                         "\"rules\":[{\"id\":3,\"text\":\"reject "
                                                         "out user "
                                                         "www-data\",\"direction\":\"out\","
                                                         "\"packets\":9,"
                                                         "\"passed\":0,\"refused\":8,\"last\":"
                                                         "\"2026-11-29T20:14:00Z\"},"
                                                         "{\"id\":0,\"text\":\"default\","
                                                         "\"direction\":\"in\",\"packets\":0,"
                                                         "\"passed\":0,\"refused\":0,"
                                                         "\"last\":null}],"
                                                         "\"sets\":[{\"name\":\"bans\",\"entries\":"
                                                         "12},{\"name\":\"drop\",\"entries\":"
                                                         "1000000}]}";

/* ---- the screen as lines of text ---- */

static char grid[LINES][COLUMNS * 4 + 1];

static void piece_draw(wchar_t cells[LINES][COLUMNS + 1], const TopPiece *p)
{
        wchar_t wide[1024];
        size_t n = mbstowcs(wide, p->text, ELEMENTS(wide));
        int columns;

        assert_true(n < ELEMENTS(wide));
        columns = wcswidth(wide, n);
        assert_true(columns >= 0);
        assert_true(p->line < LINES);
        assert_true(p->column + (unsigned)columns <= COLUMNS);
        for (size_t i = 0, at = p->column; i < n; i++) {
                cells[p->line][at] = wide[i];
                for (int more = wcwidth(wide[i]); more > 1; more--)
                        cells[p->line][++at] = L' ';
                at++;
        }
}

static void draw(const TopState *s)
{
        static wchar_t cells[LINES][COLUMNS + 1];
        _cleanup_top_frame_ TopFrame f = { 0 };

        assert_int_equal(top_layout(s, LINES, COLUMNS, &f), 0);
        for (size_t i = 0; i < LINES; i++) {
                wmemset(cells[i], L' ', COLUMNS);
                cells[i][COLUMNS] = L'\0';
        }
        for (size_t i = 0; i < f.n; i++)
                piece_draw(cells, &f.items[i]);
        for (size_t i = 0; i < LINES; i++) {
                size_t n = COLUMNS;

                while (n > 0 && cells[i][n - 1] == L' ')
                        cells[i][--n] = L'\0';
                assert_true(wcstombs(grid[i], cells[i], sizeof(grid[i])) != (size_t)-1);
        }
}

static void assert_line(size_t i, const char *text)
{
        assert_string_equal(grid[i], text);
}

static void update(TopState *s, const char *text)
{
        _cleanup_(json_free_p) Json *j = NULL;
        TopModel m;

        assert_int_equal(json_parse(text, &j), 0);
        assert_int_equal(top_model_read(j, &m), 0);
        top_state_update(s, &m);
}

static TopAction press(TopState *s, int key)
{
        TopAction a;

        assert_int_equal(top_state_key(s, key, &a), 0);
        return a;
}

static void assert_words(const TopState *s, const char *text)
{
        _cleanup_buffer_ Buffer b = { 0 };

        STRV_FOREACH (w, s->words)
                buffer_printf(&b, "%s|", *w);
        assert_string_equal(b.data ?: "", text);
}

/* ---- tests ---- */

static void test_users(void **state)
{
        TopState s = { 0 };

        (void)state;
        update(&s, document);
        draw(&s);
        assert_line(0,
                "p25ctl top   Status: active   Lockdown: off   Revision: 7   nftables    20:15:07");
        assert_line(1, "Outgoing connections in the last minute: 41 blocked, 6 allowed");
        assert_line(2, " 1 users   2 units   3 containers   4 rules   5 sets   sorted by blocked");
        assert_line(3, "                   last minute               last hour         last day");
        assert_line(4,
                "USER               BLOCKED      ALLOWED      BLOCK ALLOW    TO BLOCK ALLOW    TO");
        assert_line(5,
                "www-data              40 ######     0         123k     0    70   98M     1  7000");
        assert_line(6,
                "alice                  0            6 ######     2    90     3     4     5     6");
        assert_line(7,
                "uid 4242               1 #          0            1     1     1     1     1     1");
        assert_line(8,
                "(others)               0            0            0     0     0     1     2  ~20k");
        assert_line(9, "");
        top_state_deinit(&s);
}

/* The name of the first row, and of the others, in each order. */
static void test_sort(void **state)
{
        static const char *const orders[][4] = {
                { "www-data", "alice", "uid 4242", "(others)" },
                { "alice", "uid 4242", "(others)", "www-data" },
                { "www-data", "alice", "uid 4242", "(others)" },
                { "(others)", "alice", "uid 4242", "www-data" },
        };
        TopState s = { 0 };

        (void)state;
        update(&s, document);
        for (TopSort by = 0; by < _TOP_SORT_MAX; by++) {
                assert_int_equal(s.sort, by);
                for (size_t i = 0; i < 4; i++)
                        assert_string_equal(s.model.tables[TOP_USERS].items[i].name, orders[by][i]);
                assert_int_equal(press(&s, 's'), TOP_STAY);
        }
        assert_int_equal(s.sort, TOP_BY_BLOCKED);
        top_state_deinit(&s);
}

/* The selection stays with its row, wherever that goes. */
static void test_selection(void **state)
{
        TopState s = { 0 };

        (void)state;
        update(&s, document);
        assert_int_equal(top_state_selected(&s), 0);
        press(&s, TOP_KEY_UP);
        assert_int_equal(top_state_selected(&s), 0);
        press(&s, 'j');
        assert_int_equal(top_state_selected(&s), 1); /* alice */
        press(&s, 's');
        assert_int_equal(top_state_selected(&s), 0);
        update(&s, document);
        assert_int_equal(top_state_selected(&s), 0);
        press(&s, TOP_KEY_PAGE_DOWN);
        assert_int_equal(top_state_selected(&s), 3);
        press(&s, 'k');
        assert_int_equal(top_state_selected(&s), 2);
        press(&s, TOP_KEY_PAGE_UP);
        assert_int_equal(top_state_selected(&s), 0);
        top_state_deinit(&s);
}

static void test_same_names(void **state)
{
        TopState s = { 0 };

        (void)state;
        update(&s, "{" HEAD QUIET ",\"sets\":[{\"name\":\"a\",\"entries\":1},"
                   "{\"name\":\"a\",\"entries\":1},{\"name\":\"a\",\"entries\":1}]}");
        press(&s, '5');
        for (size_t i = 0; i < 3; i++, press(&s, 'j'))
                assert_int_equal(top_state_selected(&s), i);
        top_state_deinit(&s);
}

static void test_views(void **state)
{
        TopState s = { 0 };

        (void)state;
        update(&s, document);
        press(&s, '\t');
        draw(&s);
        assert_int_equal(s.view, TOP_UNITS);
        assert_non_null(strstr(grid[4], "UNIT"));
        assert_non_null(strstr(grid[5], "php.service"));
        press(&s, '3');
        draw(&s);
        assert_line(5, "Nothing was counted yet.");
        press(&s, TOP_KEY_RIGHT);
        draw(&s);
        assert_line(4,
                "RULE                                       PACKETS    PASSED   REFUSED      LAST");
        assert_line(5,
                "reject out user www-data                         9         0         8  20:14:00");
        assert_line(6,
                "default (in)                                     0         0         0         -");
        press(&s, '5');
        draw(&s);
        assert_line(5, "drop                                                  1000000");
        assert_line(6, "bans                                                       12");
        press(&s, '\t');
        assert_int_equal(s.view, TOP_USERS);
        press(&s, TOP_KEY_LEFT);
        assert_int_equal(s.view, TOP_SETS);
        top_state_deinit(&s);
}

static void test_warnings(void **state)
{
        TopState s = { 0 };

        (void)state;
        update(&s, "{" HEAD "\"lockdown\":true,\"pending\":false}");
        draw(&s);
        assert_line(1, "LOCKDOWN: every mail port is closed");
        assert_non_null(strstr(grid[0], "Lockdown: on"));
        update(&s, "{" HEAD "\"lockdown\":false,\"pending\":true}");
        draw(&s);
        assert_line(1, "A change is waiting for 'p25ctl confirm'");
        assert_int_equal(top_state_set_trouble(&s, "p25d is not reachable: \x1b[2Jgone"), 0);
        draw(&s);
        assert_line(1, "Numbers of 20:15:07: p25d is not reachable: ?[2Jgone");
        assert_int_equal(top_state_set_trouble(&s, NULL), 0);
        draw(&s);
        assert_line(1, "A change is waiting for 'p25ctl confirm'");
        top_state_deinit(&s);
}

/* What users, units and sets call themselves cannot leave its column or move the cursor; a command
 * has the name as it is. */
static void test_hostile_names(void **state)
{
        TopState s = { 0 };

        (void)state;
        update(&s, "{" HEAD QUIET ",\"users\":[" SENDER("user",
                           "\"\\u001b[2J\\n\\u202eevil; reboot\"", WINDOW("1", "0", "1"),
                           WINDOW("9", "0", "1"), WINDOW("1", "0", "1")) "," SENDER("user",
                           "\"日本語日本語日本語日本語日本語\"", WINDOW("0", "0", "0"),
                           WINDOW("8", "0", "1"), WINDOW("1", "0", "1")) "," SENDER("user",
                           "\"%s%n-a-very-long-name-of-a-user\"", WINDOW("0", "0", "0"),
                           WINDOW("7", "0", "1"), WINDOW("1", "0", "1")) "]}");
        draw(&s);
        assert_memory_equal(grid[5], "?[2J??evil; reboot     1 ######", 31);
        assert_memory_equal(grid[6], "日 本 語 日 本 語 日 本 …      0", 40);
        assert_memory_equal(grid[7], "%s%n-a-very-long-…     0", 26);
        assert_int_equal(press(&s, 'e'), TOP_EXPLAIN);
        assert_words(&s, "explain|out|user|\x1b[2J\n\u202eevil; reboot|");
        draw(&s);
        assert_memory_equal(grid[22], "p25ctl explain out user ?[2J??evil; reboot", 42);
        top_state_deinit(&s);
}

static void test_explain(void **state)
{
        TopState s = { 0 };

        (void)state;
        update(&s, document);
        assert_int_equal(press(&s, 'e'), TOP_EXPLAIN);
        assert_words(&s, "explain|out|user|www-data|");
        assert_int_equal(s.pane, TOP_PANE_WAITING);
        /* one command at a time */
        assert_int_equal(press(&s, 'r'), TOP_STAY);
        assert_words(&s, "explain|out|user|www-data|");
        assert_int_equal(top_state_show(&s, "Verdict: reject\n  \x1b[31mpath\n", false), 0);
        draw(&s);
        assert_line(20, "p25ctl explain out user www-data");
        assert_line(21, "Verdict: reject");
        assert_line(22, "  ?[31mpath");
        press(&s, TOP_KEY_ESCAPE);
        draw(&s);
        assert_line(20, "");
        /* a user without a name; the others cannot be named */
        press(&s, 'j');
        press(&s, 'j');
        assert_int_equal(press(&s, 'e'), TOP_EXPLAIN);
        assert_words(&s, "explain|out|user|4242|");
        assert_int_equal(top_state_show(&s, "", false), 0);
        press(&s, 'j');
        assert_int_equal(press(&s, 'e'), TOP_STAY);
        assert_int_equal(press(&s, 'r'), TOP_STAY);
        press(&s, '2');
        assert_int_equal(press(&s, 'e'), TOP_STAY);
        assert_words(&s, "");
        top_state_deinit(&s);
}

static void test_reject(void **state)
{
        TopState s = { 0 };

        (void)state;
        update(&s, document);
        assert_int_equal(press(&s, 'r'), TOP_PLAN);
        assert_words(&s, "reject|out|user|www-data|for|1h|");
        assert_int_equal(press(&s, 'y'), TOP_STAY); /* nothing is shown to say yes to */
        assert_int_equal(top_state_show(&s, "+ reject out user www-data\n", true), 0);
        draw(&s);
        assert_line(21, "p25ctl reject out user www-data for 1h: do this (y|n)?");
        assert_int_equal(press(&s, TOP_KEY_OTHER), TOP_STAY);
        assert_int_equal(s.pane, TOP_PANE_QUESTION);
        /* the rule is the one that was shown, whatever is first by now */
        update(&s, "{" HEAD QUIET "}");
        assert_int_equal(press(&s, 'y'), TOP_CHANGE);
        assert_words(&s, "reject|out|user|www-data|for|1h|");
        assert_int_equal(press(&s, 'y'), TOP_STAY);
        assert_int_equal(top_state_show(&s, "Rule added\n", false), 0);
        assert_int_equal(press(&s, 'y'), TOP_STAY);
        update(&s, document);
        press(&s, '2');
        assert_int_equal(press(&s, 'r'), TOP_PLAN);
        assert_words(&s, "reject|out|unit|php.service|for|1h|");
        top_state_deinit(&s);
}

/* Every key but y is no, also q. */
static void test_reject_no(void **state)
{
        static const int keys[] = { 'n', 'q', 'r', TOP_KEY_ESCAPE, '\r', TOP_KEY_DOWN };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(keys); i++) {
                TopState s = { 0 };

                update(&s, document);
                assert_int_equal(press(&s, 'r'), TOP_PLAN);
                assert_int_equal(top_state_show(&s, "+ reject\n", true), 0);
                assert_int_equal(press(&s, keys[i]), TOP_STAY);
                draw(&s);
                assert_line(22, "Nothing was changed.");
                assert_int_equal(press(&s, 'y'), TOP_STAY);
                assert_int_equal(press(&s, 'q'), TOP_QUIT);
                top_state_deinit(&s);
        }
}

/* Many rows: the selected one is in sight, and a long text leaves three of them. */
static void test_fold(void **state)
{
        _cleanup_buffer_ Buffer b = { 0 }, text = { 0 };
        TopState s = { 0 };

        (void)state;
        buffer_add_string(&b, "{" HEAD QUIET ",\"sets\":[");
        for (int i = 0; i < 100; i++)
                buffer_printf(&b, "%s{\"name\":\"set%03d\",\"entries\":5}", i ? "," : "", i);
        buffer_add_string(&b, "]}");
        update(&s, b.data);
        press(&s, '5');
        draw(&s);
        assert_memory_equal(grid[5], "set000 ", 7);
        assert_memory_equal(grid[21], "set016 ", 7);
        assert_line(22, "… +83");
        assert_memory_equal(grid[23], " q quit ", 8);
        for (int i = 0; i < 10; i++)
                press(&s, TOP_KEY_PAGE_DOWN);
        draw(&s);
        assert_memory_equal(grid[21], "set099 ", 7);
        assert_line(22, "");
        press(&s, '?');
        for (int i = 0; i < 40; i++)
                buffer_printf(&text, "line %02d%s\n", i,
                        i == 0 ? " is long: 0123456789 0123456789 0123456789 0123456789 0123456789 "
                                 "0123456789 END"
                               : "");
        assert_int_equal(top_state_show(&s, text.data, false), 0);
        draw(&s);
        assert_line(8, "keys");
        assert_memory_equal(grid[9], "line 00 is long", 15);
        assert_line(10, "89 END");
        assert_line(22, "… page down");
        assert_memory_equal(grid[6], "set099 ", 7);
        for (int i = 0; i < 5; i++)
                press(&s, TOP_KEY_PAGE_DOWN);
        draw(&s);
        assert_line(13, "line 30");
        assert_line(22, "line 39");
        top_state_deinit(&s);
}

/* No size of a terminal leads beyond it. */
static void test_sizes(void **state)
{
        TopState s = { 0 };

        (void)state;
        update(&s, document);
        press(&s, '?');
        for (int view = 0; view < _TOP_VIEW_MAX; view++, press(&s, '\t'))
                for (unsigned lines = 0; lines < 60; lines++)
                        for (unsigned columns = 0; columns < 200; columns += 3) {
                                _cleanup_top_frame_ TopFrame f = { 0 };

                                assert_int_equal(top_layout(&s, lines, columns, &f), 0);
                                for (size_t i = 0; i < f.n; i++) {
                                        const TopPiece *p = &f.items[i];
                                        wchar_t wide[512];
                                        size_t n = mbstowcs(wide, p->text, ELEMENTS(wide));

                                        assert_true(n < ELEMENTS(wide) && p->line < lines);
                                        assert_true(
                                                p->column + (unsigned)wcswidth(wide, n) <= columns);
                                }
                        }
        top_state_deinit(&s);
}

static void test_not_statistics(void **state)
{
        static const char *const documents[] = { "{}", "[]", "7", "{\"backend\":\"nftables\"}",
                "{\"time\":\"2026-11-29T20:15:07Z\",\"backend\":7}" };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(documents); i++) {
                _cleanup_(json_free_p) Json *j = NULL;
                TopModel m;

                if (json_parse(documents[i], &j) == 0)
                        assert_int_equal(top_model_read(j, &m), -EINVAL);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_users),
                cmocka_unit_test(test_sort),
                cmocka_unit_test(test_selection),
                cmocka_unit_test(test_same_names),
                cmocka_unit_test(test_views),
                cmocka_unit_test(test_warnings),
                cmocka_unit_test(test_hostile_names),
                cmocka_unit_test(test_explain),
                cmocka_unit_test(test_reject),
                cmocka_unit_test(test_reject_no),
                cmocka_unit_test(test_fold),
                cmocka_unit_test(test_sizes),
                cmocka_unit_test(test_not_statistics),
        };

        setenv("TZ", "UTC0", 1);
        tzset();
        if (!setlocale(LC_CTYPE, "C.UTF-8"))
                return 1;
        return cmocka_run_group_tests(tests, NULL, NULL);
}
