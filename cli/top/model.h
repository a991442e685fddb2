/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The content of `top`: the document of DescribeStats as tables of rows. Does not depend on a
 * terminal or on p25d.
 */

#include "rules/base/json.h"

typedef enum TopView {
        TOP_USERS,
        TOP_UNITS,
        TOP_CONTAINERS,
        TOP_RULES,
        TOP_SETS,
        _TOP_VIEW_MAX,
} TopView;
const char *top_view_to_string(TopView v);

/* By the last hour; a rule's refused, passed and packets; a set's entries. */
typedef enum TopSort {
        TOP_BY_BLOCKED,
        TOP_BY_ALLOWED,
        TOP_BY_DESTINATIONS,
        TOP_BY_NAME,
        _TOP_SORT_MAX,
} TopSort;
const char *top_sort_to_string(TopSort s);

typedef enum TopSpan { TOP_MINUTE, TOP_HOUR, TOP_DAY, _TOP_SPAN_MAX } TopSpan;

typedef struct TopWindow {
        int64_t blocked, allowed, destinations;
        bool estimated; /* the destinations */
} TopWindow;

typedef struct TopRow {
        char *name;                       /* made printable */
        char *word;                       /* names a sender in a command; NULL: no command can */
        int64_t keys[TOP_BY_NAME];        /* to sort by */
        TopWindow windows[_TOP_SPAN_MAX]; /* of a sender */
        uint64_t last_usec;               /* of a rule; 0: never */
} TopRow;

typedef struct TopTable {
        TopRow *items;
        size_t n;
} TopTable;

typedef struct TopModel {
        bool active, lockdown, pending;
        int64_t revision, obstacles;
        uint64_t time_usec;
        char *backend; /* made printable */
        TopTable tables[_TOP_VIEW_MAX];
} TopModel;

/* 0, -EINVAL (not a document of DescribeStats) or -ENOMEM */
int top_model_read(const Json *stats, TopModel *ret);
void top_model_deinit(TopModel *m);
/* The largest first; rows that are equal by their names. */
void top_model_sort(TopModel *m, TopSort by);
