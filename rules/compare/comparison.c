/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Owns one comparison of two lists of entries (space.h). */

#include "rules/compare/space_internal.h"

#include "rules/address/prefixset.h"
#include "rules/address/rangeset.h"

#include <errno.h>

static void comparison_deinit(Comparison *c)
{
        for (Axis a = 0; a < _AXIS_MAX; a++)
                range_set_unref(c->focus[a]);
        space_numbers_deinit(&c->pool);
        free(c->lists);
        number_map_deinit(&c->list_by_hash);
        number_map_deinit(&c->nodes);
}

/* The keys of nodes have no room for more axes; 240 slices are enough. */
#define AXES_MAX 250

int space_compare(
        Space *s, Family family, const SpaceNumbers *a, const SpaceNumbers *b, uint32_t *ret_node)
{
        _cleanup_(comparison_deinit) Comparison c = {
                .space = s, .family = family, .n_axes = _AXIS_MAX + (uint32_t)s->slices.n
        };
        uint32_t lists[2];
        bool same;
        int r;

        if (c.n_axes > AXES_MAX)
                return -E2BIG;
        r = comparison_focus(&c, a, b, &same, lists);
        if (r < 0)
                return r;
        if (same) {
                *ret_node = 0;
                return 0;
        }
        return comparison_walk(&c, 0, lists[0], lists[1], ret_node);
}
