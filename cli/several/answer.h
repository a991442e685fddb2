/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The output and exit status of one host's process, and the merging of many into one text or
 * document.
 */

#include "cli/console/cli.h"
#include "rules/base/buffer.h"

typedef struct Answer {
        const char *host; /* borrowed */
        Buffer out, err;  /* its standard output and error */
        int status;       /* once it has ended */
        bool ended, printed;
} Answer;

/* The worse of two exit statuses. */
int status_worse(int a, int b);
/* Prints the answers that have ended and were not printed; equal ones once. 0 or EXIT_FAILED. */
int answers_print(Cli *c, Answer *answers, size_t n);
/* The one document of all. 0 or EXIT_FAILED. */
int answers_document(Cli *c, const Answer *answers, size_t n);
