/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/config/setting.h"

#include "rules/base/buffer.h"
#include "rules/base/nearest.h"

#include <strings.h>

const Setting *setting_find(
        const Setting *vocabulary, DocumentKind kind, SettingGroup group, const char *name)
{
        for (const Setting *s = vocabulary; s->name; s++)
                if (s->group == group && s->documents & 1u << kind && streq(s->name, name))
                        return s;
        return NULL;
}

bool is_one_of(const char *text, size_t n, const char *words)
{
        for (; *words; words += strcspn(words, " ")) {
                words += strspn(words, " ");
                if (strcspn(words, " ") == n && strncasecmp(words, text, n) == 0)
                        return true;
        }
        return false;
}

const Setting *setting_nearest(
        const Setting *vocabulary, DocumentKind kind, unsigned groups, const char *name)
{
        Nearest n = nearest_begin(name);
        const Setting *nearest = NULL;

        for (const Setting *s = vocabulary; s->name; s++)
                if ((groups & 1u << s->group) && (s->documents & 1u << kind) && s->mistaken &&
                        is_one_of(name, strlen(name), s->mistaken))
                        return s;
        for (const Setting *s = vocabulary; s->name; s++)
                if ((groups & 1u << s->group) && (s->documents & 1u << kind) &&
                        nearest_try(&n, s->name))
                        nearest = s;
        return nearest;
}

static const struct Type {
        const char *text;
        unsigned kinds; /* a bit for each NodeKind */
} types[_SETTING_TYPE_MAX] = {
        [SETTING_BOOL] = { "true or false without quotes", 1u << NODE_BOOL },
        [SETTING_INTEGER] = { "a whole number without quotes", 1u << NODE_INTEGER },
        [SETTING_TEXT] = { "a string in double quotes", 1u << NODE_STRING },
        [SETTING_TEXTS] = { "a list [ \"…\", \"…\" ] or one value",
                1u << NODE_LIST | 1u << NODE_STRING | 1u << NODE_INTEGER },
        [SETTING_GROUP] = { "a group { NAME = VALUE; … }", 1u << NODE_GROUP },
        [SETTING_GROUPS] = { "a list of groups ( { … }, { … } )",
                1u << NODE_LIST | 1u << NODE_GROUP },
        [SETTING_TEXTS_OR_GROUP] = { "a list [ \"…\" ] or a group { incoming = […]; … }",
                1u << NODE_LIST | 1u << NODE_STRING | 1u << NODE_INTEGER | 1u << NODE_GROUP },
};

void words_print(const Words *words, Buffer *b)
{
        for (int i = 0; i < words->n; i++)
                buffer_printf(b, "%s%s", i > 0 ? ", " : "", words->name(i));
}

const char *setting_type_to_string(SettingType type)
{
        return types[type].text;
}

bool setting_type_takes(SettingType type, NodeKind kind)
{
        return types[type].kinds & 1u << kind;
}
