/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/bus/parts.h"

#include "daemon/api/api.h"
#include "daemon/bus/answer.h"

#include <errno.h>

static int check_name(const BusParts *p, const BusPart *part, sd_bus_error *error)
{
        const char *what = part->is_set ? "set" : "fragment";
        int r = bus_name_check(what, part->name, error);

        if (r < 0)
                return r;
        for (size_t i = 0; i < p->n; i++)
                if (p->items[i].is_set == part->is_set && streq(p->items[i].name, part->name))
                        return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGS,
                                "%s %s is given twice", what, part->name);
        if (p->n == BUS_PARTS_MAX)
                return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                        "one change has at most %d fragments and sets", BUS_PARTS_MAX);
        return 0;
}

/* One entry; 0: there are no more. */
static int read_part(sd_bus_message *m, bool is_set, BusPart *ret)
{
        *ret = (BusPart){ .is_set = is_set, .fd = -1 };
        if (is_set)
                return sd_bus_message_read(m, "{sh}", &ret->name, &ret->fd);
        return sd_bus_message_read(m, "{ss}", &ret->name, &ret->text);
}

static int read_list(sd_bus_message *m, bool is_set, BusParts *p, sd_bus_error *error)
{
        int r = sd_bus_message_enter_container(m, 'a', is_set ? "{sh}" : "{ss}");
        BusPart part;

        while (r >= 0 && (r = read_part(m, is_set, &part)) > 0) {
                r = check_name(p, &part, error);
                if (r < 0)
                        break;
                part.n = part.text ? strlen(part.text) : 0;
                p->items[p->n++] = part;
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

int bus_parts_read(sd_bus_message *m, BusParts **ret, sd_bus_error *error)
{
        _cleanup_(bus_parts_free_p) BusParts *p = calloc(1, sizeof(*p));
        int r;

        if (!p)
                return -ENOMEM;
        r = read_list(m, false, p, error);
        if (r >= 0)
                r = read_list(m, true, p, error);
        if (r >= 0)
                *ret = TAKE_PTR(p);
        return r < 0 ? r : 0;
}

BusParts *bus_parts_free(BusParts *p)
{
        if (!p)
                return NULL;
        for (size_t i = 0; i < p->n; i++)
                free(p->items[i].content);
        free(p);
        return NULL;
}
