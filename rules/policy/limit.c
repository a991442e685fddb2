/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/policy/limit.h"

#include "rules/base/util.h"

#include <errno.h>

static const struct Unit {
        const char *rate, *duration;
        uint32_t sec;
} units[] = {
        { "second", "s", 1 },
        { "minute", "m", 60 },
        { "hour", "h", 3600 },
        { "day", "d", 86400 },
};

/* Decimal digits, no sign, no leading zero; returns how many, 0 if there is no such number. What is
 * larger than 10^9 is 10^9. */
static size_t number_scan(const char *s, uint32_t *ret)
{
        uint64_t value = 0;
        size_t n = strspn(s, "0123456789");

        if (n > 1 && s[0] == '0')
                return 0;
        for (size_t i = 0; i < n && value < 1000000000; i++)
                value = 10 * value + (uint64_t)(s[i] - '0');
        *ret = value < 1000000000 ? (uint32_t)value : 1000000000;
        return n;
}

int duration_parse(const char *s, uint64_t *ret_sec)
{
        uint32_t number;
        size_t n = number_scan(s, &number);

        if (n == 0 || number == 0)
                return -EINVAL;
        for (size_t i = 0; i < ELEMENTS(units); i++) {
                uint64_t sec = (uint64_t)number * units[i].sec;

                if (streq(s + n, units[i].duration) && sec <= DURATION_MAX_SEC) {
                        *ret_sec = sec;
                        return 0;
                }
        }
        return -EINVAL;
}

int limit_rate_parse(const char *s, uint32_t *ret_rate, uint32_t *ret_unit_sec)
{
        uint32_t rate;
        size_t n = number_scan(s, &rate);

        if (n == 0 || s[n] != '/')
                return -EINVAL;
        for (size_t i = 0; i < ELEMENTS(units); i++) {
                if (!streq(s + n + 1, units[i].rate))
                        continue;
                if (rate < 1 || rate > LIMIT_RATE_MAX)
                        return -ERANGE;
                *ret_rate = rate;
                *ret_unit_sec = units[i].sec;
                return 0;
        }
        return -EINVAL;
}

const char *limit_unit_to_string(uint32_t unit_sec)
{
        for (size_t i = 0; i < ELEMENTS(units); i++)
                if (units[i].sec == unit_sec)
                        return units[i].rate;
        return NULL;
}
