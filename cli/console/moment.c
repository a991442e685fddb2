/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "cli/console/moment.h"

#include "rules/policy/limit.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <strings.h>
#include <time.h>

#define SECOND_USEC UINT64_C(1000000)
#define DAY_USEC (86400 * SECOND_USEC)

/* The text has this shape, where '0' is any digit and 'T' is 'T', 't' or a blank. */
static bool has_shape(const char *text, const char *shape)
{
        for (; *shape; text++, shape++) {
                bool fits = *shape == '0'   ? isdigit((unsigned char)*text) != 0
                            : *shape == 'T' ? *text == 'T' || *text == 't' || *text == ' '
                                            : *text == *shape;

                if (!fits)
                        return false;
        }
        return true;
}

/* ".25": a fraction of a second; *text is moved behind it. Beyond microseconds it is cut off. */
static uint64_t fraction_read(const char **text)
{
        uint64_t unit = SECOND_USEC, usec = 0;

        if ((*text)[0] != '.' || !isdigit((unsigned char)(*text)[1]))
                return 0;
        for ((*text)++; isdigit((unsigned char)**text); (*text)++)
                usec += (uint64_t)(**text - '0') * (unit /= 10);
        return usec;
}

/* Date and time of day; *text is moved behind it. */
static bool date_read(const char **text, struct tm *ret)
{
        static const char minutes[] = "0000-00-00T00:00", seconds[] = ":00";
        struct tm tm = { .tm_isdst = -1 };

        if (!has_shape(*text, minutes) ||
                sscanf(*text, "%4d-%2d-%2d%*1c%2d:%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
                        &tm.tm_hour, &tm.tm_min) != 5)
                return false;
        *text += strlen(minutes);
        if (has_shape(*text, seconds) && sscanf(*text, ":%2d", &tm.tm_sec) == 1)
                *text += strlen(seconds);
        tm.tm_year -= 1900;
        tm.tm_mon -= 1;
        *ret = tm;
        return true;
}

/* "Z" or "+01:00", in seconds east of Greenwich. */
static bool zone_read(const char *text, long *ret)
{
        int hours, minutes;

        *ret = 0;
        if (strcasecmp(text, "Z") == 0)
                return true;
        if ((*text != '+' && *text != '-') || strlen(text) != strlen("+00:00") ||
                !has_shape(text + 1, "00:00") ||
                sscanf(text + 1, "%2d:%2d", &hours, &minutes) != 2 || hours > 23 || minutes > 59)
                return false;
        *ret = (hours * 60L + minutes) * 60 * (*text == '-' ? -1 : 1);
        return true;
}

/* The C library turns the 31st of June into the 1st of July. */
static bool is_same_date(const struct tm *a, const struct tm *b)
{
        return a->tm_year == b->tm_year && a->tm_mon == b->tm_mon && a->tm_mday == b->tm_mday &&
               a->tm_hour == b->tm_hour && a->tm_min == b->tm_min && a->tm_sec == b->tm_sec;
}

static int date_parse(const char *text, uint64_t *ret_usec)
{
        struct tm written, tm;
        uint64_t usec;
        long east = 0;
        time_t sec;

        if (!date_read(&text, &written))
                return -EINVAL;
        usec = fraction_read(&text);
        if (*text && !zone_read(text, &east))
                return -EINVAL;
        tm = written;
        sec = *text ? timegm(&tm) : mktime(&tm);
        if (sec < 0 || !is_same_date(&tm, &written) || sec < east)
                return -EINVAL;
        *ret_usec = (uint64_t)(sec - east) * SECOND_USEC + usec;
        return 0;
}

int moment_parse(const char *text, uint64_t now_usec, uint64_t *ret_usec)
{
        uint64_t seconds, age;

        if (strcasecmp(text, "yesterday") == 0)
                age = DAY_USEC;
        else if (duration_parse(text, &seconds) == 0)
                age = seconds * SECOND_USEC;
        else
                return date_parse(text, ret_usec);
        *ret_usec = now_usec > age ? now_usec - age : 0;
        return 0;
}

const char *moment_format(uint64_t usec, MomentForm form, char buffer[static MOMENT_TEXT_MAX])
{
        time_t seconds = (time_t)(usec / SECOND_USEC);
        struct tm tm;

        if (usec == 0 || !localtime_r(&seconds, &tm) ||
                strftime(buffer, MOMENT_TEXT_MAX,
                        form == MOMENT_CLOCK     ? "%H:%M:%S"
                        : form == MOMENT_MINUTES ? "%Y-%m-%d %H:%M"
                                                 : "%Y-%m-%d %H:%M:%S",
                        &tm) == 0)
                (void)snprintf(buffer, MOMENT_TEXT_MAX, "-");
        return buffer;
}
