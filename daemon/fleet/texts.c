/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/fleet/texts.h"

#include <unistd.h>

static int texts_add(FleetTexts *t, const Keep *k, const ManifestPart *p)
{
        FleetText *item = &t->items[t->n];
        int r;

        t->owned[t->n] = NULL;
        *item = (FleetText){ .name = p->name, .fd = -1 };
        if (p->is_set)
                r = item->fd = keep_open_part(k, &p->file);
        else
                r = keep_read_part(k, &p->file, &t->owned[t->n]);
        item->text = t->owned[t->n++];
        return r;
}

int fleet_texts_read(const Keep *k, const ManifestPart *const *parts, size_t n, FleetTexts *ret)
{
        int r = 0;

        ret->n = 0;
        for (size_t i = 0; r >= 0 && i < n; i++)
                r = texts_add(ret, k, parts[i]);
        return r < 0 ? r : 0;
}

void fleet_texts_deinit(FleetTexts *t)
{
        for (size_t i = 0; i < t->n; i++) {
                free(t->owned[i]);
                if (t->items[i].fd >= 0)
                        close(t->items[i].fd);
        }
}
