/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the words of a packet: a table of what can be stated, with the directions that it is for,
 * and the value of each.
 */

#include "rules/words/packet.h"

#include "rules/address/family.h"
#include "rules/base/diagnostic.h"
#include "rules/base/nearest.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"
#include "rules/policy/names.h"
#include "rules/policy/ports.h"
#include "rules/policy/valid.h"
#include "rules/ruleset/packet.h"

#include <ctype.h>
#include <errno.h>
#include <strings.h>

#define IN (1u << DIRECTION_IN)
#define OUT (1u << DIRECTION_OUT)
#define ROUTED (1u << DIRECTION_ROUTED)

static const struct {
        const char *name; /* the key on the bus */
        const char *word; /* before the value; with "on" after it for the sides of routed */
        unsigned directions;
} fields[_QUESTION_MAX] = {
        [QUESTION_DIRECTION] = { "direction", NULL, IN | OUT | ROUTED },
        [QUESTION_FROM] = { "from", "from", IN | OUT | ROUTED },
        [QUESTION_TO] = { "to", "to", IN | OUT | ROUTED },
        [QUESTION_PORT] = { "port", "port", IN | OUT | ROUTED },
        [QUESTION_USER] = { "user", "user", OUT },
        [QUESTION_GROUP] = { "group", "group", OUT },
        [QUESTION_UNIT] = { "unit", "unit", OUT },
        [QUESTION_INTERFACE] = { "interface", "on", IN | OUT },
        [QUESTION_IN_INTERFACE] = { "in_interface", "in", ROUTED },
        [QUESTION_OUT_INTERFACE] = { "out_interface", "out", ROUTED },
};

static const char usage[] = "in|out|routed [from A] [to A] [port P] [user U] [group G] [unit U] "
                            "[on IFACE | in on IFACE out on IFACE]";

#define SHOW(text) text_show(text, (char[TEXT_SHOWN_MAX]){ 0 })
#define fail(...) diagnostics_error(d, place, "packet", __VA_ARGS__)

const char *question_field_to_string(QuestionField f)
{
        return fields[f].name;
}

/* ---- words to texts ---- */

static QuestionField field_of_word(const char *word)
{
        QuestionField f = QUESTION_FROM;

        while (f < _QUESTION_MAX && strcasecmp(fields[f].word, word) != 0)
                f++;
        return f;
}

/* ufw's `route` has the direction `forward`. */
static Direction direction_of_word(const char *word)
{
        if (strcasecmp(word, "forward") == 0)
                return DIRECTION_ROUTED;
        for (Direction i = 0; i < _DIRECTION_MAX; i++)
                if (strcasecmp(word, direction_to_string(i)) == 0)
                        return i;
        return _DIRECTION_INVALID;
}

static int fail_direction(const char *word, Place place, Diagnostics *d)
{
        Nearest near = nearest_begin(word);
        Direction other = direction_from_other_word(word);

        for (Direction i = 0; i < _DIRECTION_MAX; i++)
                nearest_try(&near, direction_to_string(i));
        if (other != _DIRECTION_INVALID)
                near.found = direction_to_string(other);
        if (near.found)
                return fail(
                        "'%s' is not a direction: did you mean \"%s\"?", SHOW(word), near.found);
        return fail("'%s' is not a direction: %s", SHOW(word), usage);
}

static int direction_parse(const char *word, Place place, Diagnostics *d, Question *q)
{
        Direction found = word ? direction_of_word(word) : _DIRECTION_INVALID;

        if (!word)
                return fail("a packet must have a direction: %s", usage);
        if (found != _DIRECTION_INVALID) {
                q->texts[QUESTION_DIRECTION] = direction_to_string(found);
                return 0;
        }
        if (field_of_word(word) != _QUESTION_MAX)
                return fail("a packet begins with its direction, in, out or routed, as in "
                            "'out %s …'",
                        SHOW(word));
        return fail_direction(word, place, d);
}

static int fail_field(const char *word, Place place, Diagnostics *d)
{
        Nearest near = nearest_begin(word);

        for (QuestionField f = QUESTION_FROM; f < _QUESTION_MAX; f++)
                nearest_try(&near, fields[f].word);
        if (near.found)
                return fail("'%s' is not understood in a packet: did you mean \"%s\"?", SHOW(word),
                        near.found);
        return fail("'%s' is not understood in a packet: %s", SHOW(word), usage);
}

static int field_parse(char *const **words, Place place, Diagnostics *d, Question *q)
{
        const char *word = *(*words)++, *value = **words;
        QuestionField f = field_of_word(word);

        if (f == _QUESTION_MAX)
                return fail_field(word, place, d);
        if (f == QUESTION_IN_INTERFACE || f == QUESTION_OUT_INTERFACE) {
                if (!value || strcasecmp(value, "on") != 0 || !(*words)[1])
                        return fail("%s must be followed by on IFACE", fields[f].word);
                value = *++*words;
        }
        if (!value)
                return fail("%s needs a value", fields[f].word);
        if (q->texts[f])
                return fail("%s is given twice", fields[f].word);
        q->texts[f] = value;
        ++*words;
        return 0;
}

int question_parse(char *const *words, Place place, Diagnostics *d, Question *ret)
{
        static char *const none[] = { NULL };
        Question q = { 0 };
        int r;

        words = words ? words : none;
        r = direction_parse(*words, place, d, &q);
        for (words++; r == 0 && *words;)
                r = field_parse(&words, place, d, &q);
        if (r == 0)
                *ret = q;
        return r;
}

/* ---- texts to values ---- */

static int resolve_direction(const Question *q, Place place, Diagnostics *d, Direction *ret)
{
        const char *text = q->texts[QUESTION_DIRECTION];

        if (!text)
                return fail("a packet must have a direction: in, out or routed");
        *ret = direction_from_string(text);
        if (*ret == _DIRECTION_INVALID)
                return fail("%s is not a direction (in, out, routed)", SHOW(text));
        for (QuestionField f = QUESTION_FROM; f < _QUESTION_MAX; f++)
                if (q->texts[f] && !(fields[f].directions & 1u << *ret))
                        return fail("%s cannot be used with direction %s", fields[f].word, text);
        return 0;
}

static int resolve_address(const Question *q, QuestionField f, Place place, Diagnostics *d,
        bool *ret_has, Address *ret)
{
        const char *text = q->texts[f], *reason = "";
        int r;

        if (!text || strcasecmp(text, "any") == 0)
                return 0;
        if (text[0] == '@')
                return fail(
                        "%s %s: a packet has one address, and a set holds many: name one of them",
                        fields[f].word, SHOW(text));
        r = address_parse(text, strlen(text), ret, &reason);
        if (r == -EINVAL)
                return fail("%s %s: %s", fields[f].word, SHOW(text), reason);
        *ret_has = r == 0;
        return r;
}

static int resolve_addresses(const Question *q, Place place, Diagnostics *d, Packet *p)
{
        int r = resolve_address(q, QUESTION_FROM, place, d, &p->has_from, &p->from);

        if (r == 0)
                r = resolve_address(q, QUESTION_TO, place, d, &p->has_to, &p->to);
        if (r < 0)
                return r;
        if (p->has_from && p->has_to && p->from.family != p->to.family)
                return fail("from and to are of different families, IPv4 and IPv6");
        p->family = p->has_from ? p->from.family : p->has_to ? p->to.family : FAMILY_IPV4;
        return 0;
}

int question_port(const Question *q, Place place, Diagnostics *d, uint16_t *ret)
{
        const char *text = q->texts[QUESTION_PORT] ?: "smtp";
        size_t length = strlen(text);
        char lower[16] = "";
        unsigned long n = 0;

        for (size_t i = 0; length < sizeof(lower) && i < length; i++)
                lower[i] = (char)tolower((unsigned char)text[i]);
        n = service_to_port(lower);
        if (n == 0 && length <= 5 && text_is_number(text))
                n = strtoul(text, NULL, 10);
        if (n == 0 || n > UINT16_MAX)
                return fail("%s is not a valid port or service", SHOW(text));
        *ret = (uint16_t)n;
        return 0;
}

typedef int (*NameLookup)(void *data, const char *name, uint32_t *ret);

/* A user or a group of a packet. */
typedef struct Identity {
        QuestionField field;
        NameLookup lookup;
        bool *has;
        uint32_t *id;
} Identity;

static int name_resolve(
        const Names *names, const Identity *i, const char *text, Place place, Diagnostics *d)
{
        const char *word = fields[i->field].word;
        int r = i->lookup(names->data, text, i->id);

        switch (r) {
        case 0:
        case -ENOMEM:
                return r;
        case -ENOENT:
                fail("no such %s: %s", word, SHOW(text));
                return r;
        case -EAGAIN:
                fail("%s %s cannot be looked up yet", word, SHOW(text));
                return r;
        default:
                return fail("%s %s cannot be resolved: %s", word, SHOW(text), strerrordesc_np(-r));
        }
}

static int resolve_identities(
        const Question *q, const Names *names, Place place, Diagnostics *d, Packet *p)
{
        const Identity ids[] = {
                { QUESTION_USER, names->user, &p->has_uid, &p->uid },
                { QUESTION_GROUP, names->group, &p->has_gid, &p->gid },
        };

        for (size_t i = 0; i < ELEMENTS(ids); i++) {
                const char *text = q->texts[ids[i].field], *word = fields[ids[i].field].word;
                unsigned long long n;
                int r = 0;

                if (!text)
                        continue;
                *ids[i].has = true;
                if (text_is_number(text)) {
                        n = strtoull(text, NULL, 10);
                        if (strlen(text) > 10 || n >= UINT32_MAX)
                                return fail("%s %s is out of range (0 to 4294967294)", word,
                                        SHOW(text));
                        *ids[i].id = (uint32_t)n;
                } else
                        r = name_resolve(names, &ids[i], text, place, d);
                if (r < 0)
                        return r;
        }
        p->unit = q->texts[QUESTION_UNIT];
        return 0;
}

static int resolve_interfaces(const Question *q, Place place, Diagnostics *d, Packet *p)
{
        for (QuestionField f = QUESTION_INTERFACE; f <= QUESTION_OUT_INTERFACE; f++)
                if (q->texts[f] && !interface_is_valid(q->texts[f]))
                        return fail("%s is not a valid interface name", SHOW(q->texts[f]));
        p->interface = q->texts[QUESTION_INTERFACE];
        p->in_interface = q->texts[QUESTION_IN_INTERFACE];
        p->out_interface = q->texts[QUESTION_OUT_INTERFACE];
        return 0;
}

int question_resolve(
        const Question *q, const Names *names, Place place, Diagnostics *d, Packet *ret)
{
        Packet p = { 0 };
        int r;

        if ((r = resolve_direction(q, place, d, &p.direction)) < 0 ||
                (r = resolve_addresses(q, place, d, &p)) < 0 ||
                (r = question_port(q, place, d, &p.port)) < 0 ||
                (r = resolve_identities(q, names, place, d, &p)) < 0 ||
                (r = resolve_interfaces(q, place, d, &p)) < 0)
                return r;
        *ret = p;
        return 0;
}

/* ---- one text ---- */

int packet_split(const char *text, char ***ret_words)
{
        static const char white[] = " \t\r\n";
        _cleanup_strv_ char **words = NULL;

        for (text += strspn(text, white); *text; text += strspn(text, white)) {
                size_t n = strcspn(text, white);

                if (strv_consume(&words, strndup(text, n)) < 0)
                        return -ENOMEM;
                text += n;
        }
        *ret_words = TAKE_PTR(words);
        return 0;
}

int packet_parse(const char *text, const Names *names, Place place, Diagnostics *d, Packet *ret,
        char ***ret_words)
{
        _cleanup_strv_ char **words = NULL;
        Question q;
        int r;

        if ((r = packet_split(text, &words)) < 0 || (r = question_parse(words, place, d, &q)) < 0 ||
                (r = question_resolve(&q, names, place, d, ret)) < 0)
                return r;
        *ret_words = TAKE_PTR(words);
        return 0;
}
