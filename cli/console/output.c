/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns stdout, stderr and the question at the terminal: the one place of p25ctl that prints.
 * Everything passes through printable.h, since any text may come from another host.
 */

#include "cli/console/cli.h"

#include "cli/console/printable.h"
#include "daemon/api/api.h"
#include "rules/base/buffer.h"
#include "rules/base/diagnostic.h"
#include "rules/base/json.h"
#include "rules/base/nearest.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/policy/valid.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

void cli_deinit(Cli *c)
{
        sd_bus_flush_close_unref(c->bus);
        json_free(c->errors);
        json_free(c->warnings);
        strv_free(c->hosts);
        *c = (Cli){ 0 };
}

/* Prints "LABEL: TEXT", one line whatever the text holds, and keeps it for --json. */
static void _printf_(3, 0)
        line_print(const char *label, Json **list, const char *format, va_list ap)
{
        _cleanup_free_ char *text = NULL;

        if (text_vprintf(&text, format, ap) < 0) {
                fprintf(stderr, "%s: out of memory\n", label);
                return;
        }
        printable_line(text);
        fprintf(stderr, "%s: %s\n", label, text);
        if (!*list)
                *list = json_new_array();
        json_append(*list, json_new_string(text));
}

int cli_fail(Cli *c, int status, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        line_print("ERROR", &c->errors, format, ap);
        va_end(ap);
        return status;
}

void cli_warn(Cli *c, const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        line_print("WARNING", &c->warnings, format, ap);
        va_end(ap);
}

void cli_remark(const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list ap;
        int r;

        va_start(ap, format);
        r = text_vprintf(&text, format, ap);
        va_end(ap);
        if (r < 0) {
                fputs("ERROR: out of memory\n", stderr);
                return;
        }
        printable_line(text);
        fprintf(stderr, "%s\n", text);
}

int cli_fail_errno(Cli *c, int r, const char *what)
{
        int status = r == -EPERM || r == -EACCES ? EXIT_NOT_AUTHORISED : EXIT_FAILED;

        if (r == -ENOMEM)
                return cli_fail(c, EXIT_FAILED, "out of memory");
        return cli_fail(c, status, "%s: %s", what, strerror(-r));
}

int cli_check_name(Cli *c, const char *kind, const char *name)
{
        char shown[TEXT_SHOWN_MAX];

        if (name_is_valid(name))
                return 0;
        if (*name == '\0')
                return cli_fail(c, EXIT_BAD_INPUT, "the %s name is empty", kind);
        return cli_fail(c, EXIT_BAD_INPUT,
                "'%s' is not a valid %s name: 1 to %d of A-Z a-z 0-9 . _ -%s",
                text_show(name, shown), kind, NAME_MAX_LENGTH,
                *name == '@' ? ", without the @" : "");
}

int cli_tell_diagnostics(Cli *c, const Diagnostics *d)
{
        size_t n_bad = 0;

        for (size_t i = 0; i < d->n; i++) {
                const Diagnostic *item = &d->items[i];
                _cleanup_free_ char *text = NULL;
                bool bad = item->severity == SEVERITY_ERROR ||
                           (item->severity == SEVERITY_WARNING && c->strict);

                if (item->severity == SEVERITY_NOTE)
                        continue;
                if (diagnostic_format(item, &text) < 0)
                        return cli_fail_errno(c, -ENOMEM, "diagnostics");
                n_bad += bad;
                if (bad)
                        cli_fail(c, EXIT_BAD_INPUT, "%s", text);
                else
                        cli_warn(c, "%s", text);
        }
        if (d->n_errors > 0 && n_bad == 0)
                return cli_fail(c, EXIT_BAD_INPUT, "%zu errors", d->n_errors);
        return n_bad > 0 ? EXIT_BAD_INPUT : 0;
}

static void put(Cli *c, const char *text)
{
        if (fputs(text, stdout) < 0 && c->output_error == 0)
                c->output_error = errno;
}

void cli_say(Cli *c, const char *format, ...)
{
        _cleanup_free_ char *line = NULL;
        va_list ap;
        int r;

        if (c->quiet || c->json)
                return;
        va_start(ap, format);
        r = text_vprintf(&line, format, ap);
        va_end(ap);
        if (r < 0) {
                fputs("ERROR: out of memory\n", stderr);
                return;
        }
        printable_line(line);
        put(c, line);
        put(c, "\n");
}

static int text_put(Cli *c, const char *text, void (*clean)(char *))
{
        _cleanup_free_ char *copy = strdup(text);

        if (!copy)
                return cli_fail_errno(c, -ENOMEM, "output");
        clean(copy);
        put(c, copy);
        return 0;
}

/* A text on stdout, which need not end with a newline. */
static int text_print(Cli *c, const char *text)
{
        return text_put(c, text, printable_text);
}

void cli_flush(Cli *c)
{
        if (fflush(stdout) != 0 && c->output_error == 0)
                c->output_error = errno;
}

int cli_colored_text(Cli *c, const char *text)
{
        return text_put(c, text, printable_colored_text);
}

int cli_document(Cli *c, Json *document)
{
        _cleanup_(json_free_p) _unused_ Json *owned = document;
        _cleanup_free_ char *text = NULL;

        if (!c->json)
                return 0;
        c->documented = true;
        if (!document || json_print(document, &text) < 0)
                return cli_fail_errno(c, -ENOMEM, "JSON");
        if (text_print(c, text) != 0)
                return EXIT_FAILED;
        put(c, "\n");
        return 0;
}

int cli_document_text(Cli *c, const char *text)
{
        c->documented = true;
        if (text_print(c, text) != 0)
                return EXIT_FAILED;
        put(c, "\n");
        return 0;
}

int cli_text(Cli *c, const char *text, Json *document)
{
        if (!c->json) {
                json_free(document);
                return text_print(c, text);
        }
        return cli_document(c, document);
}

/* A reader that has seen enough, as head(1), is not an error; but after a change an error reports
 * that it was made, because its output was lost. */
static int output_finish(const Cli *c, int status)
{
        int error;

        if (fflush(stdout) == 0 && !ferror(stdout))
                return status;
        error = c->output_error != 0 ? c->output_error : errno;
        if (error == EPIPE && !c->changed)
                return status;
        fprintf(stderr, "ERROR: standard output: %s%s\n", strerror(error),
                c->changed ? "; the change was made" : "");
        return status == 0 ? EXIT_FAILED : status;
}

int cli_finish(Cli *c, int status)
{
        Json *document;

        if (c->json && !c->documented) {
                document = json_new_object();
                json_set(document, "status", json_new_integer(status));
                json_set(document, "errors", c->errors ? c->errors : json_new_array());
                json_set(document, "warnings", c->warnings ? c->warnings : json_new_array());
                c->errors = c->warnings = NULL;
                cli_document(c, document);
        }
        return output_finish(c, status);
}

int cli_fail_word(Cli *c, const char *word, const char *kind, const char *const *words, size_t n)
{
        _cleanup_buffer_ Buffer list = { 0 };
        Nearest near = nearest_begin(word);
        char shown[TEXT_SHOWN_MAX];

        for (size_t i = 0; i < n; i++) {
                (void)nearest_try(&near, words[i]);
                buffer_printf(&list, "%s%s", i == 0 ? "" : i + 1 == n ? " or " : ", ", words[i]);
        }
        if (list.failed)
                return cli_fail_errno(c, -ENOMEM, kind);
        text_show(word, shown);
        if (near.found)
                return cli_fail(c, EXIT_BAD_INPUT, "'%s' is not a valid %s: did you mean \"%s\"?",
                        shown, kind, near.found);
        return cli_fail(c, EXIT_BAD_INPUT, "'%s' is not a valid %s: %s", shown, kind, list.data);
}

bool cli_on_terminal(void)
{
        return isatty(STDOUT_FILENO);
}

bool cli_in_color(const Cli *c)
{
        const char *never = getenv("NO_COLOR"), *terminal = getenv("TERM");

        if (c->color && !streq(c->color, "auto"))
                return streq(c->color, "always");
        return cli_on_terminal() && !(never && never[0]) && terminal && !streq(terminal, "dumb");
}

int cli_ask(const Cli *c, const char *question)
{
        _cleanup_free_ char *shown = NULL;
        char answer[16];

        if (c->force)
                return 1;
        if (!isatty(STDIN_FILENO))
                return -ENOTTY;
        shown = strdup(question);
        if (!shown)
                return -ENOMEM;
        printable_text(shown);
        fprintf(stderr, "%s (y|n)? ", shown);
        if (!fgets(answer, sizeof(answer), stdin))
                return 0;
        return answer[0] == 'y' || answer[0] == 'Y';
}
