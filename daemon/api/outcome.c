/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/api/outcome.h"

#include "rules/base/util.h"

static const char *const names[_OUTCOME_MAX] = {
        [OUTCOME_NONE] = "none",
        [OUTCOME_ADDED] = "added",
        [OUTCOME_UPDATED] = "updated",
        [OUTCOME_INSERTED] = "inserted",
        [OUTCOME_REMOVED] = "removed",
        [OUTCOME_CHANGED] = "changed",
};

const char *outcome_to_string(Outcome o)
{
        return names[o];
}

Outcome outcome_from_string(const char *s)
{
        for (Outcome o = 0; o < _OUTCOME_MAX; o++)
                if (streq(names[o], s))
                        return o;
        return _OUTCOME_INVALID;
}
