/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The words of `explain` and of assertions: a table of words, each with the directions that know
 * it and a parser for what follows.
 */

#include "rules/ruleset/evaluate.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>

typedef struct Reader {
        char *const *words; /* the next */
        const Names *names;
        Place place;
        Diagnostics *diagnostics;
        Packet packet;
        bool has_family, has_port;
} Reader;

#define reader_error(rd, ...) \
        diagnostics_error((rd)->diagnostics, (rd)->place, "packet", __VA_ARGS__)

static const char usage[] = "in|out|routed [from A] [to A] [port P] [user U] [group G] [unit U] "
                            "[on IFACE | in on IFACE out on IFACE]";

static int read_address(Reader *rd, const char *word, const char *text, bool *has, Address *ret)
{
        char shown[TEXT_SHOWN_MAX];
        const char *reason = "";
        int r;

        if (*has)
                return reader_error(rd, "%s is given twice", word);
        if (strcasecmp(text, "any") == 0)
                return 0;
        r = address_parse(text, strlen(text), ret, &reason);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return reader_error(rd, "%s %s: %s", word, text_show(text, shown), reason);
        if (rd->has_family && rd->packet.family != ret->family)
                return reader_error(rd, "from and to are of two families, IPv4 and IPv6");
        rd->packet.family = ret->family;
        rd->has_family = *has = true;
        return 0;
}

static int read_from(Reader *rd, const char *text)
{
        return read_address(rd, "from", text, &rd->packet.has_from, &rd->packet.from);
}

static int read_to(Reader *rd, const char *text)
{
        return read_address(rd, "to", text, &rd->packet.has_to, &rd->packet.to);
}

static int read_port(Reader *rd, const char *text)
{
        char shown[TEXT_SHOWN_MAX], lower[16] = "";
        unsigned long n;

        if (rd->has_port)
                return reader_error(rd, "port is given twice");
        for (size_t i = 0; text[i] && i < sizeof(lower) - 1; i++)
                lower[i] = (char)tolower((unsigned char)text[i]);
        n = strlen(text) < sizeof(lower) ? service_to_port(lower) : 0;
        if (n == 0 && *text && strlen(text) <= 5 && text[strspn(text, "0123456789")] == '\0')
                n = strtoul(text, NULL, 10);
        if (n == 0 || n > 65535)
                return reader_error(
                        rd, "%s is neither a port nor a service", text_show(text, shown));
        rd->packet.port = (uint16_t)n;
        rd->has_port = true;
        return 0;
}

typedef int (*NameLookup)(void *data, const char *name, uint32_t *ret);

static int read_id(
        Reader *rd, const char *word, const char *text, NameLookup lookup, bool *has, uint32_t *ret)
{
        char shown[TEXT_SHOWN_MAX];
        unsigned long long n;
        int r;

        if (*has)
                return reader_error(rd, "%s is given twice", word);
        *has = true;
        if (*text && text[strspn(text, "0123456789")] == '\0') {
                n = strtoull(text, NULL, 10);
                if (strlen(text) > 10 || n >= UINT32_MAX)
                        return reader_error(rd, "%s %s is out of range (0 to 4294967294)", word,
                                text_show(text, shown));
                *ret = (uint32_t)n;
                return 0;
        }
        r = lookup(rd->names->data, text, ret);
        if (r == -ENOENT) {
                reader_error(rd, "no such %s: %s", word, text_show(text, shown));
                return -ENOENT;
        }
        if (r == -EAGAIN) {
                reader_error(rd, "%s %s cannot be looked up yet", word, text_show(text, shown));
                return -EAGAIN;
        }
        if (r < 0 && r != -ENOMEM)
                return reader_error(rd, "%s %s cannot be resolved: %s", word,
                        text_show(text, shown), strerrordesc_np(-r));
        return r;
}

static int read_user(Reader *rd, const char *text)
{
        return read_id(rd, "user", text, rd->names->user, &rd->packet.has_uid, &rd->packet.uid);
}

static int read_group(Reader *rd, const char *text)
{
        return read_id(rd, "group", text, rd->names->group, &rd->packet.has_gid, &rd->packet.gid);
}

static int read_unit(Reader *rd, const char *text)
{
        if (rd->packet.unit)
                return reader_error(rd, "unit is given twice");
        rd->packet.unit = text;
        return 0;
}

static int read_interface(Reader *rd, const char *text, const char **ret)
{
        char shown[TEXT_SHOWN_MAX];

        if (*ret)
                return reader_error(rd, "an interface is given twice");
        if (!interface_is_valid(text))
                return reader_error(rd, "%s is no name of an interface", text_show(text, shown));
        *ret = text;
        return 0;
}

static int read_on(Reader *rd, const char *text)
{
        return read_interface(rd, text, &rd->packet.interface);
}

static int read_side(Reader *rd, const char *word, const char *text, const char **ret)
{
        if (strcasecmp(text, "on") != 0 || !*rd->words)
                return reader_error(rd, "after %s comes on IFACE", word);
        return read_interface(rd, *rd->words++, ret);
}

static int read_in(Reader *rd, const char *text)
{
        return read_side(rd, "in", text, &rd->packet.in_interface);
}

static int read_out(Reader *rd, const char *text)
{
        return read_side(rd, "out", text, &rd->packet.out_interface);
}

#define IN (1u << DIRECTION_IN)
#define OUT (1u << DIRECTION_OUT)
#define ROUTED (1u << DIRECTION_ROUTED)

static const struct PacketWord {
        const char *word;
        unsigned directions;
        int (*read)(Reader *rd, const char *text);
} packet_words[] = {
        { "from", IN | OUT | ROUTED, read_from },
        { "to", IN | OUT | ROUTED, read_to },
        { "port", IN | OUT | ROUTED, read_port },
        { "user", OUT, read_user },
        { "group", OUT, read_group },
        { "unit", OUT, read_unit },
        { "on", IN | OUT, read_on },
        { "in", ROUTED, read_in },
        { "out", ROUTED, read_out },
};

static int read_word(Reader *rd)
{
        Direction direction = rd->packet.direction;
        const char *word = *rd->words++;
        char shown[TEXT_SHOWN_MAX];

        for (size_t i = 0; i < ELEMENTS(packet_words); i++) {
                const struct PacketWord *w = packet_words + i;

                if (strcasecmp(w->word, word) != 0)
                        continue;
                if (!(w->directions & (1u << direction)))
                        return reader_error(rd, "%s has no meaning for direction %s", w->word,
                                direction_to_string(direction));
                if (!*rd->words)
                        return reader_error(rd, "%s needs a value", w->word);
                return w->read(rd, *rd->words++);
        }
        return reader_error(rd, "%s is no word of a packet: %s", text_show(word, shown), usage);
}

static int read_direction(Reader *rd)
{
        char shown[TEXT_SHOWN_MAX];

        if (!*rd->words)
                return reader_error(rd, "a packet has a direction: %s", usage);
        for (Direction d = 0; d < _DIRECTION_MAX; d++)
                if (strcasecmp(*rd->words, direction_to_string(d)) == 0) {
                        rd->packet.direction = d;
                        rd->words++;
                        return 0;
                }
        return reader_error(rd, "%s is no direction: %s", text_show(*rd->words, shown), usage);
}

int packet_parse_words(
        char *const *words, const Names *names, Place place, Diagnostics *d, Packet *ret)
{
        static char *const none[] = { NULL };
        Reader rd = { .words = words ? words : none,
                .names = names,
                .place = place,
                .diagnostics = d,
                .packet = { .family = FAMILY_IPV4, .port = 25 } };
        int r;

        r = read_direction(&rd);
        while (r == 0 && *rd.words)
                r = read_word(&rd);
        if (r < 0)
                return r;
        *ret = rd.packet;
        return 0;
}

static int split_words(const char *text, char ***ret)
{
        static const char white[] = " \t\r\n";
        _cleanup_strv_ char **words = NULL;

        for (text += strspn(text, white); *text; text += strspn(text, white)) {
                size_t n = strcspn(text, white);

                if (strv_consume(&words, strndup(text, n)) < 0)
                        return -ENOMEM;
                text += n;
        }
        *ret = TAKE_PTR(words);
        return 0;
}

int packet_parse(const char *text, const Names *names, Place place, Diagnostics *d, Packet *ret,
        char ***ret_words)
{
        _cleanup_strv_ char **words = NULL;
        int r;

        r = split_words(text, &words);
        if (r < 0)
                return r;
        r = packet_parse_words(words, names, place, d, ret);
        if (r < 0)
                return r;
        *ret_words = TAKE_PTR(words);
        return 0;
}
