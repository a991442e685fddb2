/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The senders that were counted since the last time, by the keys of the sets that count by sender.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first parts of a key of SET_SENT, which are one of SET_SENDERS: number, cgroup, user. */
#define SENDER_BYTES 20

typedef struct SenderKey {
        uint8_t key[SENDER_BYTES];
        bool is_there; /* the kernel has an element that counts it, and that stays */
} SenderKey;

typedef struct SenderKeys {
        SenderKey *items; /* in any order, and perhaps doubled, until they are sorted */
        size_t n;
} SenderKeys;

/* key: SENDER_BYTES. 0 or -ENOMEM. */
int sender_keys_add(SenderKeys *l, const uint8_t *key);
/* By key, each once. */
void sender_keys_sort(SenderKeys *l);
/* In a sorted list; NULL: it is not there. */
SenderKey *sender_keys_find(const SenderKeys *l, const uint8_t *key);
