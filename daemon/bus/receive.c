/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns who may have how many descriptors read at a time.
 */

#include "daemon/bus/receive.h"

#include "daemon/bus/call.h"
#include "daemon/loop/clock.h"

#include <errno.h>
#include <time.h>

int bus_receive_error(int r, sd_bus_error *error)
{
        switch (r) {
        case -EFBIG:
                return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                        "the text of a set is at most %u MiB", RECEIVE_BYTES_MAX >> 20);
        case -ETIMEDOUT:
                return sd_bus_error_set(
                        error, BUS_ERROR_LIMIT_EXCEEDED, "the descriptor does not come to its end");
        case -ENOMEM:
                return r;
        default:
                return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGS,
                        "the descriptor cannot be read: %s", strerror(-r));
        }
}

/* The number of this user's uploads, and the oldest of them. */
static unsigned count_uploads(const Bus *b, uint32_t uid, BusCall **ret_oldest)
{
        unsigned n = 0;

        *ret_oldest = NULL;
        for (BusCall *c = b->calls; c; c = c->next) {
                if (!c->upload || c->caller.uid != uid)
                        continue;
                if (!*ret_oldest || c->upload_usec < (*ret_oldest)->upload_usec)
                        *ret_oldest = c;
                n++;
        }
        return n;
}

/* Descriptors that never come to their end must not keep out a new one: the one that has been read
 * for longest gives its place up, if it had its time. */
static int make_room(const BusCall *c, uint64_t now_usec, sd_bus_error *error)
{
        _cleanup_(sd_bus_error_free) sd_bus_error late = SD_BUS_ERROR_NULL;
        BusCall *oldest;

        if (count_uploads(c->bus, c->caller.uid, &oldest) < BUS_UPLOADS_MAX)
                return 0;
        if (now_usec - oldest->upload_usec < c->bus->upload_timeout_usec)
                return sd_bus_error_setf(error, BUS_ERROR_LIMIT_EXCEEDED,
                        "%d sets of this user are being read already", BUS_UPLOADS_MAX);
        bus_call_finish(oldest, bus_receive_error(-ETIMEDOUT, &late), &late);
        return 0;
}

int bus_receive(BusCall *c, int fd, size_t max, BusUploadDone done, sd_bus_error *error)
{
        BusUploadLimits limits = { max, c->bus->upload_timeout_usec };
        uint64_t now_usec = clock_now_usec(CLOCK_MONOTONIC);
        int r;

        c->upload = bus_upload_free(c->upload);
        r = make_room(c, now_usec, error);
        if (r < 0)
                return r;
        c->upload_usec = now_usec;
        r = bus_upload_new(c->bus->event, fd, &limits, done, c, &c->upload);
        if (r == -EINVAL)
                return sd_bus_error_set(error, BUS_ERROR_INVALID_ARGS,
                        "the descriptor is neither a file nor a pipe that can be read");
        return r < 0 ? r : 1;
}
