/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One request of FastCGI 1.0 and its answer, as bytes: no sockets here. Debian's library for
 * FastCGI (libfcgi) is for servers and has no client.
 */

#include "rules/base/buffer.h"
#include "rules/base/util.h"

/* A status of 2,000 processes. */
#define FASTCGI_OUTPUT_MAX (4u << 20)

/* The request for the status of a pool as JSON with all its processes; path is its pm.status_path.
 * 0, -ENAMETOOLONG, -ENOMEM. */
int fastcgi_request(const char *path, Buffer *b);

typedef struct FastcgiAnswer {
        Buffer output; /* what came on standard output */
        uint8_t header[8];
        size_t header_length;
        size_t content_left, padding_left; /* of the record */
} FastcgiAnswer;

/*
 * The next bytes of the answer. 1: it is complete, the rest was not looked at; 0: more is to come;
 * -EBADMSG: it does not speak FastCGI, or refuses the request; -EFBIG: more than
 * FASTCGI_OUTPUT_MAX; -ENOMEM.
 */
int fastcgi_feed(FastcgiAnswer *a, const uint8_t *data, size_t n);
void fastcgi_answer_deinit(FastcgiAnswer *a);
