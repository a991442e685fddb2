/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Shared by the files of the word parser, from below: parser.c (cursor, values, misplaced words),
 * ports.c, clauses.c (what follows the head), words.c (the head and the whole of a rule). Only
 * these include it.
 */

#include "rules/base/diagnostic.h"
#include "rules/base/text.h"
#include "rules/policy/action.h"
#include "rules/words/words.h"

typedef struct Ports Ports;

typedef struct WordParser {
        char *const *words; /* NULL-terminated */
        size_t i;           /* the next word */
        Diagnostics *d;
        bool route, both;
        Rule *rule;
        unsigned seen; /* clauses met: bit i of the table's entry i */
        bool has_plain_port;
        bool is_followed; /* the plain port, by a word that begins no clause */
        enum { SIDE_NONE, SIDE_FROM, SIDE_TO } side; /* whose `port` would follow */
        const char *identity; /* the first of user, group, unit that was met */
        const char *numbers;  /* the first of rate, burst, max that was met */
        uint64_t duration_sec;
} WordParser;

#define fail(p, ...) diagnostics_error((p)->d, (Place){ 0 }, NULL, __VA_ARGS__)

const char *word_peek(const WordParser *p); /* NULL at the end */
bool word_is(const char *word, const char *keyword);
/* Steps over the keyword if it comes next. */
bool word_accept(WordParser *p, const char *keyword);
Action word_to_action(const char *word); /* _ACTION_INVALID for any other */
/* A word, and how many of a word's n bytes, as an error shows them. */
#define SHOW(word) text_show(word, (char[TEXT_SHOWN_MAX]){ 0 })
int word_shown(size_t n);
/* Files know one case of their words, a terminal both: a value in lower case, "" if it is longer
 * than any that is right. Returns buffer. */
const char *word_lower(const char *word, size_t n, char buffer[static 32]);
/* Walks a list "a,b,c": the next item and its length; false at the end. Empty items have
 * length 0. */
bool word_list_next(const char **list, const char **ret, size_t *ret_n);
/* A decimal number without sign; -EINVAL for other text, -ERANGE outside of min…max. */
int word_number_parse(const char *s, size_t n, unsigned min, unsigned max, unsigned *ret);
/* The place to which a keyword of the grammar belongs, "the direction follows the action, …"; else
 * NULL. */
const char *word_place_hint(const char *word);
/* The error for a misplaced word. */
int word_fail_unexpected(WordParser *p, const char *word);
/* The keyword that was meant by a misspelt one in the place of a port, or NULL. */
const char *word_keyword_meant(const char *word, bool is_followed);

/* 25,587 25:30 smtp; with_protocol: /tcp may follow */
int word_ports_parse(WordParser *p, const char *word, bool with_protocol, Ports *ret);

/* Does the word begin a clause (from, user, comment …)? */
bool word_begins_clause(const char *word);
/* All that follows the head, to the end of the words. */
int word_clauses_parse(WordParser *p);
