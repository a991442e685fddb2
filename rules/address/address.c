/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Texts to addresses and back (address.h). Asks no resolver and knows no interfaces. */

#include "rules/address/address.h"

#include "rules/address/family.h"

#include <errno.h>

static const char no_quad[] = "not a valid address (IPv4: four decimal numbers from 0 to 255, "
                              "as in 192.0.2.1)";

uint32_t address_to_ipv4(const Address *a)
{
        return (uint32_t)a->bytes[0] << 24 | (uint32_t)a->bytes[1] << 16 |
               (uint32_t)a->bytes[2] << 8 | a->bytes[3];
}

Address address_from_ipv4(uint32_t host_order)
{
        return (Address){ .family = FAMILY_IPV4,
                .bytes = { (uint8_t)(host_order >> 24), (uint8_t)(host_order >> 16),
                        (uint8_t)(host_order >> 8), (uint8_t)host_order } };
}

int address_compare(const Address *a, const Address *b)
{
        if (a->family != b->family)
                return a->family < b->family ? -1 : 1;
        return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

int prefix_compare(const Prefix *a, const Prefix *b)
{
        int r = address_compare(&a->address, &b->address);

        return r != 0 ? r : (int)a->bits - (int)b->bits;
}

bool ipv6_mask(uint8_t bytes[static 16], unsigned bits)
{
        uint8_t rest = 0;

        for (unsigned i = bits / 8; i < 16; i++) {
                uint8_t keep = i == bits / 8 ? (uint8_t)(0xff00u >> bits % 8) : 0;

                rest |= (uint8_t)(bytes[i] & ~keep);
                bytes[i] &= keep;
        }
        return rest != 0;
}

Prefix prefix_shorten(const Prefix *p, uint8_t bits)
{
        Prefix q = { p->address, bits };

        /* an IPv4 address lies in the first bytes, the rest of which is zero: one mask for both */
        ipv6_mask(q.address.bytes, bits);
        return q;
}

bool prefix_contains(const Prefix *p, const Address *a)
{
        Prefix around = prefix_shorten(&(Prefix){ .address = *a }, p->bits);

        return prefix_compare(&around, p) == 0;
}

/* ---- text to address ---- */

size_t ipv4_scan(const char *text, size_t n, uint32_t *ret)
{
        uint32_t address = 0;
        size_t i = 0;

        for (unsigned part = 0; part < 4; part++) {
                unsigned value, digits = 1;

                if (part > 0 && (i >= n || text[i++] != '.'))
                        return 0;
                if (i >= n || (value = (unsigned)text[i] - '0') > 9)
                        return 0;
                for (i++; i < n && (unsigned)text[i] - '0' <= 9; i++, digits++) {
                        value = 10 * value + ((unsigned)text[i] - '0');
                        if (digits >= 3)
                                return 0;
                }
                if (value > 255 || (digits > 1 && text[i - digits] == '0'))
                        return 0;
                address = address << 8 | value;
        }
        *ret = address;
        return i;
}

size_t ipv4_prefix_scan(const char *text, size_t n, uint32_t *ret, uint8_t *ret_bits)
{
        size_t i = ipv4_scan(text, n, ret);
        unsigned bits = 32;

        if (i == 0)
                return 0;
        if (i + 1 < n && text[i] == '/') {
                bits = (unsigned)text[++i] - '0';
                if (bits > 9)
                        return 0;
                i++;
                if (bits > 0 && i < n && (unsigned)text[i] - '0' <= 9)
                        bits = 10 * bits + ((unsigned)text[i++] - '0');
        }
        if (bits > 32 || (bits < 32 && *ret << bits != 0))
                return 0;
        *ret_bits = (uint8_t)bits;
        return i;
}

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Some number of a dotted text begins with a zero that is not all of it. */
static bool has_leading_zero(const char *text, size_t n)
{
        for (size_t i = 0; i + 1 < n; i++)
                if (text[i] == '0' && is_digit(text[i + 1]) && (i == 0 || text[i - 1] == '.'))
                        return true;
        return false;
}

/* The reason why a text is not an address, by what the user may have meant. */
static const char *refusal_reason(const char *text, size_t n)
{
        bool letters = false, dots = false;
        size_t colons = 0;

        for (size_t i = 0; i < n; i++) {
                if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
                        return "an address cannot contain white space or control characters";
                letters = letters || is_letter(text[i]);
                dots = dots || text[i] == '.';
                colons += text[i] == ':';
        }
        if (n == 0)
                return "an address is missing";
        if (memchr(text, '/', n))
                return "must be an address, not a prefix";
        if (memchr(text, '%', n))
                return "zone ids are not accepted; leave it out and name the interface with `on "
                       "IFACE`";
        if (text[0] == '[')
                return "write an IPv6 address without brackets";
        if (colons == 1 && dots && !letters)
                return "write an address without a port; name the port with `port P`";
        if (colons >= 2)
                return "not a valid IPv6 address (eight groups of hexadecimal digits, `::` for a "
                       "run of zeros, as in 2001:db8::1)";
        if (letters)
                return "host names are not accepted here; use an address (DNS answers change)";
        if (memchr(text, '-', n))
                return "ranges are not accepted; write prefixes, as in 192.0.2.0/24";
        if (has_leading_zero(text, n))
                return "leading zeros are not accepted (some programs read them as octal); write "
                       "10, not 010";
        return no_quad;
}

static int hex_value(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        c |= 0x20;
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Up to four hexadecimal digits at text + *i; false if there are none, or more. */
static bool group_scan(const char *text, size_t n, size_t *i, unsigned *ret)
{
        size_t start = *i;
        unsigned value = 0;
        int digit;

        for (; *i < n && (digit = hex_value(text[*i])) >= 0; (*i)++)
                value = value << 4 | (unsigned)digit;
        *ret = value;
        return *i > start && *i - start <= 4;
}

/* RFC 4291 section 2.2, all three forms. Not inet_pton(), which needs a terminated copy and is slow
 * for millions. */
static bool ipv6_scan(const char *text, size_t n, uint8_t ret[static 16])
{
        uint8_t bytes[16] = { 0 };
        size_t at = 0, i = 0, gap = SIZE_MAX; /* the bytes filled, and where "::" stands in them */

        if (n >= 2 && text[0] == ':' && text[1] == ':') {
                gap = 0;
                i = 2;
        }
        while (i < n) {
                size_t start = i;
                unsigned group;
                uint32_t quad;

                if (at == 16 || !group_scan(text, n, &i, &group))
                        return false;
                if (i < n && text[i] == '.') {
                        if (at > 12 || ipv4_scan(text + start, n - start, &quad) != n - start)
                                return false;
                        for (int shift = 24; shift >= 0; shift -= 8)
                                bytes[at++] = (uint8_t)(quad >> shift);
                        break;
                }
                bytes[at++] = (uint8_t)(group >> 8);
                bytes[at++] = (uint8_t)group;
                if (i == n)
                        break;
                if (text[i++] != ':' || i == n)
                        return false;
                if (text[i] == ':') {
                        if (gap != SIZE_MAX)
                                return false;
                        gap = at;
                        i++;
                }
        }
        if (gap == SIZE_MAX ? at != 16 : at == 16)
                return false;
        if (gap != SIZE_MAX) {
                memcpy(ret, bytes, gap);
                memset(ret + gap, 0, 16 - at);
                memcpy(ret + 16 - (at - gap), bytes + gap, at - gap);
        } else {
                memcpy(ret, bytes, 16);
        }
        return true;
}

static int ipv6_parse(const char *text, size_t n, Address *ret, const char **ret_reason)
{
        static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
        Address a = { .family = FAMILY_IPV6 };

        if (!ipv6_scan(text, n, a.bytes)) {
                *ret_reason = refusal_reason(text, n);
                return -EINVAL;
        }
        if (memcmp(a.bytes, mapped, sizeof(mapped)) == 0) {
                *ret_reason = "IPv4-mapped addresses are not accepted; write the IPv4 address, as "
                              "in 192.0.2.1";
                return -EINVAL;
        }
        *ret = a;
        return 0;
}

int address_parse(const char *text, size_t n, Address *ret, const char **ret_reason)
{
        uint32_t ipv4;

        if (n > 0 && ipv4_scan(text, n, &ipv4) == n) {
                *ret = address_from_ipv4(ipv4);
                return 0;
        }
        if (n > 0 && memchr(text, ':', n))
                return ipv6_parse(text, n, ret, ret_reason);
        *ret_reason = refusal_reason(text, n);
        return -EINVAL;
}

/* The number behind the slash, or the reason why it is not valid. */
static int bits_parse(
        const char *text, size_t n, Family family, uint8_t *ret, const char **ret_reason)
{
        unsigned bits = 0;

        *ret_reason = family == FAMILY_IPV4 ? "the length of an IPv4 prefix must be 0 to 32"
                                            : "the length of an IPv6 prefix must be 0 to 128";
        if (n > 0 && (memchr(text, '.', n) || memchr(text, ':', n))) {
                *ret_reason =
                        "netmasks are not accepted; write the prefix length, as in 10.0.0.0/8";
                return -EINVAL;
        }
        if (n == 0 || n > 3 || (n > 1 && text[0] == '0'))
                return -EINVAL;
        for (size_t i = 0; i < n; i++) {
                if (!is_digit(text[i]))
                        return -EINVAL;
                bits = 10 * bits + (unsigned)(text[i] - '0');
        }
        if (bits > family_bits(family))
                return -EINVAL;
        *ret = (uint8_t)bits;
        return 0;
}

int prefix_parse(
        const char *text, size_t n, Prefix *ret, bool *ret_host_bits, const char **ret_reason)
{
        const char *slash;
        size_t length;
        uint32_t ipv4;
        Prefix p;
        int r;

        if (n > 0 && ipv4_prefix_scan(text, n, &ipv4, &p.bits) == n) {
                *ret = (Prefix){ address_from_ipv4(ipv4), p.bits };
                *ret_host_bits = false;
                return 0;
        }
        slash = n > 0 ? memchr(text, '/', n) : NULL;
        length = slash ? (size_t)(slash - text) : n;
        r = address_parse(text, length, &p.address, ret_reason);
        if (r < 0)
                return r;
        p.bits = (uint8_t)family_bits(p.address.family);
        if (slash) {
                r = bits_parse(slash + 1, n - length - 1, p.address.family, &p.bits, ret_reason);
                if (r < 0)
                        return r;
        }
        *ret_host_bits = ipv6_mask(p.address.bytes, p.bits);
        *ret = p;
        return 0;
}

/* ---- address to text ---- */

size_t ipv4_write(uint32_t host_order, char *buffer)
{
        char *p = buffer;

        for (int shift = 24; shift >= 0; shift -= 8) {
                unsigned value = host_order >> shift & 0xff;

                if (value >= 100)
                        *p++ = (char)('0' + value / 100);
                if (value >= 10)
                        *p++ = (char)('0' + value / 10 % 10);
                *p++ = (char)('0' + value % 10);
                if (shift > 0)
                        *p++ = '.';
        }
        return (size_t)(p - buffer);
}

/* The longest run of two or more zero groups, the first of equal ones (RFC 5952 section 4.2). */
static void find_zero_run(const unsigned groups[static 8], size_t *ret_start, size_t *ret_length)
{
        size_t start = 8, length = 1;

        for (size_t i = 0; i < 8;) {
                size_t j = i;

                while (j < 8 && groups[j] == 0)
                        j++;
                if (j - i > length) {
                        start = i;
                        length = j - i;
                }
                i = j + 1;
        }
        *ret_start = start;
        *ret_length = length;
}

static char *group_write(unsigned group, char *p)
{
        bool begun = false;

        for (int shift = 12; shift >= 0; shift -= 4) {
                unsigned digit = group >> shift & 0xf;

                if (digit == 0 && !begun && shift > 0)
                        continue;
                begun = true;
                *p++ = "0123456789abcdef"[digit];
        }
        return p;
}

/* Not inet_ntop(): it writes ::/96 with a dotted quad, and is slow for millions. */
static size_t ipv6_write(const uint8_t bytes[static 16], char *buffer)
{
        unsigned groups[8];
        size_t start, length;
        char *p = buffer;

        for (size_t i = 0; i < 8; i++)
                groups[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
        find_zero_run(groups, &start, &length);
        for (size_t i = 0; i < 8; i++) {
                if (i == start) {
                        *p++ = ':';
                        *p++ = ':';
                        i += length - 1;
                        continue;
                }
                if (i > 0 && p[-1] != ':')
                        *p++ = ':';
                p = group_write(groups[i], p);
        }
        return (size_t)(p - buffer);
}

const char *address_format(const Address *a, char buffer[static ADDRESS_TEXT_MAX])
{
        size_t n = a->family == FAMILY_IPV4 ? ipv4_write(address_to_ipv4(a), buffer)
                                            : ipv6_write(a->bytes, buffer);

        buffer[n] = '\0';
        return buffer;
}

const char *prefix_format(const Prefix *p, char buffer[static ADDRESS_TEXT_MAX])
{
        char *end;

        address_format(&p->address, buffer);
        if (p->bits == family_bits(p->address.family))
                return buffer;
        end = buffer + strlen(buffer);
        *end++ = '/';
        if (p->bits >= 100)
                *end++ = '1';
        if (p->bits >= 10)
                *end++ = (char)('0' + p->bits / 10 % 10);
        *end++ = (char)('0' + p->bits % 10);
        *end = '\0';
        return buffer;
}
