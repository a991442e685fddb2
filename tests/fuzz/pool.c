/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The contents of a pool's status socket or an engine's file: any bytes are an answer or refused,
 * in whatever parts they come, and every text that results is printable.
 */

#include "daemon/pool/container.h"
#include "daemon/pool/fastcgi.h"
#include "daemon/pool/status.h"
#include "rules/base/text.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void expect(bool ok, const char *what)
{
        if (!ok) {
                fprintf(stderr, "%s\n", what);
                abort();
        }
}

static void check_status(const char *output, size_t n)
{
        SiteRequest q;

        if (pool_status_find(output, n, 7, &q) == 0)
                expect(text_is_printable(q.site) && text_is_printable(q.script) &&
                                text_is_printable(q.request),
                        "a request is printable");
}

static void check_container(const char *text)
{
        static const char id[] = "0123456789abcdef0123456789abcdef"
                                 "0123456789abcdef0123456789abcdef";
        SiteContainer c;

        if (container_find(text, id, &c) == 0)
                expect(text_is_printable(c.name) && text_is_printable(c.image),
                        "a container is printable");
}

static void check_parts(const uint8_t *data, size_t n)
{
        _cleanup_(fastcgi_answer_deinit) FastcgiAnswer whole = { 0 }, parts = { 0 };
        int r = fastcgi_feed(&whole, data, n), s = 0;

        for (size_t i = 0; i < n && s == 0; i++)
                s = fastcgi_feed(&parts, data + i, 1);
        expect(r == s && whole.output.length == parts.output.length, "parts make no difference");
        if (r == 1 && whole.output.data)
                check_status(whole.output.data, whole.output.length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        _cleanup_buffer_ Buffer text = { 0 };

        check_parts(data, n);
        buffer_add(&text, data, n);
        buffer_add_char(&text, '\0');
        check_status(text.data, n);
        check_container(text.data);
        return 0;
}
