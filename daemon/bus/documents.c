/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns PutDocuments: several fragments and sets that come into force as one change. The caller is
 * authorised for each name; then the descriptors are read one after the other; then the manager
 * gets everything at once.
 */

#include "daemon/bus/answer.h"
#include "daemon/bus/call.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/parts.h"
#include "daemon/bus/receive.h"

#include <errno.h>

#define _cleanup_result_ _cleanup_(change_result_deinit)

static int put(BusCall *c, sd_bus_error *error)
{
        _cleanup_result_ ChangeResult result = { 0 };
        ManagerText texts[BUS_PARTS_MAX];
        int r;

        for (size_t i = 0; i < c->parts->n; i++) {
                const BusPart *p = &c->parts->items[i];

                texts[i] =
                        (ManagerText){ p->name, p->is_set, p->is_set ? p->content : p->text, p->n };
        }
        r = manager_put_texts(c->bus->manager, texts, c->parts->n, &c->change, &result);
        return bus_change_reply(c, r, &result, error);
}

/* ---- descriptors ---- */

static int receive_next(BusCall *c, sd_bus_error *error);

static void on_received(void *data, int r, char *text, size_t n)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        BusCall *c = data;
        BusPart *part = &c->parts->items[c->parts->next];

        if (r < 0)
                r = bus_receive_error(r, &error);
        else {
                part->content = text;
                part->n = n;
                c->parts->bytes += n;
                c->parts->next++;
                r = receive_next(c, &error);
        }
        if (r < 0)
                bus_call_finish(c, r, &error);
}

/* Begins with the next descriptor, or puts everything in force. 1, or negative: the call has
 * failed. */
static int receive_next(BusCall *c, sd_bus_error *error)
{
        BusParts *p = c->parts;
        int r;

        while (p->next < p->n && !p->items[p->next].is_set)
                p->next++;
        if (p->next == p->n) {
                c->upload = bus_upload_free(c->upload);
                bus_call_run(c, put);
                return 1;
        }
        r = bus_receive(c, p->items[p->next].fd, RECEIVE_BYTES_MAX - p->bytes, on_received, error);
        /* half a list must not become the set when a writer dies */
        if (r >= 0 && bus_upload_is_pipe(c->upload))
                return sd_bus_error_set(error, BUS_ERROR_INVALID_ARGS,
                        "the descriptors of PutDocuments must be files (memfd_create)");
        return r;
}

/* ---- privileges ---- */

static int authorise_next(BusCall *c);

static void on_name_authorised(void *data, int r, _unused_ const Caller *caller)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        BusCall *c = data;

        if (r < 0)
                r = auth_error(r, &error);
        else {
                c->parts->next++;
                r = authorise_next(c);
        }
        if (r < 0)
                bus_call_finish(c, r, &error);
}

static int begin_to_receive(BusCall *c)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        c->parts->next = 0;
        r = receive_next(c, &error);
        if (r < 0)
                bus_call_finish(c, r, &error);
        return 1;
}

/* 1, or negative: the call has failed. */
static int authorise_next(BusCall *c)
{
        const BusParts *p = c->parts;
        const BusPart *part = &p->items[p->next];
        int r;

        if (p->next == p->n || c->manages || c->caller.uid == 0)
                return begin_to_receive(c);
        r = auth_query(&c->bus->auth, &c->auth, c->message,
                &(AuthQuestion){
                        part->is_set ? PRIVILEGE_MANAGE_SET : PRIVILEGE_MANAGE_FRAGMENT,
                        part->name,
                        on_name_authorised,
                },
                c);
        return r < 0 ? r : 1;
}

int bus_put_documents(BusCall *c, sd_bus_error *error)
{
        int r;

        c->parts = bus_parts_free(c->parts);
        r = bus_parts_read(c->message, &c->parts, error);
        if (r >= 0)
                r = bus_change_read(c, BUS_OPTION_NONE, &c->change, error);
        if (r < 0)
                return r;
        return authorise_next(c);
}
