/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What files that state no default have. */

#include "rules/policy/defaults.h"

const Defaults defaults_none = {
        .of = { [DIRECTION_IN] = _ACTION_INVALID,
                [DIRECTION_OUT] = _ACTION_INVALID,
                [DIRECTION_ROUTED] = _ACTION_INVALID },
};
