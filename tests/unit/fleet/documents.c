/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Manifests, compressed parts and deltas: what is taken, what is refused, and within which bounds.
 */

#include "daemon/fleet/delta.h"
#include "daemon/fleet/gzip.h"
#include "daemon/fleet/manifest.h"
#include "daemon/fleet/pause.h"
#include "rules/base/buffer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define FILE_OF(size) "\"sha256\":\"" SHA "\",\"size\":" size ",\"packed\":30"
#define PART(kind, name, group, more)                                                             \
        "{\"kind\":\"" kind "\",\"name\":\"" name "\",\"group\":\"" group "\"," FILE_OF("7") more \
                "}"
#define HEAD                                        \
        "{\"format\":\"p25-fleet-1\",\"serial\":4," \
        "\"made\":\"2026-01-01T00:00:00Z\",\"valid_until\":\"2026-01-08T00:00:00Z\","
#define MANIFEST(parts) HEAD "\"groups\":[],\"parts\":[" parts "]}"

static int parse(const char *text, Manifest **ret, char **ret_reason)
{
        return manifest_parse(text, ret, ret_reason);
}

static void test_manifest(void **state _unused_)
{
        static const char text[] = HEAD
                "\"groups\":[{\"name\":\"canary\",\"hosts\":[\"mx1.example.net\"]}],\"parts\":"
                "[" PART("set", "blocked", "all",
                        ",\"deltas\":[{\"serial\":3,\"from\":\"" SHA
                        "\"," FILE_OF("9") "}]") "," PART("fragment", "fleet", "canary", "") "]}";
        _cleanup_(manifest_free_p) Manifest *m = NULL;
        _cleanup_free_ char *reason = NULL, *printed = NULL;

        assert_int_equal(parse(text, &m, &reason), 0);
        assert_int_equal(m->serial, 4);
        assert_int_equal(m->valid_until_usec - m->made_usec, 7 * 86400 * USEC_PER_SEC);
        assert_int_equal(m->n_parts, 2);
        assert_true(m->parts[0].is_set);
        assert_int_equal(m->parts[0].deltas[0].file.size, 9);
        assert_string_equal(m->parts[1].group, "canary");
        assert_int_equal(manifest_print(m, &printed), 0);
        manifest_free(m);
        m = NULL;
        assert_int_equal(parse(printed, &m, &reason), 0);
        free(printed);
        printed = NULL;
        assert_int_equal(manifest_print(m, &printed), 0);
        assert_int_equal(m->n_parts, 2);
}

static const struct {
        const char *text, *reason;
} bad[] = {
        { "", "it is not a JSON document" },
        { "[]", "its format is not" },
        { "{\"format\":5}", "its format is not" },
        { "{\"format\":\"p25-fleet-2\"}", "its format is not" },
        { "{\"format\":\"p25-fleet-1\",\"format\":\"p25-fleet-1\"}", "it is not a JSON document" },
        { "{\"format\":\"p25-fleet-1\",\"serial\":\"4\"}", "its serial is not" },
        { "{\"format\":\"p25-fleet-1\",\"serial\":0}", "its serial is not" },
        { "{\"format\":\"p25-fleet-1\",\"serial\":-1}", "its serial is not" },
        { "{\"format\":\"p25-fleet-1\",\"serial\":4.5}", "its serial is not" },
        { "{\"format\":\"p25-fleet-1\",\"serial\":9007199254740993}", "its serial is not" },
        { "{\"format\":\"p25-fleet-1\",\"serial\":18446744073709551617}", "it is not a JSON" },
        { "{\"format\":\"p25-fleet-1\",\"serial\":4,\"made\":\"now\"}", "made and valid_until" },
        { HEAD "\"parts\":5}", "part" },
        { MANIFEST(PART("set", "a", "all", ",\"deltas\":5")), "part 1 is not valid" },
        { HEAD "\"x\":1}", "parts must be a list" },
        { MANIFEST("5"), "part 1 is not valid" },
        { MANIFEST(PART("zone", "a", "all", "")), "part 1 is not valid" },
        { MANIFEST(PART("set", "", "all", "")), "part 1 is not valid" },
        { MANIFEST(PART("set", "..", "all", "")), "part 1 is not valid" },
        { MANIFEST(PART("set", "../../etc/passwd", "all", "")), "part 1 is not valid" },
        { MANIFEST(PART("set", "a", "a/b", "")), "part 1 is not valid" },
        { MANIFEST(PART("set", "a", "all", ",\"deltas\":[5]")), "part 1 is not valid" },
        { MANIFEST(PART("fragment", "a", "all",
                  ",\"deltas\":[{\"serial\":3,\"from\":\"" SHA "\"," FILE_OF("9") "}]")),
                "part 1 is not valid" },
        { MANIFEST("{\"kind\":\"set\",\"name\":\"a\",\"group\":\"all\"," FILE_OF("-1") "}"),
                "part 1 is not valid" },
        { MANIFEST(
                  "{\"kind\":\"set\",\"name\":\"a\",\"group\":\"all\"," FILE_OF("99999999999") "}"),
                "part 1 is not valid" },
        { MANIFEST("{\"kind\":\"fragment\",\"name\":\"a\",\"group\":\"all\"," FILE_OF(
                  "2000000") "}"),
                "part 1 is not valid" },
        { MANIFEST("{\"kind\":\"set\",\"name\":\"a\",\"group\":\"all\",\"size\":1,\"packed\":1,"
                   "\"sha256\":\"E3\"}"),
                "part 1 is not valid" },
        { MANIFEST(PART("set", "a", "all", "") "," PART("set", "a", "all", "")),
                "part 2 is there twice" },
        { HEAD "\"groups\":5,\"parts\":[]}", "groups must be a list of at most 256" },
        { HEAD "\"groups\":[{\"name\":\"a\",\"hosts\":5}],\"parts\":[]}", "group 1 is not valid" },
        { HEAD "\"groups\":[{\"name\":\"a/b\",\"hosts\":[]}],\"parts\":[]}",
                "group 1 is not valid" },
};

static void test_bad_manifests(void **state _unused_)
{
        for (size_t i = 0; i < ELEMENTS(bad); i++) {
                _cleanup_(manifest_free_p) Manifest *m = NULL;
                _cleanup_free_ char *reason = NULL;

                if (parse(bad[i].text, &m, &reason) != -EINVAL || !reason ||
                        strncmp(reason, bad[i].reason, strlen(bad[i].reason)) != 0)
                        print_error("%s: %s\n", bad[i].text, reason ?: "is taken");
                assert_null(m);
                assert_non_null(reason);
                assert_int_equal(strncmp(reason, bad[i].reason, strlen(bad[i].reason)), 0);
        }
}

static void test_too_many_parts(void **state _unused_)
{
        _cleanup_(manifest_free_p) Manifest *m = NULL;
        _cleanup_free_ char *reason = NULL;
        _cleanup_buffer_ Buffer b = { 0 };

        buffer_add_string(&b, HEAD "\"parts\":[");
        for (int i = 0; i <= MANIFEST_PARTS_MAX; i++)
                buffer_add_string(&b, i == 0 ? "0" : ",0");
        buffer_add_string(&b, "]}");
        assert_int_equal(parse(b.data, &m, &reason), -EINVAL);
        assert_string_equal(reason, "parts must be a list of at most 256");
}

static void test_select(void **state _unused_)
{
        static const char text[] =
                HEAD "\"groups\":[{\"name\":\"canary\",\"hosts\":[\"mx1\"]}],\"parts\":[" PART(
                        "set", "a", "all", "") "," PART("set", "b", "mx", "") "," PART("set", "c",
                        "web", "") "," PART("fragment", "a", "canary", "") "]}";
        char *mx[] = { (char[]){ "mx" }, NULL }, *web[] = { (char[]){ "web" }, NULL };
        char *sets[] = { (char[]){ "a" }, (char[]){ "b" }, NULL }, *fragments[] = { sets[0], NULL };
        FleetConfig c = { .host = (char[]){ "mx1" },
                .documents = { .groups = mx, .sets = sets, .fragments = fragments } };
        const ManifestPart *parts[MANIFEST_PARTS_MAX];
        _cleanup_(manifest_free_p) Manifest *m = NULL;
        _cleanup_free_ char *reason = NULL;
        size_t n;

        assert_int_equal(parse(text, &m, &reason), 0);
        assert_int_equal(manifest_select(m, &c, parts, &n, &reason), 0);
        assert_int_equal(n, 3);
        c.host = (char[]){ "mx2" };
        assert_int_equal(manifest_select(m, &c, parts, &n, &reason), 0);
        assert_int_equal(n, 2);
        c.documents.groups = web;
        assert_int_equal(manifest_select(m, &c, parts, &n, &reason), -EINVAL);
        assert_string_equal(
                reason, "set c (group web) is not among the sets that fleet.conf lists");
        c.documents.groups = NULL;
        assert_int_equal(manifest_select(m, &c, parts, &n, &reason), 0);
        assert_int_equal(n, 1);
}

static void test_current(void **state _unused_)
{
        static const char *const wrong[] = { "", "\n", "0\n", "4", "4\n\n", "-4\n", " 4\n", "04\n",
                "4x\n", "99999999999999999999\n", "9007199254740993\n" };
        uint64_t n;

        assert_int_equal(manifest_current_parse("4\n", 2, &n), 0);
        assert_int_equal(n, 4);
        for (size_t i = 0; i < ELEMENTS(wrong); i++)
                assert_int_equal(manifest_current_parse(wrong[i], strlen(wrong[i]), &n), -EINVAL);
}

static void test_gzip(void **state _unused_)
{
        _cleanup_free_ char *text = calloc(1, 1000000), *packed = NULL, *unpacked = NULL;
        size_t n;

        assert_int_equal(gzip_pack(text, 1000000, &packed, &n), 0);
        assert_int_equal(gzip_unpack(packed, n, 1000000, &unpacked), 0);
        assert_memory_equal(text, unpacked, 1000001 - 1);
        free(unpacked);
        unpacked = NULL;
        assert_int_equal(gzip_unpack(packed, n, 999999, &unpacked), -EFBIG);
        assert_int_equal(gzip_unpack(packed, n, 0, &unpacked), -EFBIG);
        assert_int_equal(gzip_unpack(packed, n, 1000001, &unpacked), -ENODATA);
        assert_int_equal(gzip_unpack(packed, n - 1, 1000000, &unpacked), -EBADMSG);
        packed[n / 2] ^= 1;
        assert_true(gzip_unpack(packed, n, 1000000, &unpacked) < 0);
        assert_int_equal(gzip_unpack("", 0, 10, &unpacked), -EBADMSG);
        assert_int_equal(gzip_unpack("plain text", 10, 10, &unpacked), -EBADMSG);
        assert_null(unpacked);
}

static void test_delta(void **state _unused_)
{
        static const char before[] = "192.0.2.1\n192.0.2.2\n2001:db8::1\n",
                          after[] = "192.0.2.2\n198.51.100.0/24\n2001:db8::2\n";
        _cleanup_free_ char *delta = NULL, *made = NULL, *none = NULL;
        static const char *const wrong[] = { "192.0.2.1\n", "+192.0.2.1", "*192.0.2.1\n", "+\n\n",
                "+192.0.2.300\n", "-x\n" };
        size_t n;

        assert_int_equal(set_delta_make(before, after, &delta, &n), 0);
        assert_string_equal(delta, "-192.0.2.1\n-2001:db8::1\n+198.51.100.0/24\n+2001:db8::2\n");
        assert_int_equal(set_delta_apply(before, delta, &made, &n), 0);
        assert_string_equal(made, after);
        assert_int_equal(n, strlen(after));
        for (size_t i = 0; i < ELEMENTS(wrong); i++)
                assert_int_equal(set_delta_apply(before, wrong[i], &none, &n), -EINVAL);
        assert_int_equal(set_delta_apply("no set", delta, &none, &n), -EINVAL);
        assert_null(none);
}

/* Seconds between two looks. */
static void test_pause(void **state)
{
        static const struct {
                unsigned interval, failures, expected;
        } cases[] = { { 5, 0, 5 }, { 5, 1, 10 }, { 5, 3, 40 }, { 5, 100, 40 }, { 10, 2, 40 },
                { 10, 3, 40 }, { 60, 0, 60 }, { 60, 4, 60 } };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(cases); i++)
                for (int k = 0; k < 100; k++) {
                        uint64_t usec = documents_pause_usec(cases[i].interval, cases[i].failures);

                        assert_in_range(usec, cases[i].expected * UINT64_C(800000),
                                cases[i].expected * UINT64_C(1200000));
                }
}

int main(void)
{
        static const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_manifest),
                cmocka_unit_test(test_bad_manifests),
                cmocka_unit_test(test_too_many_parts),
                cmocka_unit_test(test_select),
                cmocka_unit_test(test_current),
                cmocka_unit_test(test_gzip),
                cmocka_unit_test(test_delta),
                cmocka_unit_test(test_pause),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
