/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/policy/valid.h"

#include "rules/base/text.h"

#define UNIT_NAME_MAX 255

bool name_is_valid(const char *s)
{
        static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                         "abcdefghijklmnopqrstuvwxyz0123456789._-";
        size_t n = strlen(s);

        return n >= 1 && n <= NAME_MAX_LENGTH && strspn(s, characters) == n && !streq(s, ".") &&
               !streq(s, "..");
}

bool comment_is_valid(const char *s)
{
        return strlen(s) <= COMMENT_MAX && text_is_printable(s);
}

bool unit_name_is_valid(const char *s)
{
        static const char letters[] =
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:-_.\\@";
        size_t n = strlen(s), first = strspn(s, letters);
        const char *rest = s + first;

        if (n == 0 || n > UNIT_NAME_MAX || s[0] == '.' || s[0] == '@')
                return false;
        return *rest == '\0' || (*rest == '*' && first > 1 && rest[-1] == '@' &&
                                        (rest[1] == '\0' || streq(rest + 1, ".service")));
}

const char *unit_type_without_processes(const char *s)
{
        static const char *const types[] = { ".timer", ".target", ".path", ".socket", ".mount",
                ".automount", ".swap", ".device" };
        const char *dot = strrchr(s, '.');

        for (size_t i = 0; dot && i < ELEMENTS(types); i++)
                if (streq(dot, types[i]))
                        return types[i];
        return NULL;
}

bool interface_is_valid(const char *s)
{
        size_t n = strlen(s);

        /* '*' and '+' are wildcards to nft and iptables, but not to p25 */
        return n >= 1 && n <= 15 && !strpbrk(s, "/ :*+\"\\") && text_is_printable(s) &&
               !streq(s, ".") && !streq(s, "..");
}
