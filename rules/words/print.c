/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the canonical words of a rule, which words.c parses to an equal rule.
 */

#include "rules/base/buffer.h"
#include "rules/policy/addressitem.h"
#include "rules/policy/addresslist.h"
#include "rules/policy/expiry.h"
#include "rules/policy/rule.h"
#include "rules/words/words.h"

static void word_quote(Buffer *b, const char *word)
{
        buffer_add_char(b, '\'');
        for (; *word; word++) {
                if (*word == '\'')
                        buffer_add_string(b, "'\\''");
                else
                        buffer_add_char(b, *word);
        }
        buffer_add_char(b, '\'');
}

/* Words that a shell would take apart are quoted. */
static void word_print(Buffer *b, const char *word)
{
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                    "0123456789_./:,@%+=-";

        if (*word != '\0' && word[strspn(word, plain)] == '\0')
                buffer_add_string(b, word);
        else
                word_quote(b, word);
}

static void clause_print(Buffer *b, const char *keyword, const char *value)
{
        buffer_printf(b, " %s ", keyword);
        word_print(b, value);
}

static void ports_print(Buffer *b, const Rule *r)
{
        if (r->ports_var)
                buffer_printf(b, " $%s", r->ports_var);
        for (size_t i = 0; i < r->ports.n && !r->ports_var; i++)
                buffer_printf(b, "%s%u", i > 0 ? "," : " ", r->ports.items[i]);
}

static void addresses_print(Buffer *b, const char *keyword, const AddressList *l)
{
        static const char *const sigils[] = {
                [ADDRESS_PREFIX] = "", [ADDRESS_SET] = "@", [ADDRESS_VAR] = "$"
        };
        char text[ADDRESS_TEXT_MAX];

        buffer_printf(b, " %s ", keyword);
        if (l->n == 0)
                buffer_add_string(b, "any");
        for (size_t i = 0; i < l->n; i++) {
                const AddressItem *item = &l->items[i];

                buffer_printf(b, "%s%s%s", i > 0 ? "," : "", sigils[item->kind],
                        item->kind == ADDRESS_PREFIX ? prefix_format(&item->prefix, text)
                                                     : item->name);
        }
}

static void names_print(Buffer *b, const char *keyword, char *const *names)
{
        _cleanup_buffer_ Buffer list = { 0 };

        if (!names || !*names)
                return;
        for (char *const *s = names; *s; s++)
                buffer_printf(&list, "%s%s", s == names ? "" : ",", *s);
        if (list.failed)
                b->failed = true;
        else
                clause_print(b, keyword, list.data);
}

static void head_print(Buffer *b, const Rule *r)
{
        if (r->direction == DIRECTION_ROUTED)
                buffer_add_string(b, "route ");
        buffer_add_string(b, action_to_string(r->action));
        if (r->direction == DIRECTION_OUT)
                buffer_add_string(b, " out");
        if (r->interface) {
                if (r->direction == DIRECTION_IN)
                        buffer_add_string(b, " in");
                clause_print(b, "on", r->interface);
        }
        if (r->in_interface)
                clause_print(b, "in on", r->in_interface);
        if (r->out_interface)
                clause_print(b, "out on", r->out_interface);
        if (r->log)
                buffer_add_string(b, " log");
}

static void limit_print(Buffer *b, const Limit *l)
{
        if (l->unit_sec > 0)
                buffer_printf(b, " rate %u/%s", l->rate, limit_unit_to_string(l->unit_sec));
        if (l->burst > 0)
                buffer_printf(b, " burst %u", l->burst);
        if (l->open > 0)
                buffer_printf(b, " max %u", l->open);
}

/* seconds_left 0: for ever, or as if. */
static void words_print(Buffer *b, const Rule *r, uint64_t seconds_left)
{
        char duration[EXPIRY_TEXT_MAX];

        head_print(b, r);
        if (r->from.n == 0 && r->to.n == 0) {
                ports_print(b, r);
                buffer_add_string(b, "/tcp");
        } else {
                if (r->from.n > 0)
                        addresses_print(b, "from", &r->from);
                addresses_print(b, "to", &r->to);
                buffer_add_string(b, " port");
                ports_print(b, r);
        }
        names_print(b, "user", r->user);
        names_print(b, "group", r->group);
        names_print(b, "unit", r->unit);
        limit_print(b, &r->limit);
        if (seconds_left > 0)
                buffer_printf(b, " for %s", duration_format_word(seconds_left, duration));
        if (r->comment) {
                buffer_add_string(b, " comment ");
                word_quote(b, r->comment);
        }
}

int rule_words_print(const Rule *r, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };

        words_print(&b, r, 0);
        return buffer_take(&b, ret);
}

int rule_words_print_left(const Rule *r, uint64_t seconds_left, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };

        words_print(&b, r, seconds_left);
        return buffer_take(&b, ret);
}

int rule_words_print_until(const Rule *r, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };
        char until[EXPIRY_TEXT_MAX];

        words_print(&b, r, 0);
        if (r->expires_usec != 0)
                buffer_printf(&b, " until %s", expiry_format(r->expires_usec, until));
        return buffer_take(&b, ret);
}
