/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the library that builds and reads JSON. Does not depend on the content of documents.
 */

#include "rules/base/json.h"

#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <time.h>

/*
 * Replaces a value for which there was no memory. It has no type that the library prints, so that
 * printing fails. The library counts no references of a value with this count (its own true, false
 * and null have it), so it is never written to.
 */
static json_t poison = { .type = (json_type)-1, .refcount = (size_t)-1 };

Json *json_new_object(void)
{
        return json_object();
}

Json *json_new_array(void)
{
        return json_array();
}

static json_t *string_repaired(const char *s)
{
        _cleanup_buffer_ Buffer b = { 0 };

        while (*s) {
                uint32_t code;
                size_t n = utf8_character(s, &code);

                if (n > 0)
                        buffer_add(&b, s, n);
                else
                        buffer_add_string(&b, "\xef\xbf\xbd");
                s += n > 0 ? n : 1;
        }
        return b.failed ? NULL : json_string_nocheck(b.data);
}

Json *json_new_string(const char *s)
{
        if (!s)
                return json_null();
        for (const char *p = s; *p;) {
                uint32_t code;
                size_t n = utf8_character(p, &code);

                if (n == 0)
                        return string_repaired(s);
                p += n;
        }
        return json_string_nocheck(s);
}

Json *json_new_integer(int64_t n)
{
        return json_integer(n);
}

Json *json_new_bool(bool b)
{
        return json_boolean(b);
}

Json *json_new_null(void)
{
        return json_null();
}

Json *json_new_strv(char *const *l)
{
        json_t *array = json_array();

        for (; array && l && *l; l++)
                json_append(array, json_new_string(*l));
        return array;
}

/* The end of the last year that RFC 3339 can write */
#define TIME_MAX_SEC UINT64_C(253402300799)

Json *json_new_time(uint64_t usec)
{
        time_t sec = (time_t)(usec / 1000000);
        char day[32], text[64];
        struct tm tm;

        if (usec == 0 || usec / 1000000 > TIME_MAX_SEC || !gmtime_r(&sec, &tm))
                return json_null();
        strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
        if (usec % 1000000)
                snprintf(text, sizeof(text), "%s.%06uZ", day, (unsigned)(usec % 1000000));
        else
                snprintf(text, sizeof(text), "%sZ", day);
        return json_string(text);
}

void json_set(Json *object, const char *key, Json *value)
{
        if (!object || object == &poison) {
                json_decref(value);
                return;
        }
        if (value && json_object_set_new(object, key, value) == 0)
                return;
        /* what is dropped makes room for the mark */
        json_object_clear(object);
        json_object_set_new(object, "", &poison);
}

void json_append(Json *array, Json *value)
{
        if (!array || array == &poison) {
                json_decref(value);
                return;
        }
        if (value && json_array_append_new(array, value) == 0)
                return;
        json_array_clear(array);
        json_array_append_new(array, &poison);
}

Json *json_ref(const Json *j)
{
        return json_incref((Json *)j);
}

Json *json_free(Json *j)
{
        json_decref(j);
        return NULL;
}

/* ---- out ---- */

static void escape_print(Buffer *b, unsigned char c)
{
        static const char *const short_escapes[] = { ['\b'] = "\\b",
                ['\f'] = "\\f",
                ['\n'] = "\\n",
                ['\r'] = "\\r",
                ['\t'] = "\\t",
                ['"'] = "\\\"",
                ['\\'] = "\\\\" };

        if (short_escapes[c])
                buffer_add_string(b, short_escapes[c]);
        else
                buffer_printf(b, "\\u%04X", c);
}

static void string_print(Buffer *b, const char *s, size_t n)
{
        size_t from = 0;

        buffer_add_char(b, '"');
        for (size_t i = 0; i < n; i++) {
                unsigned char c = (unsigned char)s[i];

                if (c >= 0x20 && c != '"' && c != '\\')
                        continue;
                buffer_add(b, s + from, i - from);
                escape_print(b, c);
                from = i + 1;
        }
        buffer_add(b, s + from, n - from);
        buffer_add_char(b, '"');
}

static void integer_print(Buffer *b, json_int_t number)
{
        char digits[24], *p = digits + sizeof(digits);
        uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

        do
                *--p = (char)('0' + rest % 10);
        while ((rest /= 10) > 0);
        if (number < 0)
                *--p = '-';
        buffer_add(b, p, (size_t)(digits + sizeof(digits) - p));
}

/* The library's own words for what none of ours says: real numbers, and a failure for poison. */
static void other_print(Buffer *b, const json_t *j)
{
        char *text = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY);

        if (text)
                buffer_add_string(b, text);
        else
                b->failed = true;
        free(text);
}

static void object_print(Buffer *b, json_t *j)
{
        const char *before = "{", *key;
        json_t *value;

        json_object_foreach(j, key, value)
        {
                buffer_add_string(b, before);
                string_print(b, key, strlen(key));
                buffer_add_char(b, ':');
                json_print_to(value, b);
                before = ",";
        }
        buffer_add_string(b, *before == '{' ? "{}" : "}");
}

static void array_print(Buffer *b, const json_t *j)
{
        buffer_add_char(b, '[');
        for (size_t i = 0; i < json_array_size(j); i++) {
                if (i > 0)
                        buffer_add_char(b, ',');
                json_print_to(json_array_get(j, i), b);
        }
        buffer_add_char(b, ']');
}

void json_print_to(const Json *j, Buffer *b)
{
        if (!j)
                b->failed = true;
        else if (json_is_object(j))
                object_print(b, (json_t *)j);
        else if (json_is_array(j))
                array_print(b, j);
        else if (json_is_string(j))
                string_print(b, json_string_value(j), json_string_length(j));
        else if (json_is_integer(j))
                integer_print(b, json_integer_value(j));
        else if (json_is_boolean(j))
                buffer_add_string(b, json_is_true(j) ? "true" : "false");
        else if (json_is_null(j))
                buffer_add_string(b, "null");
        else
                other_print(b, j);
}

int json_print(const Json *j, char **ret)
{
        _cleanup_buffer_ Buffer b = { 0 };

        json_print_to(j, &b);
        return buffer_take(&b, ret);
}

/* ---- in ---- */

static int parse(const char *text, size_t n, size_t flags, size_t *ret_n, Json **ret)
{
        json_error_t error;
        json_t *j = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | flags, &error);

        if (!j)
                return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EINVAL;
        if (ret_n)
                *ret_n = (size_t)error.position;
        *ret = j;
        return 0;
}

int json_parse(const char *text, Json **ret)
{
        return parse(text, strlen(text), 0, NULL, ret);
}

#define JSON_SPACE " \t\r\n"

/* Behind the string that begins at s; NULL: it does not end. */
static const char *string_skip(const char *s)
{
        for (s++; *s && *s != '"'; s++)
                if (*s == '\\' && s[1])
                        s++;
        return *s ? s + 1 : NULL;
}

/* The '[' behind the key, of the outermost object; NULL: there is none. */
static const char *array_find(const char *text, const char *key)
{
        size_t length = strlen(key);
        unsigned depth = 0;

        for (const char *s = text; *s;) {
                const char *begin = s;

                depth += *s == '{' || *s == '[';
                depth -= *s == '}' || *s == ']';
                if (*s != '"') {
                        s++;
                        continue;
                }
                s = string_skip(s);
                if (!s)
                        return NULL;
                if (depth != 1 || (size_t)(s - begin) != length + 2 ||
                        memcmp(begin + 1, key, length) != 0)
                        continue;
                s += strspn(s, JSON_SPACE);
                if (*s != ':')
                        continue;
                s += 1 + strspn(s + 1, JSON_SPACE);
                if (*s == '[')
                        return s;
        }
        return NULL;
}

/* From behind the '[' to the ']'. */
static int items_parse(const char *s, JsonItem f, void *data, const char **ret)
{
        const char *end = s + strlen(s);

        s += strspn(s, JSON_SPACE);
        for (bool first = true; *s != ']'; first = false) {
                _cleanup_(json_free_p) Json *item = NULL;
                size_t n;
                int r;

                if (!first && *s++ != ',')
                        return -EINVAL;
                r = parse(s, (size_t)(end - s), JSON_DISABLE_EOF_CHECK, &n, &item);
                if (r >= 0)
                        r = f(item, data);
                if (r < 0)
                        return r;
                s += n;
                s += strspn(s, JSON_SPACE);
        }
        *ret = s;
        return 0;
}

int json_parse_items(const char *text, const char *key, JsonItem f, void *data, Json **ret)
{
        _cleanup_buffer_ Buffer rest = { 0 };
        const char *array = array_find(text, key), *end;
        int r;

        if (!array)
                return json_parse(text, ret);
        r = items_parse(array + 1, f, data, &end);
        if (r < 0)
                return r;
        buffer_add(&rest, text, (size_t)(array + 1 - text));
        buffer_add_string(&rest, end);
        return rest.failed ? -ENOMEM : json_parse(rest.data, ret);
}

const Json *json_get(const Json *object, const char *key)
{
        return json_object_get(object, key);
}

const char *json_text(const Json *j)
{
        return json_string_value(j);
}

bool json_number(const Json *j, int64_t *ret)
{
        if (!json_is_integer(j))
                return false;
        *ret = json_integer_value(j);
        return true;
}

const char *json_get_string(const Json *object, const char *key)
{
        return json_text(json_get(object, key));
}

int64_t json_get_integer(const Json *object, const char *key)
{
        return json_integer_value(json_get(object, key));
}

bool json_get_bool(const Json *object, const char *key)
{
        return json_is_true(json_get(object, key));
}

uint64_t json_get_time(const Json *object, const char *key)
{
        const char *text = json_get_string(object, key), *rest;
        unsigned usec = 0;
        struct tm tm = { 0 };
        time_t sec;
        int n = 0;

        rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
        if (!rest)
                return 0;
        if (rest[0] == '.') {
                if (strspn(rest + 1, "0123456789") != 6 ||
                        sscanf(rest + 1, "%6u%n", &usec, &n) != 1)
                        return 0;
                rest += 1 + n;
        }
        sec = timegm(&tm);
        if (!streq(rest, "Z") || sec < 0)
                return 0;
        return (uint64_t)sec * 1000000 + usec;
}

int json_get_strv(const Json *object, const char *key, char ***ret)
{
        const json_t *array = json_object_get(object, key);
        _cleanup_strv_ char **l = NULL;
        size_t n = json_array_size(array);

        if (array && !json_is_array(array))
                return -EINVAL;
        if (n > 0) {
                l = calloc(n + 1, sizeof(char *));
                if (!l)
                        return -ENOMEM;
        }
        for (size_t i = 0; i < n; i++) {
                const char *s = json_string_value(json_array_get(array, i));

                if (!s)
                        return -EINVAL;
                l[i] = strdup(s);
                if (!l[i])
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(l);
        return 0;
}

bool json_is_null_or_missing(const Json *j)
{
        return !j || json_is_null(j);
}

bool json_is_list(const Json *j)
{
        return json_is_array(j);
}

size_t json_array_length(const Json *array)
{
        return json_array_size(array);
}

const Json *json_array_item(const Json *array, size_t i)
{
        return json_array_get(array, i);
}
