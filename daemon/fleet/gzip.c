/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/fleet/gzip.h"

#include <errno.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* zlib.h: 16 for gzip's header */

int gzip_pack(const void *data, size_t n, char **ret, size_t *ret_n)
{
        _cleanup_free_ char *packed = NULL;
        z_stream z = { 0 };
        uLong room;
        int r;

        if (n > UINT32_MAX || deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8,
                                      Z_DEFAULT_STRATEGY) != Z_OK)
                return -ENOMEM;
        room = deflateBound(&z, (uLong)n);
        packed = malloc(room + 1);
        if (!packed) {
                deflateEnd(&z);
                return -ENOMEM;
        }
        z.next_in = (Bytef *)(uintptr_t)data;
        z.avail_in = (uInt)n;
        z.next_out = (Bytef *)packed;
        z.avail_out = (uInt)room;
        r = deflate(&z, Z_FINISH);
        deflateEnd(&z);
        if (r != Z_STREAM_END)
                return -ENOMEM;
        *ret_n = z.total_out;
        *ret = TAKE_PTR(packed);
        return 0;
}

static int result_of(int r, const z_stream *z, size_t size)
{
        if (r == Z_MEM_ERROR)
                return -ENOMEM;
        if (z->total_out > size)
                return -EFBIG;
        if (r != Z_STREAM_END || z->avail_in > 0)
                return -EBADMSG;
        return z->total_out < size ? -ENODATA : 0;
}

int gzip_unpack(const void *packed, size_t n, size_t size, char **ret)
{
        _cleanup_free_ char *data = malloc(size + 2);
        z_stream z = { 0 };
        int r;

        if (!data || n > UINT32_MAX || size > UINT32_MAX - 2)
                return -ENOMEM;
        if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
                return -ENOMEM;
        z.next_in = (Bytef *)(uintptr_t)packed;
        z.avail_in = (uInt)n;
        z.next_out = (Bytef *)data;
        /* one more than may come: what is longer is seen to be */
        z.avail_out = (uInt)size + 1;
        r = result_of(inflate(&z, Z_FINISH), &z, size);
        inflateEnd(&z);
        if (r < 0)
                return r;
        data[size] = '\0';
        *ret = TAKE_PTR(data);
        return 0;
}
