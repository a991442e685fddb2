/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The vocabulary of the files: one table. What is not in it is an unknown setting.
 */

#include "rules/config/setting.h"

/* Ends with a setting without name. */
extern const Setting vocabulary[];
