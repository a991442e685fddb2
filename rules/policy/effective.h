/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The settings of a policy in force: those of p25ctl override those of p25.conf.
 */

#include "rules/policy/settings.h"

#include <stdbool.h>

typedef struct Policy Policy;
typedef struct Ports Ports;

/* Is it to be in the kernel? Under lockdown always. */
bool policy_enabled(const Policy *p);
/* Without regard to lockdown. */
bool policy_switched_on(const Policy *p);
/* Is it switched off by p25ctl, or else by p25.conf? False where neither states it. */
bool policy_switched_off(const Policy *p);
char *const *policy_role_names(const Policy *p);
Logging policy_logging(const Policy *p);         /* LOGGING_LOW unless it is stated */
Attribution policy_attribution(const Policy *p); /* ATTRIBUTION_UNIT unless it is stated */
/* The four, and what p25.conf adds. */
void policy_mail_ports(const Policy *p, Ports *ret);
