/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Addresses and prefixes: what is taken is what the C library takes (but mapped addresses), and its
 * text gives the same prefix again; a refused text has a reason and leaves the result unchanged.
 */

#include "rules/address/address.h"
#include "rules/address/family.h"
#include "rules/base/text.h"

#include <arpa/inet.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void expect(bool ok, const char *what)
{
        if (!ok) {
                fprintf(stderr, "%s\n", what);
                abort();
        }
}

/* As the C library has it: 4, 6, or 0 for no address. */
static unsigned libc_parse(const char *text, size_t n, uint8_t bytes[static 16])
{
        char copy[INET6_ADDRSTRLEN] = "";

        memset(bytes, 0, 16);
        if (n >= sizeof(copy) || memchr(text, '\0', n))
                return 0;
        memcpy(copy, text, n);
        if (inet_pton(AF_INET, copy, bytes) == 1)
                return 4;
        return inet_pton(AF_INET6, copy, bytes) == 1 ? 6 : 0;
}

static void check_address(const char *text, size_t n)
{
        const char *reason = NULL;
        Address a = { .family = FAMILY_IPV6, .bytes = { 77 } }, again;
        char buffer[ADDRESS_TEXT_MAX];
        uint8_t bytes[16];
        unsigned family = libc_parse(text, n, bytes);

        if (address_parse(text, n, &a, &reason) < 0) {
                expect(reason && text_is_printable(reason), "reason");
                expect(a.family == FAMILY_IPV6 && a.bytes[0] == 77, "untouched");
                expect(family == 0 || strstr(reason, "IPv4-mapped"), "the C library takes it");
                return;
        }
        expect((unsigned)a.family == family, "the C library refuses it");
        expect(memcmp(a.bytes, bytes, sizeof(bytes)) == 0, "same as the C library");
        address_format(&a, buffer);
        expect(address_parse(buffer, strlen(buffer), &again, &reason) == 0, buffer);
        expect(address_compare(&a, &again) == 0, "the same again");
}

static void check_prefix(const char *text, size_t n)
{
        const char *reason = NULL;
        char buffer[ADDRESS_TEXT_MAX];
        Prefix p = { .bits = 77 }, again;
        bool host_bits = true;

        if (prefix_parse(text, n, &p, &host_bits, &reason) < 0) {
                expect(reason && text_is_printable(reason), "reason");
                expect(p.bits == 77 && host_bits, "untouched");
                return;
        }
        expect(p.bits <= family_bits(p.address.family), "length");
        expect(prefix_contains(&p, &p.address), "a prefix contains its network");
        prefix_format(&p, buffer);
        expect(strlen(buffer) < ADDRESS_TEXT_MAX, "room");
        expect(prefix_parse(buffer, strlen(buffer), &again, &host_bits, &reason) == 0, buffer);
        expect(prefix_compare(&p, &again) == 0 && !host_bits, "the same again");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        /* exactly as long as the text, so that a sanitizer sees what is read beyond */
        _cleanup_free_ char *text = malloc(n ?: 1);

        if (!text)
                return 0;
        if (n > 0)
                memcpy(text, data, n);
        check_address(text, n);
        check_prefix(text, n);
        return 0;
}
