/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Messages of a fleet: the first line is the topic, the rest the payload. A page that is taken
 * gives itself again by its own text, and holds nothing that could not be a ban.
 */

#include "daemon/fleet/live_message.h"
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

static void check_page(const uint8_t *data, size_t n)
{
        _cleanup_live_page_ LivePage p = { 0 }, again = { 0 };
        _cleanup_free_ char *text = NULL;
        const char *why = NULL;

        if (live_page_parse(data, n, &p, &why) < 0) {
                expect(why && !p.entries, "a reason, and nothing taken");
                return;
        }
        expect(p.n <= LIVE_PAGE_MAX && text_is_printable(p.who) && text_is_printable(p.why) &&
                        strlen(p.who) <= LIVE_TEXT_MAX && strlen(p.why) <= LIVE_TEXT_MAX,
                "bounds");
        for (size_t i = 0; i < p.n; i++)
                expect(p.entries[i].address.bits >= LIVE_IPV4_BITS_MIN &&
                                p.entries[i].early_sec <= LIVE_SECONDS_MAX,
                        "a ban");
        expect(live_page_print(&p, &text) == 0, "printed");
        if (strlen(text) > LIVE_PAYLOAD_MAX)
                return;
        expect(live_page_parse(text, strlen(text), &again, &why) == 0, "its own text");
        expect(again.n == p.n && again.version == p.version && again.n_refused == 0 &&
                        streq(again.who, p.who) && streq(again.why, p.why),
                "the same again");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        const uint8_t *end = n > 0 ? memchr(data, '\n', n) : NULL;
        _cleanup_free_ char *topic = NULL;
        LiveLockdown l = { 0 };
        uint64_t serial;
        LiveTopic t;

        if (!end)
                return 0;
        topic = strndup((const char *)data, (size_t)(end - data));
        if (!topic)
                return 0;
        if (live_topic_parse(topic, &t) == 0 && t.kind == LIVE_TOPIC_BAN)
                expect(t.id > 0 && t.host[0] && !strpbrk(t.host, "/+#"), "topic");
        n -= (size_t)(end + 1 - data);
        check_page(end + 1, n);
        if (live_lockdown_parse(end + 1, n, &l) == 0)
                expect(l.version > 0 && text_is_printable(l.why), "lockdown");
        free(l.why);
        (void)live_serial_parse(end + 1, n, &serial);
        return 0;
}
