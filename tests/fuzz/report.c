/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * `status --json` as it comes from a daemon: what is taken prints the same twice, as JSON and as
 * text.
 */

#include "rules/report/report.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void expect(bool ok, const char *what)
{
        if (!ok) {
                fprintf(stderr, "%s\n", what);
                abort();
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        _cleanup_free_ char *json = strndup((const char *)data, n), *first = NULL, *second = NULL;
        _cleanup_(report_deinit) Report report = { 0 }, again = { 0 };

        if (!json || report_parse(json, &report) < 0)
                return 0;
        expect(report_print_json(&report, &first) == 0, "print");
        expect(report_parse(first, &again) == 0, first);
        expect(report_print_json(&again, &second) == 0, "print again");
        expect(strcmp(first, second) == 0, first);
        for (ReportStyle style = REPORT_PLAIN; style <= REPORT_NUMBERED; style++) {
                _cleanup_free_ char *text = NULL;

                expect(report_print_text(&report, style, (ReportLook){ 0 }, &text) == 0, "text");
        }
        return 0;
}
