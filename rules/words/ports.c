/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the words for ports: numbers, services, lists and ranges. Does not know which ports are
 * mail ports.
 */

#include "rules/policy/ports.h"
#include "rules/address/address.h"
#include "rules/base/nearest.h"
#include "rules/words/parser.h"

#include <errno.h>
#include <strings.h>

static int port_add(WordParser *p, Ports *ports, unsigned port)
{
        return ports_add(ports, (uint16_t)port) < 0
                       ? fail(p, "more than %d ports in one rule", PORTS_MAX)
                       : 0;
}

/* ufw's defaults have another word for a direction than its rules. */
static const char *direction_meant(const char *name)
{
        static const struct {
                const char *name, *write;
        } words[] = {
                { "incoming", "'in', as in 'deny in'" },
                { "outgoing", "'out', as in 'deny out'" },
                { "forward", "'route' first, as in 'route deny'" },
                { "forwarded", "'route' first, as in 'route deny'" },
                { "routed", "'route' first, as in 'route deny'" },
        };

        for (size_t i = 0; i < ELEMENTS(words); i++)
                if (streq(words[i].name, name))
                        return words[i].write;
        return NULL;
}

/* Behind the head a port may stand, or a clause; NULL: nothing like one. */
static const char *keyword_meant(const WordParser *p, const char *name, size_t n)
{
        return p->has_plain_port && strlen(p->words[p->i - 1]) == n
                       ? word_keyword_meant(name, p->is_followed)
                       : NULL;
}

static int fail_service(WordParser *p, const char *s, size_t n)
{
        static const char *const services[] = { "smtp", "submission", "submissions", "smtps",
                "smtp-alt" };
        char name[32];
        Nearest near = nearest_begin(word_lower(s, n, name));
        const char *direction = direction_meant(name), *keyword = keyword_meant(p, name, n);

        if (direction)
                return fail(p, "'%.*s' is misplaced: write %s", word_shown(n), s, direction);
        for (size_t i = 0; i < ELEMENTS(services); i++)
                nearest_try(&near, services[i]);
        /* "imap" is another service, not a misspelt one */
        if (near.found && near.least <= n / 4)
                return fail(p, "'%.*s' is not a port or a mail service: did you mean \"%s\"?",
                        word_shown(n), s, near.found);
        if (keyword)
                return fail(p, "'%.*s' is not understood: did you mean \"%s\"?", word_shown(n), s,
                        keyword);
        return fail(p,
                "'%.*s' is not a port or a mail service (smtp, submission, submissions, smtps, "
                "smtp-alt)",
                word_shown(n), s);
}

static int port_number_parse(WordParser *p, const char *s, size_t n, unsigned *ret)
{
        int r = word_number_parse(s, n, 1, UINT16_MAX, ret);

        if (r == -ERANGE)
                return fail(p, "%.*s is not a valid port (1 to 65535)", word_shown(n), s);
        if (r < 0)
                return fail_service(p, s, n);
        return 0;
}

/* 25:30. A range has every port from its first to its last, and most of them are not mail ports:
 * 465:587 is meant as 465,587. */
static int range_parse(WordParser *p, const char *s, size_t n, const char *colon, Ports *ports)
{
        unsigned first, last;
        int r;

        r = port_number_parse(p, s, (size_t)(colon - s), &first);
        if (r >= 0)
                r = port_number_parse(p, colon + 1, n - (size_t)(colon + 1 - s), &last);
        if (r < 0)
                return r;
        if (first > last)
                return fail(p, "the range %.*s ends before it begins", word_shown(n), s);
        if (last - first >= PORTS_MAX)
                return fail(p,
                        "the range %.*s has %u ports, and most are not mail ports: list the mail "
                        "ports, as in 25,465,587",
                        word_shown(n), s, last - first + 1);
        for (unsigned port = first; r >= 0 && port <= last; port++)
                r = port_add(p, ports, port);
        return r;
}

/* Other names that ufw and /etc/services have for mail ports. */
static uint16_t alias_to_port(const char *lower)
{
        static const struct {
                const char *name;
                uint16_t port;
        } aliases[] = {
                { "ssmtp", 465 },
                { "urd", 465 },
                { "postfix", 25 },
                { "postfix smtps", 465 },
                { "postfix submission", 587 },
                { "mail submission", 587 },
        };

        for (size_t i = 0; i < ELEMENTS(aliases); i++)
                if (streq(aliases[i].name, lower))
                        return aliases[i].port;
        return 0;
}

/* 25, smtp, 25:30 */
static int port_item_parse(WordParser *p, const char *s, size_t n, Ports *ports)
{
        const char *colon = memchr(s, ':', n);
        char name[32];
        unsigned port;
        int r;

        if (colon)
                return range_parse(p, s, n, colon, ports);
        port = service_to_port(word_lower(s, n, name));
        if (port == 0)
                port = alias_to_port(name);
        if (port == 0) {
                r = port_number_parse(p, s, n, &port);
                if (r < 0)
                        return r;
        }
        return port_add(p, ports, port);
}

/* An address in the place of a port: `from` was forgotten. */
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
                return fail(p, "'%s': with 'from' or 'to', write the protocol as 'proto tcp'",
                        SHOW(word));
        if (slash && (strncasecmp(word, "tcp/", 4) == 0 || strncasecmp(word, "udp/", 4) == 0))
                return fail(
                        p, "'%s': the port comes first; write %s/tcp", SHOW(word), SHOW(slash + 1));
        if (slash && strcasecmp(slash + 1, "tcp") != 0)
                return fail(p, "'%s': mail uses TCP only; write %.*s/tcp", SHOW(word),
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
