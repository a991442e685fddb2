/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * JSON documents. json.c is the one file that includes <jansson.h>; a Json is one of its values.
 * Every json_* builder that takes a value owns it from then on and takes NULL (then, and when
 * memory is short, the document is poisoned: json_print says -ENOMEM). Strings must be UTF-8;
 * what is not is replaced byte by byte with U+FFFD.
 */

#include "rules/base/util.h"

typedef struct Buffer Buffer;
typedef struct json_t Json;

Json *json_new_object(void);
Json *json_new_array(void);
Json *json_new_string(const char *s); /* NULL gives null */
Json *json_new_integer(int64_t n);
Json *json_new_bool(bool b);
Json *json_new_null(void);
Json *json_new_strv(char *const *l); /* an array, empty for NULL */
/* RFC 3339 in UTC, "2026-01-31T12:00:00Z", with microseconds where there are any; 0, and what lies
 * beyond the year 9999, gives null */
Json *json_new_time(uint64_t usec);
void json_set(Json *object, const char *key, Json *value);
void json_append(Json *array, Json *value);
/* A second owner of the same value; NULL for NULL. */
Json *json_ref(const Json *j);
Json *json_free(Json *j);
DEFINE_CLEANUP(Json, json_free)

/* Compact, keys in the order they were set, without a newline at the end; 0 or -ENOMEM. */
int json_print(const Json *j, char **ret);
/* The same to the end of a buffer; where memory is short, the buffer has failed. */
void json_print_to(const Json *j, Buffer *b);

/* One document, nothing behind it, no key twice in an object; 0, -EINVAL, -ENOMEM */
int json_parse(const char *text, Json **ret);
/* The same of an object, but the values of its array KEY go to f one at a time, so that a long
 * list takes no more memory than its longest value; they are freed afterwards. *ret has an empty
 * array instead. f's negative return ends the reading. */
typedef int (*JsonItem)(const Json *item, void *data);
int json_parse_items(const char *text, const char *key, JsonItem f, void *data, Json **ret);
/* Readers give a fallback (NULL, 0, false) where the key is missing or of another type, or the
 * value is NULL or none of theirs. What they return is borrowed. */
const Json *json_get(const Json *object, const char *key);
const char *json_get_string(const Json *object, const char *key);
int64_t json_get_integer(const Json *object, const char *key);
bool json_get_bool(const Json *object, const char *key);
/* The usec that json_new_time() was given; 0 for null and other values */
uint64_t json_get_time(const Json *object, const char *key);
/* An array of strings: 0, -EINVAL (it is none), -ENOMEM; a missing key is an empty list */
int json_get_strv(const Json *object, const char *key, char ***ret);
bool json_is_null_or_missing(const Json *j);
bool json_is_list(const Json *j); /* an array */
size_t json_array_length(const Json *array);
const Json *json_array_item(const Json *array, size_t i);
const char *json_text(const Json *j);          /* of a string */
bool json_number(const Json *j, int64_t *ret); /* of an integer; false: it is none */
