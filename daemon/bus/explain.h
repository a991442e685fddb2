/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Shared by Explain and Diagnose. */

#include "daemon/foreign/hooks.h"

typedef struct BusCall BusCall;

/* The places of p25's own chains in the kernel now. */
OwnPlace bus_own_place(const BusCall *c);
