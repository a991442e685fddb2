/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The words of `explain` and of assertions: in|out|routed [from A] [to A] [port P] [user U]
 * [group G] [unit U] [on IFACE | in on IFACE out on IFACE]. A question travels as texts, over the
 * bus too, and becomes a Packet once, where the names of the host are known.
 */

#include "rules/base/util.h"

typedef struct Diagnostics Diagnostics;
typedef struct Names Names;
typedef struct Packet Packet;
typedef struct Place Place;

typedef enum QuestionField {
        QUESTION_DIRECTION,
        QUESTION_FROM,
        QUESTION_TO,
        QUESTION_PORT,
        QUESTION_USER,
        QUESTION_GROUP,
        QUESTION_UNIT,
        QUESTION_INTERFACE,
        QUESTION_IN_INTERFACE,
        QUESTION_OUT_INTERFACE,
        _QUESTION_MAX,
} QuestionField;

/* "in_interface": the key on the bus */
const char *question_field_to_string(QuestionField f);

/* The question as it was written; NULL: not stated. The strings are borrowed. */
typedef struct Question {
        const char *texts[_QUESTION_MAX];
} Question;

/* Keywords are case-insensitive; values are not looked at. 0, -EINVAL (errors in d at place). */
int question_parse(char *const *words, Place place, Diagnostics *d, Question *ret);
/* A port's number, or the name of a service; 0 or -EINVAL. */
int question_port(const Question *q, Place place, Diagnostics *d, uint16_t *ret);
/*
 * Users and groups are resolved by names; a user's primary group is not looked up. Strings in *ret
 * are those of the question. Family is IPv4 when no address is given; two families are an error.
 * `any` is an address that is not known. 0, -EINVAL, -ENOENT for an unknown user or group, -EAGAIN
 * when that cannot be asked yet (errors in d at place).
 */
int question_resolve(
        const Question *q, const Names *names, Place place, Diagnostics *d, Packet *ret);

/* All of it, from one text that is split at white space; the strings of *ret are in *ret_words,
 * which the caller frees after use. */
int packet_parse(const char *text, const Names *names, Place place, Diagnostics *d, Packet *ret,
        char ***ret_words);
int packet_split(const char *text, char ***ret_words);
