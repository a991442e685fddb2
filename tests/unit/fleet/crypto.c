/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Signatures: those that minisign 0.11 has made, our own, and every way in which one can be wrong.
 */

#include "daemon/fleet/crypto.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char public_text[] = "RWTra+eedp9YjOYJKCpnxm+Dc2sLenc3ypcpNRP2YI4jsSa7QLEo+S6f";
/* minisign -G -W, and minisign -G with the password "secret" */
static const char secret_text[] =
        "untrusted comment: x\n"
        "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA62vn"
        "nnafWIwOs0Ox7L3kjoMrOQ8cyMC3oLyLCM1X3zwEoE2trQKTreYJKCpnxm+Dc2sLenc3ypcpNRP2"
        "YI4jsSa7QLEo+S6fAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
        "\n";
static const char locked_text[] =
        "untrusted comment: x\n"
        "RWRTY0IyiSaPQ6qx+kQ3UhzWOGfwAlpCA4yx9b6jkXJ/qg8B1bsAAAACAAAAAAAAAEAAAAAAbbvS"
        "dIy8Sv4fWkC8UwcqqlYsFlLPv/pwgMi4JwtzEnric21E6Y5aUTHvDUvIuiJXtemVUugcimO674xu"
        "x7rP8XCZFY58kKy+4MVtWu1VGRczEagGLXChxIxIALSRgRBh1TGVA66GZfo="
        "\n";
/* minisign -S, and minisign -S -l, of signed_text */
static const char signed_text[] = "policy of a fleet\n";
static const char prehashed[] =
        "untrusted comment: x\n"
        "RUTra+eedp9YjN4yKLuRyRkDvD9bGJGvVnuyxwJOU1kMwdDSWH8tmk5L9trg7Bpsy7PSynJqwCoj"
        "tSPWYuCU3YavMvLnq79t0gQ="
        "\n"
        "trusted comment: trusted words\n"
        "BWPBsVufc/ghEncTDBy5CDgb6CKRc3vU2PZclHZtRw8tukz/wtVG1okvcwQ1jqqSl3MT+QgprAgD"
        "SxqsU9SNAg=="
        "\n";
static const char legacy[] =
        "untrusted comment: x\n"
        "RWTra+eedp9YjHHxeongC2rJEvXsg6um/hj303pArkKdzelbvvsC+PJOq+4VSWlrVydDLEcIUJD1"
        "sIZczg1gmY7yNFvYNtiIXwA="
        "\n"
        "trusted comment: trusted words\n"
        "rlm2qc4HusHf/0F52l30xG+FAr1cDHG/zcpcomAkeQeoAWjOqkvK8irWOVh+Ryk9hNAbhWsOLGdr"
        "R96NOoJjBg=="
        "\n";

static int check(const char *signature, size_t n, const char *text, const char **ret_reason)
{
        PublicKey keys[2] = { { .id = { 1 } } };

        assert_int_equal(public_key_parse(public_text, &keys[1]), 0);
        *ret_reason = "";
        return signature_check(
                signature, n, (Signed){ text, strlen(text) }, keys, ELEMENTS(keys), ret_reason);
}

static void test_good(void **state _unused_)
{
        char id[KEY_ID_TEXT_MAX];
        const char *reason;
        PublicKey key;

        assert_int_equal(check(prehashed, strlen(prehashed), signed_text, &reason), 0);
        assert_int_equal(check(legacy, strlen(legacy), signed_text, &reason), 0);
        assert_int_equal(public_key_parse(public_text, &key), 0);
        assert_string_equal(key_id_format(key.id, id), "8C589F769EE76BEB");
        key.id[7] = 0x0c;
        assert_string_equal(key_id_format(key.id, id), "C589F769EE76BEB");
}

static void expect(const char *signature, size_t n, const char *text, const char *wanted)
{
        const char *reason;

        assert_int_equal(check(signature, n, text, &reason), -EBADMSG);
        assert_string_equal(reason, wanted);
}

static void test_bad(void **state _unused_)
{
        static const char not_one[] = "it is not a signature of minisign";
        char copy[sizeof(prehashed) + 2];
        PublicKey other = { .id = { 1 } };
        const char *reason;

        expect(prehashed, strlen(prehashed), "policy of a fleeT\n",
                "it is not a signature of this text");
        expect(legacy, strlen(legacy), "", "it is not a signature of this text");
        assert_int_equal(signature_check(prehashed, strlen(prehashed),
                                 (Signed){ signed_text, strlen(signed_text) }, &other, 1, &reason),
                -EBADMSG);
        assert_string_equal(reason, "it was made with a key that fleet.conf does not have");
        for (size_t n = 0; n + 1 < strlen(prehashed); n++)
                expect(prehashed, n, signed_text, not_one);
        /* every byte counts, but those of the untrusted comment */
        for (size_t i = 0; i < strlen(prehashed); i++) {
                memcpy(copy, prehashed, sizeof(prehashed));
                copy[i] ^= 1;
                assert_true(check(copy, strlen(prehashed), signed_text, &reason) < 0 || i == 19);
        }
        memcpy(copy, prehashed, sizeof(prehashed));
        *strstr(copy, "words") = 'W';
        expect(copy, strlen(prehashed), signed_text, "its trusted comment was changed");
        snprintf(copy, sizeof(copy), "%sx", prehashed);
        expect(copy, strlen(copy), signed_text, not_one);
}

static void test_ours(void **state _unused_)
{
        _cleanup_free_ char *signature = NULL;
        const char *reason;
        SecretKey key;

        assert_int_equal(secret_key_parse(secret_text, strlen(secret_text), NULL, &key), 0);
        assert_int_equal(
                signature_make(&key, (Signed){ signed_text, strlen(signed_text) }, "c", &signature),
                0);
        assert_int_equal(check(signature, strlen(signature), signed_text, &reason), 0);
        expect(signature, strlen(signature), "", "it is not a signature of this text");
        secret_key_deinit(&key);
}

static void test_bad_keys(void **state _unused_)
{
        char copy[sizeof(secret_text)];
        PublicKey public;
        SecretKey key;

        assert_int_equal(public_key_parse("", &public), -EINVAL);
        assert_int_equal(public_key_parse("RWabc", &public), -EINVAL);
        assert_int_equal(secret_key_parse(locked_text, strlen(locked_text), NULL, &key), -ENOKEY);
        assert_int_equal(secret_key_parse(secret_text, 100, NULL, &key), -EINVAL);
        memcpy(copy, secret_text, sizeof(copy));
        copy[150] ^= 1;
        assert_int_equal(secret_key_parse(copy, strlen(copy), NULL, &key), -EINVAL);
        assert_int_equal(secret_key_parse(public_text, strlen(public_text), NULL, &key), -EINVAL);
}

static void test_hashes(void **state _unused_)
{
        static const char empty[] =
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        uint8_t hash[SHA256_BYTES], read[SHA256_BYTES];
        char text[SHA256_TEXT_MAX];

        sha256("", 0, hash);
        assert_string_equal(sha256_format(hash, text), empty);
        assert_int_equal(sha256_parse(empty, read), 0);
        assert_memory_equal(hash, read, sizeof(hash));
        assert_int_equal(sha256_parse("e3", read), -EINVAL);
        text[0] = 'E';
        assert_int_equal(sha256_parse(text, read), -EINVAL);
}

static int setup(void **state _unused_)
{
        return crypto_start();
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_good),
                cmocka_unit_test(test_bad),
                cmocka_unit_test(test_ours),
                cmocka_unit_test(test_bad_keys),
                cmocka_unit_test(test_hashes),
        };

        return cmocka_run_group_tests(tests, setup, NULL);
}
