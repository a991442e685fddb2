/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns libmosquitto. The library reads and writes when the event loop says that the socket is
 * ready; each attempt to connect has an object of its own, so that nothing of a former connection
 * is left. The library resolves names while it connects, and waits for the answer: one second at
 * most, which live_new() sees to.
 */

#include "daemon/fleet/live_broker.h"

#include "daemon/fleet/live_clock.h"
#include "daemon/fleet/memory.h"
#include "daemon/io/log.h"
#include "rules/base/text.h"

#include <assert.h>
#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/random.h>

#define PORT_DEFAULT 8883
#define KEEPALIVE_SEC 15
#define LOOK_USEC (5 * USEC_PER_SEC)     /* keepalive, and what is too late */
#define CONNECT_USEC (10 * USEC_PER_SEC) /* for TCP, TLS, CONNACK and SUBACK together */
#define PAUSE_MIN_USEC (USEC_PER_SEC / 2)
#define PAUSE_MAX_USEC (20 * USEC_PER_SEC)
#define PACKETS_AT_ONCE 100
/* For all that the library takes in between two events. It makes room for as much as a broker says
 * will come (256 MB), twice, and keeps LIVE_WINDOW messages of a QoS that nobody asked for. */
#define LIBRARY_BYTES_MAX ((size_t)1 << 20)
/* A broker for which the library has lost so much is not asked again for a while. */
#define LOST_BYTES_MAX ((size_t)1 << 20)
#define LOST_PAUSE_USEC (3600 * USEC_PER_SEC)

struct LiveBroker {
        sd_event *event;
        const LiveBrokerSettings *settings;
        char *host;
        int port;
        struct mosquitto *library; /* NULL: between two attempts */
        int fd;                    /* its socket, of io; -1 */
        sd_event_source *io, *timer;
        bool up, over;     /* over: the connection is lost, noticed within a callback */
        int n_subscribed;  /* the library's number of the last subscription */
        bool asserted;     /* an assertion of the library ended the connection */
        size_t held, lost; /* bytes before it began, and of all that ended so */
        uint64_t pause_usec, began_usec, since_usec;
        char error[200];
};

static void broker_watch(LiveBroker *b);
static int broker_connect(LiveBroker *b);

/* ---- lost connections ---- */

static void timer_set(LiveBroker *b, uint64_t usec)
{
        (void)sd_event_source_set_time_relative(b->timer, usec);
        (void)sd_event_source_set_enabled(b->timer, SD_EVENT_ONESHOT);
}

/* Half of the pause to all of it, so that a thousand hosts do not return in one moment. */
static uint64_t with_jitter(uint64_t usec)
{
        uint32_t random = 0;

        (void)!getrandom(&random, sizeof(random), GRND_NONBLOCK);
        return usec / 2 + random % (usec / 2 + 1);
}

static void library_drop(LiveBroker *b)
{
        b->io = sd_event_source_disable_unref(b->io);
        b->fd = -1;
        if (b->library)
                mosquitto_destroy(b->library);
        b->library = NULL;
}

/* Of what is held now and was not before that connection some may be bans; a broker of which the
 * library asserts things is none to be fair to. */
static uint64_t next_pause_usec(LiveBroker *b)
{
        size_t held = memory_held();

        if (b->asserted && held > b->held)
                b->lost += held - b->held;
        b->asserted = false;
        if (b->lost <= LOST_BYTES_MAX)
                return with_jitter(b->pause_usec);
        b->lost = 0;
        log_line(LOG_ERR, "%s: not asked again for an hour: what it sends costs memory",
                b->settings->url);
        return LOST_PAUSE_USEC;
}

/* Not from within a callback of the library. */
static void broker_lost(LiveBroker *b)
{
        bool was_up = b->up;

        library_drop(b);
        b->up = b->over = false;
        if (was_up) {
                b->since_usec = live_now_usec();
                log_line(LOG_WARNING, "%s: disconnected: %s", b->settings->url, b->error);
        }
        timer_set(b, next_pause_usec(b));
        b->pause_usec *= 2;
        if (b->pause_usec > PAUSE_MAX_USEC)
                b->pause_usec = PAUSE_MAX_USEC;
        b->settings->events->down(b->settings->events->data, b->settings->index);
}

static void error_set(LiveBroker *b, const char *text)
{
        if (!b->error[0] || !b->over) /* the first is the cause */
                snprintf(b->error, sizeof(b->error), "%s", text);
        text_make_printable(b->error);
        b->over = true;
}

/* ---- what the library calls ---- */

static sigjmp_buf *reading; /* NULL: the library is not reading, or did not call this program */

/* What follows from an event is bounded by others, and takes as much as it needs. */
static sigjmp_buf *event_begin(void)
{
        memory_unbind();
        return TAKE_PTR(reading);
}

static void event_end(LiveBroker *b, sigjmp_buf *back)
{
        int r = back ? memory_bind(LIBRARY_BYTES_MAX) : 0;

        reading = back;
        if (r < 0)
                error_set(b, strerror(-r));
}

static const char *reason_text(int reason)
{
        if (reason >= 128) /* of the broker */
                return mosquitto_reason_string(reason);
        if (reason == MOSQ_ERR_NOMEM)
                return "it sends more at a time than this host takes";
        if (reason == MOSQ_ERR_MALFORMED_PACKET)
                return "it sends what is not valid MQTT";
        return mosquitto_strerror(reason);
}

static void on_connack(struct mosquitto *library, void *data, int reason, _unused_ int flags,
        _unused_ const mosquitto_property *properties)
{
        LiveBroker *b = data;
        int r = MOSQ_ERR_SUCCESS;

        if (reason != 0) {
                error_set(b, mosquitto_reason_string(reason));
                return;
        }
        for (const char *const *t = b->settings->topics; *t && r == MOSQ_ERR_SUCCESS; t++)
                r = mosquitto_subscribe_v5(library, &b->n_subscribed, *t, 1, 0, NULL);
        if (r != MOSQ_ERR_SUCCESS)
                error_set(b, mosquitto_strerror(r));
}

static void on_suback(_unused_ struct mosquitto *library, void *data, int id, int n,
        const int *granted, _unused_ const mosquitto_property *properties)
{
        LiveBroker *b = data;
        sigjmp_buf *back;

        for (int i = 0; i < n; i++)
                if (granted[i] > 2) {
                        error_set(b, "it does not allow this host to subscribe");
                        return;
                }
        if (id != b->n_subscribed || b->up)
                return;
        back = event_begin();
        b->up = true;
        b->error[0] = '\0';
        b->pause_usec = PAUSE_MIN_USEC;
        b->since_usec = live_now_usec();
        log_line(LOG_INFO, "%s: connected", b->settings->url);
        b->settings->events->up(b->settings->events->data, b->settings->index);
        event_end(b, back);
}

static void on_message(_unused_ struct mosquitto *library, void *data,
        const struct mosquitto_message *m, const mosquitto_property *properties)
{
        LiveBroker *b = data;
        LiveArrival a = { m->topic, m->payload ? m->payload : "",
                m->payloadlen > 0 ? (size_t)m->payloadlen : 0, 0 };
        sigjmp_buf *back = event_begin();

        (void)mosquitto_property_read_int32(
                properties, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, &a.expiry_sec, false);
        if (m->topic)
                b->settings->events->arrived(b->settings->events->data, b->settings->index, &a);
        event_end(b, back);
}

static void on_puback(_unused_ struct mosquitto *library, void *data, int id, int reason,
        _unused_ const mosquitto_property *properties)
{
        LiveBroker *b = data;
        sigjmp_buf *back = event_begin();

        b->settings->events->taken(
                b->settings->events->data, b->settings->index, id, reason >= 128);
        event_end(b, back);
}

static void on_disconnect(_unused_ struct mosquitto *library, void *data, int reason,
        _unused_ const mosquitto_property *properties)
{
        error_set(data, reason_text(reason));
}

/* ---- assertions of the library ---- */

/* libmosquitto 2.0 asserts on a property that it does not know (property_mosq.c passes no client to
 * log__printf, which asserts one), so a broker's bytes would end the program, and with it what
 * other brokers bring. While it reads, an assertion that fails ends that connection.
 * Takes the place of libc's for all libraries. */
void __assert_fail(const char *assertion, const char *file, unsigned line, const char *function)
{
        if (reading)
                siglongjmp(*reading, 1);
        log_line(LOG_ERR, "%s:%u: %s: assertion \"%s\" failed", file, line, function, assertion);
        abort();
}

/* What the library held of the properties of that packet is lost; it holds no lock there. */
static int library_read(LiveBroker *b)
{
        sigjmp_buf back;
        int r = memory_bind(LIBRARY_BYTES_MAX);

        if (r < 0) {
                error_set(b, strerror(-r));
                return MOSQ_ERR_NOMEM;
        }
        if (sigsetjmp(back, 0) == 0) {
                reading = &back;
                r = mosquitto_loop_read(b->library, PACKETS_AT_ONCE);
        } else {
                b->asserted = true;
                r = MOSQ_ERR_MALFORMED_PACKET;
        }
        reading = NULL;
        memory_unbind();
        return r;
}

/* ---- the event loop ---- */

static int on_socket(_unused_ sd_event_source *s, _unused_ int fd, uint32_t events, void *data)
{
        LiveBroker *b = data;
        int r = MOSQ_ERR_SUCCESS;

        if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                r = library_read(b);
        if (r == MOSQ_ERR_SUCCESS && !b->over && (events & EPOLLOUT))
                r = mosquitto_loop_write(b->library, PACKETS_AT_ONCE);
        if (r != MOSQ_ERR_SUCCESS && !b->over)
                error_set(b, r == MOSQ_ERR_ERRNO ? strerror(errno) : reason_text(r));
        if (b->over)
                broker_lost(b);
        else
                broker_watch(b);
        return 0;
}

/* Follows the library's socket; a connection without one is lost. */
static void broker_watch(LiveBroker *b)
{
        int fd = mosquitto_socket(b->library), r = 0;
        uint32_t events = EPOLLIN;

        if (fd < 0) {
                error_set(b, "the connection was closed");
                broker_lost(b);
                return;
        }
        if (!b->up || mosquitto_want_write(b->library))
                events |= EPOLLOUT;
        if (fd != b->fd) {
                b->io = sd_event_source_disable_unref(b->io);
                r = sd_event_add_io(b->event, &b->io, fd, events, on_socket, b);
                b->fd = fd;
        } else
                r = sd_event_source_set_io_events(b->io, events);
        if (r < 0) {
                error_set(b, strerror(-r));
                broker_lost(b);
        }
}

static int on_timer(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        LiveBroker *b = data;
        int r;

        if (!b->library)
                return broker_connect(b);
        r = mosquitto_loop_misc(b->library);
        if (r != MOSQ_ERR_SUCCESS && !b->over)
                error_set(b, mosquitto_strerror(r));
        if (!b->up && !b->over && live_monotonic_usec() - b->began_usec > CONNECT_USEC)
                error_set(b, "no answer");
        if (b->over) {
                broker_lost(b);
                return 0;
        }
        timer_set(b, LOOK_USEC);
        broker_watch(b);
        return 0;
}

/* ---- connecting ---- */

static int library_set(LiveBroker *b)
{
        const LiveBrokerSettings *s = b->settings;
        int r = mosquitto_int_option(b->library, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);

        if (r == MOSQ_ERR_SUCCESS)
                r = mosquitto_tls_set(b->library, s->ca, NULL, s->certificate, s->key, NULL);
        if (r == MOSQ_ERR_SUCCESS)
                r = mosquitto_tls_opts_set(b->library, 1, "tlsv1.2", NULL);
        if (r == MOSQ_ERR_SUCCESS && s->will_topic)
                r = mosquitto_will_set_v5(
                        b->library, s->will_topic, (int)strlen(s->will), s->will, 1, true, NULL);
        mosquitto_connect_v5_callback_set(b->library, on_connack);
        mosquitto_subscribe_v5_callback_set(b->library, on_suback);
        mosquitto_message_v5_callback_set(b->library, on_message);
        mosquitto_publish_v5_callback_set(b->library, on_puback);
        mosquitto_disconnect_v5_callback_set(b->library, on_disconnect);
        return r;
}

static int broker_connect(LiveBroker *b)
{
        int r;

        b->over = false;
        b->began_usec = live_monotonic_usec();
        b->held = memory_held();
        b->library = mosquitto_new(b->settings->client, true, b);
        if (!b->library)
                return -ENOMEM;
        errno = 0;
        r = library_set(b);
        if (r == MOSQ_ERR_SUCCESS)
                r = mosquitto_connect_async(b->library, b->host, b->port, KEEPALIVE_SEC);
        if (r > MOSQ_ERR_SUCCESS) {
                error_set(b, r == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(r));
                broker_lost(b);
                return 0;
        }
        timer_set(b, LOOK_USEC);
        broker_watch(b);
        return 0;
}

/* mqtts://HOST[:PORT], which fleet.conf was checked for. */
static int url_split(LiveBroker *b)
{
        const char *from = strstr(b->settings->url, "://"), *colon;

        if (!from)
                return -EINVAL;
        from += strlen("://");
        colon = strchr(from, ':');
        b->port = colon ? (int)strtol(colon + 1, NULL, 10) : PORT_DEFAULT;
        b->host = colon ? strndup(from, (size_t)(colon - from)) : strdup(from);
        return b->host ? 0 : -ENOMEM;
}

int live_broker_new(sd_event *event, const LiveBrokerSettings *settings, LiveBroker **ret)
{
        _cleanup_(live_broker_free_p) LiveBroker *b = calloc(1, sizeof(*b));
        int r;

        if (!b)
                return -ENOMEM;
        if (mosquitto_lib_init() != MOSQ_ERR_SUCCESS) {
                free(TAKE_PTR(b));
                return -ENOMEM;
        }
        b->event = sd_event_ref(event);
        b->settings = settings;
        b->fd = -1;
        b->pause_usec = PAUSE_MIN_USEC;
        b->since_usec = live_now_usec();
        r = url_split(b);
        if (r >= 0)
                r = sd_event_add_time_relative(
                        event, &b->timer, CLOCK_MONOTONIC, 0, USEC_PER_SEC / 20, on_timer, b);
        if (r >= 0)
                *ret = TAKE_PTR(b);
        return r;
}

LiveBroker *live_broker_free(LiveBroker *b)
{
        if (!b)
                return NULL;
        if (b->library && b->up)
                (void)mosquitto_disconnect_v5(b->library, MQTT_RC_DISCONNECT_WITH_WILL_MSG, NULL);
        library_drop(b);
        sd_event_source_disable_unref(b->timer);
        sd_event_unref(b->event);
        free(b->host);
        free(b);
        (void)mosquitto_lib_cleanup();
        return NULL;
}

/* ---- publishing ---- */

int live_broker_publish(LiveBroker *b, const LivePublication *p, int *ret_id)
{
        mosquitto_property *properties = NULL;
        int r = MOSQ_ERR_SUCCESS;

        if (!b->up || b->over)
                return -ENOTCONN;
        if (p->expiry_sec > 0)
                r = mosquitto_property_add_int32(
                        &properties, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, p->expiry_sec);
        if (r == MOSQ_ERR_SUCCESS)
                r = mosquitto_publish_v5(b->library, ret_id, p->topic, (int)strlen(p->payload),
                        p->payload, p->acknowledge ? 1 : 0, p->retain, properties);
        mosquitto_property_free_all(&properties);
        if (r == MOSQ_ERR_SUCCESS && b->io)
                (void)sd_event_source_set_io_events(b->io, EPOLLIN | EPOLLOUT);
        return r == MOSQ_ERR_SUCCESS        ? 0
               : r == MOSQ_ERR_NOMEM        ? -ENOMEM
               : r == MOSQ_ERR_PAYLOAD_SIZE ? -EMSGSIZE
               : r == MOSQ_ERR_NO_CONN      ? -ENOTCONN
                                            : -EIO;
}

bool live_broker_is_up(const LiveBroker *b)
{
        return b->up && !b->over;
}

uint64_t live_broker_since_usec(const LiveBroker *b)
{
        return b->since_usec;
}

const char *live_broker_error(const LiveBroker *b)
{
        return b->error;
}
