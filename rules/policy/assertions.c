/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/policy/assertions.h"

#include "rules/policy/assertion.h"

#include <stdlib.h>

void assertions_deinit(Assertions *l)
{
        for (size_t i = 0; i < l->n; i++) {
                free(l->items[i].packet);
                free(l->items[i].file);
        }
        free(l->items);
        *l = (Assertions){ 0 };
}
