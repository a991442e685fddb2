/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Documents of a web server for p25-fleet, and fleet.conf. The first byte says which: a manifest
 * (one that is taken is printed and taken again), a signature, a compressed part, a delta, a
 * serial, a configuration.
 */

#include "daemon/fleet/config.h"
#include "daemon/fleet/delta.h"
#include "daemon/fleet/gzip.h"
#include "daemon/fleet/manifest.h"

#include <errno.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void expect(bool ok, const char *what)
{
        if (!ok) {
                fprintf(stderr, "%s\n", what);
                abort();
        }
}

static void try_manifest(const char *text)
{
        _cleanup_(manifest_free_p) Manifest *m = NULL, *again = NULL;
        _cleanup_free_ char *reason = NULL, *printed = NULL, *second = NULL;
        int r = manifest_parse(text, &m, &reason);

        expect(r == 0 || (r == -EINVAL && reason && !m), "taken, or refused with a reason");
        if (r < 0)
                return;
        expect(m->n_parts <= MANIFEST_PARTS_MAX && m->serial > 0, "bounds");
        for (size_t i = 0; i < m->n_parts; i++)
                expect(fleet_name_is_valid(m->parts[i].name) &&
                                m->parts[i].file.size <= FLEET_SET_BYTES_MAX,
                        "names and sizes are good");
        expect(manifest_print(m, &printed) == 0, "print");
        expect(manifest_parse(printed, &again, &reason) == 0, "what is printed is taken");
        expect(manifest_print(again, &second) == 0 && streq(printed, second), "and the same");
}

static void try_signature(const char *text, size_t n)
{
        static const uint8_t zero[32];
        PublicKey key = { 0 };
        SecretKey secret;
        const char *reason = NULL;

        expect(signature_check(text, n, (Signed){ zero, 1 }, &key, 1, &reason) < 0 && reason,
                "nobody signs by chance");
        (void)secret_key_parse(text, n, NULL, &secret);
        (void)public_key_parse(text, &key);
}

static void try_gzip(const char *text, size_t n)
{
        _cleanup_free_ char *content = NULL;

        (void)gzip_unpack(text, n, 1000, &content);
}

static void try_delta(const char *text)
{
        static const char base[] = "192.0.2.1\n192.0.2.2\n2001:db8::1\n";
        _cleanup_free_ char *after = NULL, *back = NULL, *delta = NULL;
        size_t n;

        if (set_delta_apply(base, text, &after, &n) < 0)
                return;
        expect(set_delta_make(after, base, &delta, &n) == 0, "the way back");
        expect(set_delta_apply(after, delta, &back, &n) == 0 && streq(back, base), "leads back");
}

static void try_config(const char *text, size_t n)
{
        _cleanup_(fleet_config_free_p) FleetConfig *c = NULL;
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        int r = fleet_config_parse(text, n, "f", &d, &c);

        expect(r == 0 || d.n_errors > 0, "an error is reported");
        expect(r < 0 || c->host, "a host has a name");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
        _cleanup_free_ char *text = NULL;
        uint64_t serial;

        if (n == 0 || crypto_start() < 0)
                return 0;
        text = strndup((const char *)data + 1, n - 1);
        expect(text != NULL, "memory");
        switch (data[0]) {
        case 'm':
                try_manifest(text);
                break;
        case 's':
                try_signature(text, strlen(text));
                break;
        case 'g':
                try_gzip((const char *)data + 1, n - 1);
                break;
        case 'd':
                try_delta(text);
                break;
        case 'n':
                (void)manifest_current_parse((const char *)data + 1, n - 1, &serial);
                break;
        default:
                try_config(text, strlen(text));
        }
        return 0;
}
