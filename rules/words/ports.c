/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns what may stand for ports: numbers, services, lists and ranges, of mail ports alone. Refuses
 * to know why a host has more than the four.
 */

#include "rules/words/parser.h"

#include <errno.h>
#include <strings.h>

static int fail_port(WordParser *p, unsigned port, const Ports *ports)
{
        _cleanup_buffer_ Buffer b = { 0 };

        for (size_t i = 0; i < ports->n; i++)
                buffer_printf(&b, "%s%u", i > 0 ? ", " : "", ports->items[i]);
        if (b.failed)
                return -ENOMEM;
        return fail(p, "%u is not a mail port (%s)", port, b.data ? b.data : "");
}

static int port_add(WordParser *p, Ports *ports, unsigned port)
{
        if (p->mail_ports && !ports_contain(p->mail_ports, (uint16_t)port))
                return fail_port(p, port, p->mail_ports);
        if (ports_add(ports, (uint16_t)port) >= 0)
                return 0;
        if (!ports_contain(&mail_ports_default, (uint16_t)port))
                return fail_port(p, port, &mail_ports_default);
        return fail(p, "more than %d ports in one rule", PORTS_MAX);
}

static int port_number_parse(WordParser *p, const char *s, size_t n, unsigned *ret)
{
        int r = word_number_parse(s, n, 1, UINT16_MAX, ret);

        if (r == -ERANGE)
                return fail(p, "%.*s is no port: ports are 1 to 65535", word_shown(n), s);
        if (r < 0)
                return fail(p,
                        "'%.*s' is neither a port nor a mail service (smtp, submission, "
                        "submissions, smtps, smtp-alt)",
                        word_shown(n), s);
        return 0;
}

/* 25, smtp, 25:30 */
static int port_item_parse(WordParser *p, const char *s, size_t n, Ports *ports)
{
        const char *colon = memchr(s, ':', n);
        char name[32];
        unsigned first, last;
        int r;

        if (colon) {
                r = port_number_parse(p, s, (size_t)(colon - s), &first);
                if (r >= 0)
                        r = port_number_parse(p, colon + 1, n - (size_t)(colon + 1 - s), &last);
                if (r < 0)
                        return r;
                if (first > last)
                        return fail(p, "the range %.*s ends before it begins", word_shown(n), s);
                for (unsigned port = first; r >= 0 && port <= last; port++)
                        r = port_add(p, ports, port);
                return r;
        }
        first = service_to_port(word_lower(s, n, name));
        if (first == 0) {
                r = port_number_parse(p, s, n, &first);
                if (r < 0)
                        return r;
        }
        return port_add(p, ports, first);
}

/* Whoever forgets `from` is told so, not lectured on ports. */
static bool is_address(const char *word)
{
        const char *reason;
        bool host_bits;
        Prefix prefix;

        return prefix_parse(word, strlen(word), &prefix, &host_bits, &reason) >= 0;
}

/* PORTS or, for the short form, PORTS/tcp */
int word_ports_parse(WordParser *p, const char *word, bool with_protocol, Ports *ret)
{
        const char *slash = strchr(word, '/'), *list, *item;
        _cleanup_free_ char *ports = NULL;
        Ports found = { .n = 0 };
        size_t n;
        int r;

        if (with_protocol && is_address(word))
                return fail(p, "'%s' is an address: write from %s, or to %s", SHOW(word),
                        SHOW(word), SHOW(word));
        if (slash && !with_protocol)
                return fail(p, "'%s': beside from and to the protocol is written 'proto tcp'",
                        SHOW(word));
        if (slash && strcasecmp(slash + 1, "tcp") != 0)
                return fail(p, "'%s': mail is TCP alone, write %.*s/tcp", SHOW(word),
                        word_shown((size_t)(slash - word)), word);
        ports = slash ? strndup(word, (size_t)(slash - word)) : strdup(word);
        if (!ports)
                return -ENOMEM;
        list = ports;
        while (word_list_next(&list, &item, &n)) {
                if (n == 0)
                        return fail(p, "'%s': a port is missing in the list", SHOW(word));
                r = port_item_parse(p, item, n, &found);
                if (r < 0)
                        return r;
        }
        *ret = found;
        return 0;
}
