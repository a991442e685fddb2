/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Signatures in minisign's format, with Ed25519, and SHA-256. crypto.c is the one file that
 * includes <sodium.h>. Formats: minisign(1), https://jedisct1.github.io/minisign/ ("Signature
 * format").
 */

#include "rules/base/util.h"

#define SIGNATURE_BYTES_MAX 4096
#define SHA256_BYTES 32
#define SHA256_TEXT_MAX 65 /* in hexadecimal, with NUL */
#define KEY_ID_TEXT_MAX 17

/* Before anything else here. 0 or -EIO (the kernel gives no random numbers). */
int crypto_start(void);

typedef struct PublicKey {
        uint8_t id[8];
        uint8_t key[32];
} PublicKey;

/* The base64 line of a public key. 0 or -EINVAL. */
int public_key_parse(const char *text, PublicKey *ret);
/* As minisign prints it: a hexadecimal number, so without zeros before it. Returns buffer. */
const char *key_id_format(const uint8_t id[static 8], char buffer[static KEY_ID_TEXT_MAX]);

/*
 * Checks that `text` (n bytes, a whole .minisig file) is a signature of `data` by one of the keys,
 * legacy ("Ed") or prehashed ("ED"), and that its trusted comment is signed too. 0, or -EBADMSG
 * with a static reason.
 */
typedef struct Signed {
        const void *data;
        size_t n;
} Signed;
int signature_check(const char *text, size_t n, Signed data, const PublicKey *keys, size_t n_keys,
        const char **ret_reason);

typedef struct SecretKey {
        uint8_t id[8];
        uint8_t key[64];
} SecretKey;

/* A whole key file of minisign. password NULL: none is known. 0, -EINVAL (not one), -ENOKEY (it
 * needs a password), -EACCES (the password is wrong), -ENOMEM (scrypt takes 1 GiB). */
int secret_key_parse(const char *text, size_t n, const char *password, SecretKey *ret);
void secret_key_deinit(SecretKey *k);
/* The public key that belongs to it. */
void secret_key_public(const SecretKey *k, PublicKey *ret);
/* A .minisig file, prehashed; the comment is one printable line. 0 or -ENOMEM. */
int signature_make(const SecretKey *k, Signed data, const char *comment, char **ret);

void sha256(const void *data, size_t n, uint8_t ret[static SHA256_BYTES]);
const char *sha256_format(
        const uint8_t hash[static SHA256_BYTES], char buffer[static SHA256_TEXT_MAX]);
/* 64 small digits. 0 or -EINVAL. */
int sha256_parse(const char *text, uint8_t ret[static SHA256_BYTES]);
