/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The number of directions, for arrays with an element for each. direction.h names them.
 */

#define DIRECTIONS 3
