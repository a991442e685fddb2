/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Lists of users or groups, resolved.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Users or groups. */
typedef struct CompiledIds {
        bool stated;
        uint32_t *ids; /* ascending */
        size_t n;
} CompiledIds;

/* A list that is not stated holds all ids. */
bool compiled_ids_contain(const CompiledIds *l, uint32_t id);
