/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The defaults of files that state none. */

#include "rules/policy/defaults.h"

#include "rules/policy/action.h"
#include "rules/policy/direction.h"

const Defaults defaults_none = {
        .of = { [DIRECTION_IN] = _ACTION_INVALID,
                [DIRECTION_OUT] = _ACTION_INVALID,
                [DIRECTION_ROUTED] = _ACTION_INVALID },
};
