/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Reads a descriptor that a client passed, file or pipe, to its end, from the event loop and
 * within limits: a client that never writes or never closes costs nothing but its descriptor. A
 * child reads a file that is not in memory.
 */

#include "rules/base/util.h"

#include <systemd/sd-event.h>

typedef struct BusUpload BusUpload;

/* r: 0 and the text (NUL-terminated, the receiver's), or negative errno: -EFBIG (beyond max),
 * -ETIMEDOUT (nothing came for idle_usec, or it took fifteen times as long), what read(2) says. */
typedef void (*BusUploadDone)(void *data, int r, char *text, size_t n);

typedef struct BusUploadLimits {
        size_t bytes;
        uint64_t idle_usec;
} BusUploadLimits;

/* fd is borrowed (and duplicated); a file is read from its beginning, a pipe from where it is.
 * done is called once, never from within this function. 0, -EINVAL (neither file nor pipe, or not
 * readable), -ENOMEM, other negative errno. */
int bus_upload_new(sd_event *event, int fd, const BusUploadLimits *limits, BusUploadDone done,
        void *data, BusUpload **ret);
/* Without a call of done. */
BusUpload *bus_upload_free(BusUpload *u);
DEFINE_CLEANUP(BusUpload, bus_upload_free)

/* Does the descriptor also end when the client dies, as a pipe does? */
bool bus_upload_is_pipe(const BusUpload *u);
