/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The formats of minisign over the primitives of libsodium. A text is taken apart into lines first;
 * every line must be there, be as long as it must be, and nothing may follow.
 */

#include "daemon/fleet/crypto.h"

#include "rules/base/buffer.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#define UNTRUSTED "untrusted comment: "
#define TRUSTED "trusted comment: "
#define COMMENT_MAX 1024

typedef struct __attribute__((packed)) SignatureBytes {
        char algorithm[2]; /* "Ed", "ED" */
        uint8_t id[8];
        uint8_t signature[crypto_sign_BYTES];
} SignatureBytes;

typedef struct __attribute__((packed)) PublicBytes {
        char algorithm[2]; /* "Ed" */
        uint8_t id[8];
        uint8_t key[crypto_sign_PUBLICKEYBYTES];
} PublicBytes;

typedef struct __attribute__((packed)) SecretBytes {
        char algorithm[2];
        char derivation[2]; /* "Sc", or two NUL: no password */
        char checksum[2];   /* "B2" */
        uint8_t salt[crypto_pwhash_scryptsalsa208sha256_SALTBYTES];
        uint8_t opslimit[8], memlimit[8]; /* little endian */
        struct __attribute__((packed)) SecretPart {
                uint8_t id[8];
                uint8_t key[crypto_sign_SECRETKEYBYTES];
                uint8_t check[crypto_generichash_BYTES];
        } secret; /* XORed with the derived stream */
} SecretBytes;

int crypto_start(void)
{
        return sodium_init() < 0 ? -EIO : 0;
}

static uint64_t read_le64(const uint8_t b[static 8])
{
        uint64_t n = 0;

        for (size_t i = 8; i-- > 0;)
                n = n << 8 | b[i];
        return n;
}

/* ---- lines ---- */

typedef struct Lines {
        const char *at, *end;
} Lines;

typedef struct Line {
        const char *text;
        size_t n;
} Line;

/* The next line without its end, which may be \n or \r\n. */
static bool line_next(Lines *l, Line *ret)
{
        const char *end;

        if (l->at >= l->end)
                return false;
        end = memchr(l->at, '\n', (size_t)(l->end - l->at));
        *ret = (Line){ l->at, (size_t)((end ?: l->end) - l->at) };
        l->at = end ? end + 1 : l->end;
        if (ret->n > 0 && ret->text[ret->n - 1] == '\r')
                ret->n--;
        return true;
}

static bool line_skip(const Line *l, const char *prefix, Line *ret)
{
        size_t n = strlen(prefix);

        if (l->n < n || memcmp(l->text, prefix, n) != 0)
                return false;
        *ret = (Line){ l->text + n, l->n - n };
        return true;
}

/* Exactly n bytes of standard base64. */
static bool line_decode(const Line *l, void *ret, size_t n)
{
        size_t got;

        return sodium_base642bin(ret, n, l->text, l->n, NULL, &got, NULL,
                       sodium_base64_VARIANT_ORIGINAL) == 0 &&
               got == n;
}

/* ---- public keys ---- */

int public_key_parse(const char *text, PublicKey *ret)
{
        Line line = { text, strlen(text) };
        PublicBytes bytes;

        if (!line_decode(&line, &bytes, sizeof(bytes)) || memcmp(bytes.algorithm, "Ed", 2) != 0)
                return -EINVAL;
        memcpy(ret->id, bytes.id, sizeof(ret->id));
        memcpy(ret->key, bytes.key, sizeof(ret->key));
        return 0;
}

const char *key_id_format(const uint8_t id[static 8], char buffer[static KEY_ID_TEXT_MAX])
{
        (void)snprintf(buffer, KEY_ID_TEXT_MAX, "%" PRIX64, read_le64(id));
        return buffer;
}

/* ---- checking ---- */

typedef struct SignatureText {
        SignatureBytes bytes;
        Line comment; /* the trusted one, without its name */
        uint8_t global[crypto_sign_BYTES];
} SignatureText;

static bool signature_parse(const char *text, size_t n, SignatureText *ret)
{
        Lines lines = { text, text + n };
        Line line, rest;

        return n <= SIGNATURE_BYTES_MAX && line_next(&lines, &line) &&
               line_skip(&line, UNTRUSTED, &rest) && line_next(&lines, &line) &&
               line_decode(&line, &ret->bytes, sizeof(ret->bytes)) && line_next(&lines, &line) &&
               line_skip(&line, TRUSTED, &ret->comment) && ret->comment.n <= COMMENT_MAX &&
               line_next(&lines, &line) && line_decode(&line, ret->global, sizeof(ret->global)) &&
               lines.at == lines.end;
}

static bool check_data(const SignatureBytes *s, Signed data, const PublicKey *key)
{
        uint8_t hash[crypto_generichash_BYTES_MAX];

        if (s->algorithm[1] == 'd')
                return crypto_sign_verify_detached(s->signature, data.data, data.n, key->key) == 0;
        crypto_generichash(hash, sizeof(hash), data.data, data.n, NULL, 0);
        return crypto_sign_verify_detached(s->signature, hash, sizeof(hash), key->key) == 0;
}

static bool check_comment(const SignatureText *s, const PublicKey *key)
{
        uint8_t text[crypto_sign_BYTES + COMMENT_MAX];

        memcpy(text, s->bytes.signature, crypto_sign_BYTES);
        memcpy(text + crypto_sign_BYTES, s->comment.text, s->comment.n);
        return crypto_sign_verify_detached(
                       s->global, text, crypto_sign_BYTES + s->comment.n, key->key) == 0;
}

int signature_check(const char *text, size_t n, Signed data, const PublicKey *keys, size_t n_keys,
        const char **ret_reason)
{
        const PublicKey *key = NULL;
        SignatureText s;

        if (!signature_parse(text, n, &s)) {
                *ret_reason = "it is not a signature of minisign";
                return -EBADMSG;
        }
        if (memcmp(s.bytes.algorithm, "Ed", 2) != 0 && memcmp(s.bytes.algorithm, "ED", 2) != 0) {
                *ret_reason = "its algorithm is not Ed25519";
                return -EBADMSG;
        }
        for (size_t i = 0; i < n_keys; i++)
                if (memcmp(keys[i].id, s.bytes.id, sizeof(s.bytes.id)) == 0)
                        key = &keys[i];
        if (!key) {
                *ret_reason = "it was made with a key that fleet.conf does not have";
                return -EBADMSG;
        }
        if (!check_data(&s.bytes, data, key)) {
                *ret_reason = "it is not a signature of this text";
                return -EBADMSG;
        }
        if (!check_comment(&s, key)) {
                *ret_reason = "its trusted comment was changed";
                return -EBADMSG;
        }
        return 0;
}

/* ---- secret keys ---- */

/* Takes the password off. */
static int secret_decrypt(SecretBytes *b, const char *password)
{
        uint8_t stream[sizeof(b->secret)], *secret = (uint8_t *)&b->secret;

        if (memcmp(b->derivation, "\0\0", 2) == 0)
                return 0;
        if (memcmp(b->derivation, "Sc", 2) != 0 || read_le64(b->memlimit) > UINT64_C(2) << 30 ||
                read_le64(b->opslimit) > UINT64_C(1) << 28)
                return -EINVAL;
        if (!password)
                return -ENOKEY;
        if (crypto_pwhash_scryptsalsa208sha256(stream, sizeof(stream), password, strlen(password),
                    b->salt, read_le64(b->opslimit), (size_t)read_le64(b->memlimit)) != 0)
                return -ENOMEM;
        for (size_t i = 0; i < sizeof(stream); i++)
                secret[i] ^= stream[i];
        sodium_memzero(stream, sizeof(stream));
        return 0;
}

/* minisign's checksum: BLAKE2b of algorithm, id and key. A key without password has none, but its
 * second half follows from its first. */
static bool secret_is_whole(const SecretBytes *b)
{
        uint8_t check[crypto_generichash_BYTES], public[crypto_sign_PUBLICKEYBYTES];
        uint8_t key[crypto_sign_SECRETKEYBYTES];
        crypto_generichash_state state;
        bool same;

        if (memcmp(b->derivation, "\0\0", 2) == 0) {
                crypto_sign_seed_keypair(public, key, b->secret.key);
                same = sodium_memcmp(key, b->secret.key, sizeof(key)) == 0;
                sodium_memzero(key, sizeof(key));
                return same;
        }
        crypto_generichash_init(&state, NULL, 0, sizeof(check));
        crypto_generichash_update(&state, (const uint8_t *)b->algorithm, sizeof(b->algorithm));
        crypto_generichash_update(&state, b->secret.id, sizeof(b->secret.id));
        crypto_generichash_update(&state, b->secret.key, sizeof(b->secret.key));
        crypto_generichash_final(&state, check, sizeof(check));
        return sodium_memcmp(check, b->secret.check, sizeof(check)) == 0;
}

int secret_key_parse(const char *text, size_t n, const char *password, SecretKey *ret)
{
        Lines lines = { text, text + n };
        SecretBytes bytes;
        Line line, rest;
        int r;

        if (!line_next(&lines, &line) || !line_skip(&line, UNTRUSTED, &rest) ||
                !line_next(&lines, &line) || !line_decode(&line, &bytes, sizeof(bytes)) ||
                lines.at != lines.end || memcmp(bytes.algorithm, "Ed", 2) != 0 ||
                memcmp(bytes.checksum, "B2", 2) != 0)
                return -EINVAL;
        r = secret_decrypt(&bytes, password);
        if (r >= 0 && !secret_is_whole(&bytes))
                r = password ? -EACCES : -EINVAL;
        if (r >= 0) {
                memcpy(ret->id, bytes.secret.id, sizeof(ret->id));
                memcpy(ret->key, bytes.secret.key, sizeof(ret->key));
        }
        sodium_memzero(&bytes, sizeof(bytes));
        return r;
}

void secret_key_deinit(SecretKey *k)
{
        sodium_memzero(k, sizeof(*k));
}

void secret_key_public(const SecretKey *k, PublicKey *ret)
{
        memcpy(ret->id, k->id, sizeof(ret->id));
        crypto_sign_ed25519_sk_to_pk(ret->key, k->key);
}

static void add_base64(Buffer *b, const void *data, size_t n)
{
        char text[sodium_base64_ENCODED_LEN(
                sizeof(SignatureBytes), sodium_base64_VARIANT_ORIGINAL)];

        sodium_bin2base64(text, sizeof(text), data, n, sodium_base64_VARIANT_ORIGINAL);
        buffer_add_string(b, text);
}

int signature_make(const SecretKey *k, Signed data, const char *comment, char **ret)
{
        uint8_t hash[crypto_generichash_BYTES_MAX], global[crypto_sign_BYTES];
        _cleanup_buffer_ Buffer b = { 0 }, whole = { 0 };
        SignatureBytes s = { .algorithm = { 'E', 'D' } };
        char id[KEY_ID_TEXT_MAX];

        memcpy(s.id, k->id, sizeof(s.id));
        crypto_generichash(hash, sizeof(hash), data.data, data.n, NULL, 0);
        crypto_sign_detached(s.signature, NULL, hash, sizeof(hash), k->key);
        buffer_add(&whole, s.signature, sizeof(s.signature));
        buffer_add_string(&whole, comment);
        if (whole.failed)
                return -ENOMEM;
        crypto_sign_detached(global, NULL, (const uint8_t *)whole.data, whole.length, k->key);
        buffer_printf(&b, UNTRUSTED "signature of key %s\n", key_id_format(k->id, id));
        add_base64(&b, &s, sizeof(s));
        buffer_printf(&b, "\n" TRUSTED "%s\n", comment);
        add_base64(&b, global, sizeof(global));
        buffer_add_char(&b, '\n');
        return buffer_take(&b, ret);
}

/* ---- hashes ---- */

void sha256(const void *data, size_t n, uint8_t ret[static SHA256_BYTES])
{
        crypto_hash_sha256(ret, data, n);
}

const char *sha256_format(
        const uint8_t hash[static SHA256_BYTES], char buffer[static SHA256_TEXT_MAX])
{
        return sodium_bin2hex(buffer, SHA256_TEXT_MAX, hash, SHA256_BYTES);
}

int sha256_parse(const char *text, uint8_t ret[static SHA256_BYTES])
{
        size_t n;

        if (strlen(text) != SHA256_TEXT_MAX - 1 || strspn(text, "0123456789abcdef") != 64)
                return -EINVAL;
        return sodium_hex2bin(ret, SHA256_BYTES, text, 64, NULL, &n, NULL) == 0 && n == SHA256_BYTES
                       ? 0
                       : -EINVAL;
}
