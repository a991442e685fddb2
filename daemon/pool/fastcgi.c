/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The records are those of "FastCGI Specification", Open Market 1996, section 8. */

#include "daemon/pool/fastcgi.h"

#include <errno.h>

#define VERSION 1
#define REQUEST_ID 1
#define RESPONDER 1
#define PATH_LENGTH_MAX 127 /* lengths up to this take one byte */

enum { BEGIN_REQUEST = 1, END_REQUEST = 3, PARAMETERS = 4, INPUT = 5, OUTPUT = 6, ERRORS = 7 };

/* ---- the request ---- */

static void record_add(Buffer *b, uint8_t type, const void *content, size_t n)
{
        const uint8_t header[8] = { VERSION, type, REQUEST_ID >> 8, REQUEST_ID & 0xff,
                (uint8_t)(n >> 8), (uint8_t)n, 0, 0 };

        buffer_add(b, header, sizeof(header));
        if (n > 0)
                buffer_add(b, content, n);
}

static void parameter_add(Buffer *b, const char *name, const char *value)
{
        buffer_add_char(b, (char)strlen(name));
        buffer_add_char(b, (char)strlen(value));
        buffer_add_string(b, name);
        buffer_add_string(b, value);
}

int fastcgi_request(const char *path, Buffer *b)
{
        static const uint8_t begin[8] = { RESPONDER >> 8, RESPONDER & 0xff };
        _cleanup_buffer_ Buffer parameters = { 0 };

        if (strlen(path) > PATH_LENGTH_MAX)
                return -ENAMETOOLONG;
        parameter_add(&parameters, "REQUEST_METHOD", "GET");
        parameter_add(&parameters, "SCRIPT_NAME", path);
        parameter_add(&parameters, "SCRIPT_FILENAME", path);
        parameter_add(&parameters, "REQUEST_URI", path);
        parameter_add(&parameters, "QUERY_STRING", "full&json");
        if (parameters.failed)
                return -ENOMEM;
        record_add(b, BEGIN_REQUEST, begin, sizeof(begin));
        record_add(b, PARAMETERS, parameters.data, parameters.length);
        record_add(b, PARAMETERS, NULL, 0);
        record_add(b, INPUT, NULL, 0);
        return b->failed ? -ENOMEM : 0;
}

/* ---- the answer ---- */

static int header_take(FastcgiAnswer *a)
{
        const uint8_t *h = a->header;

        if (h[0] != VERSION || (h[2] << 8 | h[3]) != REQUEST_ID)
                return -EBADMSG;
        a->content_left = (size_t)(h[4] << 8 | h[5]);
        a->padding_left = h[6];
        switch (h[1]) {
        case OUTPUT:
        case ERRORS:
                return 0;
        case END_REQUEST:
                return 1;
        default:
                return -EBADMSG;
        }
}

/* So many of the n bytes belong to the record's content. */
static int content_take(FastcgiAnswer *a, const uint8_t *data, size_t n)
{
        if (a->header[1] != OUTPUT)
                return 0;
        if (a->output.length + n > FASTCGI_OUTPUT_MAX)
                return -EFBIG;
        buffer_add(&a->output, data, n);
        return a->output.failed ? -ENOMEM : 0;
}

static size_t smaller(size_t a, size_t b)
{
        return a < b ? a : b;
}

int fastcgi_feed(FastcgiAnswer *a, const uint8_t *data, size_t n)
{
        size_t part;
        int r = 0;

        for (; n > 0 && r == 0; data += part, n -= part) {
                if (a->content_left > 0) {
                        part = smaller(n, a->content_left);
                        r = content_take(a, data, part);
                        a->content_left -= part;
                } else if (a->padding_left > 0) {
                        part = smaller(n, a->padding_left);
                        a->padding_left -= part;
                } else {
                        part = smaller(n, sizeof(a->header) - a->header_length);
                        memcpy(a->header + a->header_length, data, part);
                        a->header_length += part;
                        if (a->header_length < sizeof(a->header))
                                continue;
                        a->header_length = 0;
                        r = header_take(a);
                }
        }
        return r;
}

void fastcgi_answer_deinit(FastcgiAnswer *a)
{
        buffer_deinit(&a->output);
}
