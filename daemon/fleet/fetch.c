/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * libcurl's multi interface in the event loop: libcurl says which sockets and which timer it waits
 * for. One easy handle is used again and again, so its connection is kept.
 */

#include "daemon/fleet/fetch.h"

#include "rules/base/buffer.h"

#include <curl/curl.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <strings.h>
#include <sys/epoll.h>

#define CONNECT_MSEC 10000L
#define WHOLE_SEC 600L
/* Slower than so many bytes a second for so long: given up. */
#define SLOW_BYTES 100L
#define SLOW_SEC 15L
#define HEADER_BYTES_MAX 65536 /* of one answer, all headers */
#define PAGE_BYTES_MAX 65536   /* of the page of an error */
#define ETAG_MAX 256

typedef struct Socket Socket;
struct Socket {
        sd_event_source *source;
        curl_socket_t fd;
        Socket *next, *previous;
};

struct Fetch {
        sd_event *event;
        const FleetDocuments *config;
        CURLM *multi;
        CURL *easy;
        sd_event_source *timer, *finish;
        Socket *sockets; /* those that libcurl waits for; none outlives the Fetch */
        struct curl_slist *headers;
        char error[CURL_ERROR_SIZE];
        /* the one under way */
        bool running;
        FetchDone done;
        void *data;
        Buffer body;
        size_t max, header_bytes, page_bytes;
        bool too_long, conditional;
        char etag[ETAG_MAX], new_etag[ETAG_MAX]; /* of the last conditional one; "" none */
};

/* ---- what comes ---- */

static size_t on_body(char *data, _unused_ size_t one, size_t n, void *user)
{
        Fetch *f = user;
        long status = 0;

        curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
        if (status != 200) {
                /* the page that comes with an error; reading it keeps the connection */
                f->page_bytes += n;
                f->too_long = f->page_bytes > PAGE_BYTES_MAX;
                return f->too_long ? 0 : n;
        }
        if (n > f->max - f->body.length) {
                f->too_long = true;
                return 0;
        }
        buffer_add(&f->body, data, n);
        return f->body.failed ? 0 : n;
}

static size_t on_header(char *data, _unused_ size_t one, size_t n, void *user)
{
        static const char name[] = "etag:";
        Fetch *f = user;
        const char *from = data, *end = data + n;

        f->header_bytes += n;
        if (f->header_bytes > HEADER_BYTES_MAX) {
                f->too_long = true;
                return 0;
        }
        if (n < strlen(name) || strncasecmp(data, name, strlen(name)) != 0)
                return n;
        from += strlen(name);
        while (from < end && (*from == ' ' || *from == '\t'))
                from++;
        while (end > from && (unsigned char)end[-1] <= ' ')
                end--;
        /* it is sent back as it is: nothing in it may end a line */
        for (const char *p = from; p < end; p++)
                if ((unsigned char)*p < ' ' || *p == 127)
                        return n;
        if ((size_t)(end - from) < sizeof(f->new_etag)) {
                memcpy(f->new_etag, from, (size_t)(end - from));
                f->new_etag[end - from] = '\0';
        }
        return n;
}

/* ---- results ---- */

static const struct {
        CURLcode code;
        int r;
} codes[] = {
        { CURLE_OPERATION_TIMEDOUT, -ETIMEDOUT },
        { CURLE_COULDNT_RESOLVE_HOST, -EHOSTUNREACH },
        { CURLE_COULDNT_RESOLVE_PROXY, -EHOSTUNREACH },
        { CURLE_COULDNT_CONNECT, -EHOSTUNREACH },
        { CURLE_PEER_FAILED_VERIFICATION, -EBADE },
        { CURLE_SSL_CONNECT_ERROR, -EBADE },
        { CURLE_SSL_CERTPROBLEM, -EBADE },
        { CURLE_SSL_CACERT_BADFILE, -EBADE },
};

static int result_of_code(Fetch *f, CURLcode code)
{
        if (f->too_long) {
                (void)snprintf(
                        f->error, sizeof(f->error), "the answer is longer than %zu bytes", f->max);
                return -EFBIG;
        }
        if (f->body.failed)
                return -ENOMEM;
        /* libcurl says so of a line that is longer than it takes, too */
        if (code == CURLE_OUT_OF_MEMORY)
                (void)snprintf(f->error, sizeof(f->error),
                        "a line of the answer is too long, or there is no memory");
        if (!f->error[0])
                (void)snprintf(f->error, sizeof(f->error), "%s", curl_easy_strerror(code));
        for (size_t i = 0; i < ELEMENTS(codes); i++)
                if (codes[i].code == code)
                        return codes[i].r;
        return -EIO;
}

static int result_of_status(Fetch *f, long status)
{
        if (status == 200)
                return 0;
        if (status == 304 && f->headers) /* else nothing was said that it could be like */
                return 1;
        if (status == 304)
                (void)snprintf(f->error, sizeof(f->error),
                        "the web server answers 304 to a question without a condition");
        else if (status >= 300 && status < 400)
                (void)snprintf(f->error, sizeof(f->error),
                        "the web server answers %ld; redirects are not followed", status);
        else
                (void)snprintf(f->error, sizeof(f->error), "the web server answers %ld", status);
        return status == 404 || status == 410 ? -ENOENT : -EPROTO;
}

static void finish(Fetch *f, CURLcode code)
{
        FetchResult result = { .reason = f->error };
        FetchDone done = f->done;
        long status = 0;

        curl_multi_remove_handle(f->multi, f->easy);
        f->running = false;
        if (code == CURLE_OK) {
                curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
                result.r = result_of_status(f, status);
        } else
                result.r = result_of_code(f, code);
        if (result.r == 0) {
                result.n = f->body.length;
                buffer_add(&f->body, "", 0);
                if (buffer_take(&f->body, &result.data) < 0)
                        result.r = -ENOMEM;
                if (f->conditional)
                        memcpy(f->etag, f->new_etag, sizeof(f->etag));
        }
        buffer_deinit(&f->body);
        f->body = (Buffer){ 0 };
        done(f->data, &result);
        free(result.data);
}

/* After libcurl has returned: it may not be called from within its own functions. */
static int on_finish(_unused_ sd_event_source *s, void *data)
{
        Fetch *f = data;
        CURLMsg *message;
        int left;

        while ((message = curl_multi_info_read(f->multi, &left)))
                if (message->msg == CURLMSG_DONE) {
                        finish(f, message->data.result);
                        break;
                }
        return 0;
}

static void look_for_end(Fetch *f)
{
        (void)sd_event_source_set_enabled(f->finish, SD_EVENT_ONESHOT);
}

/* ---- sockets and the timer ---- */

static int on_io(_unused_ sd_event_source *s, int fd, uint32_t events, void *data)
{
        Fetch *f = data;
        int running, what = 0;

        if (events & (EPOLLIN | EPOLLHUP))
                what |= CURL_CSELECT_IN;
        if (events & EPOLLOUT)
                what |= CURL_CSELECT_OUT;
        if (events & EPOLLERR)
                what |= CURL_CSELECT_ERR;
        curl_multi_socket_action(f->multi, fd, what, &running);
        look_for_end(f);
        return 0;
}

static void socket_forget(Fetch *f, Socket *s)
{
        sd_event_source_disable_unref(s->source);
        if (s->next)
                s->next->previous = s->previous;
        if (s->previous)
                s->previous->next = s->next;
        else
                f->sockets = s->next;
        free(s);
}

static Socket *socket_find(const Fetch *f, curl_socket_t fd)
{
        Socket *s = f->sockets;

        while (s && s->fd != fd)
                s = s->next;
        return s;
}

static int on_socket(
        _unused_ CURL *easy, curl_socket_t fd, int what, void *user, _unused_ void *socket_data)
{
        uint32_t events =
                (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
        Fetch *f = user;
        Socket *s = socket_find(f, fd);

        if (what == CURL_POLL_REMOVE) {
                if (s)
                        socket_forget(f, s);
                return 0;
        }
        if (s)
                return sd_event_source_set_io_events(s->source, events) < 0 ? -1 : 0;
        s = calloc(1, sizeof(*s));
        if (!s)
                return -1;
        *s = (Socket){ .fd = fd, .next = f->sockets };
        if (f->sockets)
                f->sockets->previous = s;
        f->sockets = s;
        if (sd_event_add_io(f->event, &s->source, fd, events, on_io, f) < 0) {
                socket_forget(f, s);
                return -1;
        }
        return 0;
}

static int on_time(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        Fetch *f = data;
        int running;

        curl_multi_socket_action(f->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        look_for_end(f);
        return 0;
}

static int on_timer(_unused_ CURLM *multi, long msec, void *user)
{
        Fetch *f = user;

        if (msec < 0)
                return sd_event_source_set_enabled(f->timer, SD_EVENT_OFF) < 0 ? -1 : 0;
        if (sd_event_source_set_time_relative(f->timer, (uint64_t)msec * 1000) < 0 ||
                sd_event_source_set_enabled(f->timer, SD_EVENT_ONESHOT) < 0)
                return -1;
        return 0;
}

/* ---- life ---- */

/* The system's certificates as a folder in which each is found by its name's hash; NULL if libcurl
 * knows none, or cannot look for a single one there. */
static const char *system_ca_folder(void)
{
        const curl_version_info_data *v = curl_version_info(CURLVERSION_NOW);
        _cleanup_free_ char *pattern = NULL;
        glob_t found = { 0 };
        bool is_hashed;

        if (v->age < CURLVERSION_SEVENTH || !v->capath || !v->ssl_version ||
                strncmp(v->ssl_version, "OpenSSL/", strlen("OpenSSL/")) != 0)
                return NULL;
        if (asprintf(&pattern, "%s/????????.0", v->capath) < 0) {
                pattern = NULL;
                return NULL;
        }
        is_hashed = glob(pattern, GLOB_NOSORT, NULL, &found) == 0;
        globfree(&found);
        return is_hashed ? v->capath : NULL;
}

/* Only the certificates of `ca`, or those of the system: they all in one file would stay in memory,
 * 0.7 MB for the one that is used. */
static bool set_up_ca(CURL *e, const FleetDocuments *c)
{
        const char *folder = c->ca ? NULL : system_ca_folder();

        if (!c->ca && !folder)
                return true;
        return curl_easy_setopt(e, CURLOPT_CAINFO, c->ca) == CURLE_OK &&
               curl_easy_setopt(e, CURLOPT_CAPATH, folder) == CURLE_OK;
}

static int set_up_easy(Fetch *f)
{
        const FleetDocuments *c = f->config;
        CURL *e = f->easy;
        bool good = curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
                    curl_easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, "https") == CURLE_OK &&
                    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
                    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
                    curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L) == CURLE_OK &&
                    curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L) == CURLE_OK &&
                    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) ==
                            CURLE_OK &&
                    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) ==
                            CURLE_OK &&
                    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MSEC) == CURLE_OK &&
                    curl_easy_setopt(e, CURLOPT_TIMEOUT, WHOLE_SEC) == CURLE_OK &&
                    curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, SLOW_BYTES) == CURLE_OK &&
                    curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, SLOW_SEC) == CURLE_OK &&
                    curl_easy_setopt(e, CURLOPT_BUFFERSIZE, 16384L) == CURLE_OK &&
                    curl_easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L) == CURLE_OK &&
                    curl_easy_setopt(e, CURLOPT_USERAGENT, "p25-fleet") == CURLE_OK &&
                    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
                    curl_easy_setopt(e, CURLOPT_WRITEDATA, f) == CURLE_OK &&
                    curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
                    curl_easy_setopt(e, CURLOPT_HEADERDATA, f) == CURLE_OK &&
                    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, f->error) == CURLE_OK;

        if (good)
                good = set_up_ca(e, c);
        if (good && c->certificate)
                good = curl_easy_setopt(e, CURLOPT_SSLCERT, c->certificate) == CURLE_OK &&
                       curl_easy_setopt(e, CURLOPT_SSLKEY, c->key) == CURLE_OK;
        return good ? 0 : -EIO;
}

static int set_up_multi(Fetch *f)
{
        return curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
                               curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f) == CURLM_OK &&
                               curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, on_timer) ==
                                       CURLM_OK &&
                               curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f) == CURLM_OK &&
                               curl_multi_setopt(f->multi, CURLMOPT_MAXCONNECTS, 1L) == CURLM_OK
                       ? 0
                       : -EIO;
}

int fetch_new(sd_event *event, const FleetDocuments *config, Fetch **ret)
{
        _cleanup_(fetch_free_p) Fetch *f = calloc(1, sizeof(*f));
        int r;

        if (!f)
                return -ENOMEM;
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                return -EIO;
        f->event = sd_event_ref(event);
        f->config = config;
        r = sd_event_add_time(event, &f->timer, CLOCK_MONOTONIC, UINT64_MAX, 1000, on_time, f);
        if (r >= 0)
                r = sd_event_source_set_enabled(f->timer, SD_EVENT_OFF);
        if (r >= 0)
                r = sd_event_add_defer(event, &f->finish, on_finish, f);
        if (r >= 0)
                r = sd_event_source_set_enabled(f->finish, SD_EVENT_OFF);
        if (r < 0)
                return r;
        f->multi = curl_multi_init();
        f->easy = curl_easy_init();
        if (!f->multi || !f->easy)
                return -ENOMEM;
        r = set_up_multi(f);
        if (r >= 0)
                r = set_up_easy(f);
        if (r >= 0)
                *ret = TAKE_PTR(f);
        return r;
}

Fetch *fetch_free(Fetch *f)
{
        if (!f)
                return NULL;
        if (f->running)
                curl_multi_remove_handle(f->multi, f->easy);
        curl_easy_cleanup(f->easy);
        curl_multi_cleanup(f->multi);
        curl_slist_free_all(f->headers);
        while (f->sockets)
                socket_forget(f, f->sockets);
        sd_event_source_disable_unref(f->timer);
        sd_event_source_disable_unref(f->finish);
        sd_event_unref(f->event);
        buffer_deinit(&f->body);
        free(f);
        return NULL;
}

/* ---- fetching ---- */

static int set_condition(Fetch *f)
{
        char line[ETAG_MAX + 32];

        curl_slist_free_all(f->headers);
        f->headers = NULL;
        if (f->conditional && f->etag[0]) {
                (void)snprintf(line, sizeof(line), "If-None-Match: %s", f->etag);
                f->headers = curl_slist_append(NULL, line);
                if (!f->headers)
                        return -ENOMEM;
        }
        return curl_easy_setopt(f->easy, CURLOPT_HTTPHEADER, f->headers) == CURLE_OK ? 0 : -EIO;
}

int fetch_begin(Fetch *f, const FetchWhat *what, FetchDone done, void *data)
{
        _cleanup_free_ char *url = NULL;
        int r;

        if (f->running)
                return -EBUSY;
        if (asprintf(&url, "%s%s", f->config->url, what->name) < 0) {
                url = NULL;
                return -ENOMEM;
        }
        f->conditional = what->conditional;
        r = set_condition(f);
        if (r < 0)
                return r;
        f->max = what->max;
        f->header_bytes = f->page_bytes = 0;
        f->too_long = false;
        f->error[0] = f->new_etag[0] = '\0';
        if (curl_easy_setopt(f->easy, CURLOPT_URL, url) != CURLE_OK)
                return -EIO;
        f->done = done;
        f->data = data;
        if (curl_multi_add_handle(f->multi, f->easy) != CURLM_OK)
                return -EIO;
        f->running = true;
        return 0;
}

void fetch_forget(Fetch *f)
{
        f->etag[0] = '\0';
}
