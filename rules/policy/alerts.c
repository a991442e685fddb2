/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/policy/alerts.h"

#include <stddef.h>

const char *alert_kind_to_string(AlertKind k)
{
        static const char *const words[_ALERT_MAX] = {
                [ALERT_BLOCKED] = "blocked",
                [ALERT_CONNECTIONS] = "connections",
                [ALERT_DESTINATIONS] = "destinations",
        };

        return k >= 0 && k < _ALERT_MAX ? words[k] : NULL;
}
