/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Reads the packet filters of this network namespace. Changes nothing, and makes no legacy table
 * that does not exist yet. */

#include "daemon/foreign/filters.h"

/* Parts that could not be read are in ret->unread. 0 or -ENOMEM. */
int filters_read(Filters *ret);
