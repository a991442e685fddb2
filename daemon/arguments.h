/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The options of p25d. Errors are logged. */

#include "daemon/backend/backend.h"

typedef struct Arguments {
        const char *root, *policies;
        const BackendOps *backend; /* NULL: the policy's choice */
        bool remove_policy;
} Arguments;

/* Values of --backend. */
extern const BackendOps *const named_backends[];
extern const size_t n_named_backends;

/* 0 to go on, else *ret_status is how to exit. */
int arguments_parse(int argc, char **argv, Arguments *ret, int *ret_status);
