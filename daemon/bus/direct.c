/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the socket and its connections. Does not depend on methods: calls arrive at the vtable.
 */

#include "daemon/bus/direct.h"

#include "daemon/api/api.h"
#include "daemon/bus/stand_in.h"
#include "rules/base/util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Before messages of the bus, before anything else but signals to the process. */
#define DIRECT_PRIORITY (SD_EVENT_PRIORITY_NORMAL - 10)
/* More wait until one has left. */
#define PEERS_MAX 64
/* After a connection that could not be accepted. */
#define REST_USEC (USEC_PER_SEC / 5)

typedef struct DirectPeer DirectPeer;
struct DirectPeer {
        BusDirect *direct;
        DirectPeer *next;
        sd_bus *bus;
        Caller caller;
        char name[SD_ID128_STRING_MAX + 8];
        bool gone;
};

/* ---- connections ---- */

static DirectPeer *peer_free(DirectPeer *p)
{
        if (!p)
                return NULL;
        p->bus = sd_bus_close_unref(p->bus);
        free(p);
        return NULL;
}

DEFINE_CLEANUP(DirectPeer, peer_free)

static void listen_or_wait(BusDirect *d)
{
        (void)sd_event_source_set_enabled(
                d->listener, d->n_peers < PEERS_MAX ? SD_EVENT_ON : SD_EVENT_OFF);
}

/* Those that have left: outside their own callbacks. */
static int on_sweep(_unused_ sd_event_source *s, void *data)
{
        BusDirect *d = data;

        for (DirectPeer **place = &d->peers; *place;) {
                DirectPeer *p = *place;

                if (!p->gone) {
                        place = &p->next;
                        continue;
                }
                *place = p->next;
                d->n_peers--;
                peer_free(p);
        }
        listen_or_wait(d);
        return 0;
}

static int on_disconnected(_unused_ sd_bus_message *m, void *data, _unused_ sd_bus_error *error)
{
        DirectPeer *p = data;

        p->gone = true;
        (void)sd_event_source_set_enabled(p->direct->sweep, SD_EVENT_ONESHOT);
        return 0;
}

static int peer_identify(DirectPeer *p, int fd)
{
        struct ucred credentials;
        socklen_t n = sizeof(credentials);
        char id[SD_ID128_STRING_MAX];
        sd_id128_t random;

        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &n) < 0)
                return -errno;
        if (credentials.uid != 0)
                return -EACCES;
        if (sd_id128_randomize(&random) < 0)
                return -EIO;
        p->caller = (Caller){ .uid = credentials.uid, .pid = credentials.pid };
        caller_process(p->caller.pid, p->caller.process, sizeof(p->caller.process));
        (void)snprintf(p->name, sizeof(p->name), "direct/%s", sd_id128_to_string(random, id));
        return 0;
}

/* fd is the connection's afterwards, also after an error. */
static int peer_connect(DirectPeer *p, int fd)
{
        static const char local[] = "org.freedesktop.DBus.Local";
        BusDirect *d = p->direct;
        sd_id128_t id;
        int r;

        r = sd_bus_new(&p->bus);
        if (r >= 0)
                r = sd_bus_set_fd(p->bus, fd, fd);
        if (r < 0) {
                close(fd);
                return r;
        }
        if ((r = sd_id128_randomize(&id)) < 0 || (r = sd_bus_set_server(p->bus, true, id)) < 0 ||
                (r = sd_bus_set_description(p->bus, "root")) < 0 ||
                (r = sd_bus_negotiate_fds(p->bus, true)) < 0 ||
                (r = sd_bus_set_exit_on_disconnect(p->bus, false)) < 0 ||
                (r = sd_bus_add_object_vtable(
                         p->bus, NULL, BUS_PATH, BUS_INTERFACE, d->vtable, d->data)) < 0 ||
                (r = stand_in_add(p->bus, d->system)) < 0 ||
                (r = sd_bus_match_signal(p->bus, NULL, NULL, NULL, local, "Disconnected",
                         on_disconnected, p)) < 0 ||
                /* the loop does not wait at its end for a client that reads nothing */
                (r = sd_bus_set_close_on_exit(p->bus, false)) < 0 || (r = sd_bus_start(p->bus)) < 0)
                return r;
        return sd_bus_attach_event(p->bus, d->event, DIRECT_PRIORITY);
}

static void peer_accept(BusDirect *d, int fd)
{
        _cleanup_(peer_free_p) DirectPeer *p = calloc(1, sizeof(*p));

        if (p)
                p->direct = d;
        if (!p || peer_identify(p, fd) < 0) {
                close(fd);
                return;
        }
        if (peer_connect(p, fd) < 0)
                return;
        p->next = d->peers;
        d->peers = TAKE_PTR(p);
        d->n_peers++;
        listen_or_wait(d);
}

static int on_rest(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        listen_or_wait(data);
        return 0;
}

/* Without a descriptor to be had, whoever waits goes on waiting: being asked again and again would
 * keep p25d from everything else. */
static int on_connection(sd_event_source *s, int fd, _unused_ uint32_t events, void *data)
{
        int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        BusDirect *d = data;

        if (client >= 0) {
                peer_accept(d, client);
                return 0;
        }
        (void)sd_event_source_set_enabled(s, SD_EVENT_OFF);
        (void)sd_event_source_set_time_relative(d->rest, REST_USEC);
        (void)sd_event_source_set_enabled(d->rest, SD_EVENT_ONESHOT);
        return 0;
}

/* ---- the socket ---- */

static int listen_at(const char *path)
{
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd, r = 0;

        if (strlen(path) >= sizeof(address.sun_path))
                return -ENAMETOOLONG;
        memcpy(address.sun_path, path, strlen(path));
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        /* the one of a former p25d: only one runs at a time */
        if (unlink(path) < 0 && errno != ENOENT)
                r = -errno;
        /* the mode of a socket's file is that of the socket before bind() */
        if (r >= 0 && (fchmod(fd, 0600) < 0 ||
                              bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
                              listen(fd, PEERS_MAX) < 0))
                r = -errno;
        if (r < 0) {
                close(fd);
                return r;
        }
        return fd;
}

int bus_direct_open(BusDirect *d, const char *path)
{
        int r;

        d->fd = listen_at(path);
        if (d->fd < 0)
                return d->fd;
        if ((r = sd_event_add_io(d->event, &d->listener, d->fd, EPOLLIN, on_connection, d)) < 0 ||
                (r = sd_event_source_set_priority(d->listener, DIRECT_PRIORITY)) < 0 ||
                (r = sd_event_add_defer(d->event, &d->sweep, on_sweep, d)) < 0 ||
                (r = sd_event_source_set_enabled(d->sweep, SD_EVENT_OFF)) < 0 ||
                (r = sd_event_add_time(
                         d->event, &d->rest, CLOCK_MONOTONIC, UINT64_MAX, 0, on_rest, d)) < 0 ||
                (r = sd_event_source_set_enabled(d->rest, SD_EVENT_OFF)) < 0)
                return r;
        return 0;
}

void bus_direct_close(BusDirect *d)
{
        while (d->peers) {
                DirectPeer *p = d->peers;

                d->peers = p->next;
                peer_free(p);
        }
        d->n_peers = 0;
        d->listener = sd_event_source_disable_unref(d->listener);
        d->sweep = sd_event_source_disable_unref(d->sweep);
        d->rest = sd_event_source_disable_unref(d->rest);
        if (d->fd >= 0)
                close(d->fd);
        d->fd = -1;
}

const char *bus_direct_find(const BusDirect *d, sd_bus *bus, Caller *ret)
{
        for (const DirectPeer *p = d->peers; p; p = p->next)
                if (p->bus == bus) {
                        *ret = p->caller;
                        return p->name;
                }
        return NULL;
}
