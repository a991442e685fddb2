/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns how answers are grouped. Each was made printable by the process that printed it, and passes
 * through printable.h again here.
 */

#include "cli/several/answer.h"

#include "daemon/api/api.h"
#include "rules/base/json.h"

#include <errno.h>

int status_worse(int a, int b)
{
        bool change_a = a == EXIT_WOULD_CHANGE, change_b = b == EXIT_WOULD_CHANGE;

        if (a == 0 || b == 0)
                return a == 0 ? b : a;
        if (change_a || change_b)
                return change_a ? b : a;
        return a > b ? a : b;
}

static bool text_equal(const Buffer *a, const Buffer *b)
{
        return a->length == b->length &&
               (a->length == 0 || memcmp(a->data, b->data, a->length) == 0);
}

static bool answer_equal(const Answer *a, const Answer *b)
{
        return a->status == b->status && text_equal(&a->out, &b->out) &&
               text_equal(&a->err, &b->err);
}

/* "a, b, c": the hosts whose answer is that of answers[first], which count as printed. */
static int group_take(Answer *answers, size_t first, size_t n, char **ret)
{
        _cleanup_buffer_ Buffer names = { 0 };

        for (size_t i = first; i < n; i++) {
                Answer *a = &answers[i];

                if (!a->ended || a->printed || !answer_equal(a, &answers[first]))
                        continue;
                a->printed = true;
                buffer_printf(&names, "%s%s", names.length > 0 ? ", " : "", a->host);
        }
        return buffer_take(&names, ret);
}

/* A line of a host's standard error keeps its label before the names. */
static void error_line_print(Cli *c, const char *names, const char *line)
{
        static const char error[] = "ERROR: ", warning[] = "WARNING: ";

        if (strncmp(line, error, strlen(error)) == 0)
                cli_fail(c, EXIT_FAILED, "%s: %s", names, line + strlen(error));
        else if (strncmp(line, warning, strlen(warning)) == 0)
                cli_warn(c, "%s: %s", names, line + strlen(warning));
        else if (*line)
                cli_remark("%s: %s", names, line);
}

static int errors_print(Cli *c, const char *names, const Buffer *errors)
{
        _cleanup_free_ char *text = NULL;

        if (errors->length == 0)
                return 0;
        text = strdup(errors->data);
        if (!text)
                return cli_fail_errno(c, -ENOMEM, "errors");
        for (char *line = text, *next; line; line = next) {
                next = strchr(line, '\n');
                if (next)
                        *next++ = '\0';
                line[strcspn(line, "\r")] = '\0'; /* ssh ends its lines as on a terminal */
                error_line_print(c, names, line);
        }
        return 0;
}

/* A blank line stands between the texts of two groups. */
static int group_print(Cli *c, const char *names, const Answer *a, bool follows)
{
        _cleanup_buffer_ Buffer text = { 0 };

        if (a->out.length > 0) {
                bool whole = a->out.data[a->out.length - 1] == '\n';

                buffer_printf(&text, "%s%s:\n%s%s", follows ? "\n" : "", names, a->out.data,
                        whole ? "" : "\n");
                if (text.failed || cli_colored_text(c, text.data) != 0)
                        return cli_fail_errno(c, -ENOMEM, "output");
                cli_flush(c);
        }
        return errors_print(c, names, &a->err);
}

int answers_print(Cli *c, Answer *answers, size_t n)
{
        bool follows = false;

        for (size_t i = 0; i < n; i++)
                follows = follows || (answers[i].printed && answers[i].out.length > 0);
        for (size_t i = 0; i < n; i++) {
                _cleanup_free_ char *names = NULL;

                if (!answers[i].ended || answers[i].printed)
                        continue;
                if (group_take(answers, i, n, &names) < 0)
                        return cli_fail_errno(c, -ENOMEM, "output");
                if (group_print(c, names, &answers[i], follows) != 0)
                        return EXIT_FAILED;
                follows = follows || answers[i].out.length > 0;
        }
        return 0;
}

/* The document that it printed; any other text stays a text. */
static Json *answer_json(const Answer *a)
{
        Json *document = NULL, *object = json_new_object();

        if (a->out.length > 0 && json_parse(a->out.data, &document) < 0)
                document = json_new_string(a->out.data);
        json_set(object, "host", json_new_string(a->host));
        json_set(object, "status", json_new_integer(a->status));
        json_set(object, "answer", document ? document : json_new_null());
        return object;
}

int answers_document(Cli *c, const Answer *answers, size_t n)
{
        Json *list = json_new_array();

        for (size_t i = 0; i < n; i++) {
                json_append(list, answer_json(&answers[i]));
                if (errors_print(c, answers[i].host, &answers[i].err) != 0) {
                        json_free(list);
                        return EXIT_FAILED;
                }
        }
        return cli_document(c, list);
}
