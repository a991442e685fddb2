/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Reads lines OWNER:FIRST:COUNT; OWNER is a user's name or uid. */

#include "daemon/host/subordinates.h"

#include "rules/base/array.h"
#include "rules/base/hash.h"
#include "rules/policy/subordinate.h"

#include <errno.h>

typedef struct Account {
        const char *name; /* in the text of passwd */
        size_t length;
        uint32_t uid, gid;
} Account;

/* The lines of /etc/passwd, found by name or uid. */
typedef struct Accounts {
        Account *items;
        size_t n;
        NumberMap by_name, by_uid; /* index + 1; the first of each */
} Accounts;

static void accounts_deinit(Accounts *a)
{
        free(a->items);
        number_map_deinit(&a->by_name);
        number_map_deinit(&a->by_uid);
}

static uint64_t name_key(const char *name, size_t length)
{
        return hash_finish(hash_bytes(HASH_BEGIN, name, length));
}

static uint64_t uid_key(uint32_t uid)
{
        return (uint64_t)uid + 1;
}

static int accounts_note(NumberMap *m, uint64_t key, size_t index)
{
        uint64_t *value = number_map_get(m, key);

        if (!value)
                return -ENOMEM;
        if (*value == 0)
                *value = index + 1;
        return 0;
}

static int accounts_read(Accounts *a, NamesFile *passwd)
{
        for (const char *line = names_file_text(passwd); line && *line;
                line = names_line_next(line)) {
                Account account = { .gid = UINT32_MAX };

                account.name = names_line_field(line, 0, &account.length);
                if (names_field_number(line, 2, &account.uid) < 0 || account.length == 0)
                        continue;
                (void)names_field_number(line, 3, &account.gid);
                if (array_grow(&a->items, a->n, sizeof(*a->items)) < 0 ||
                        accounts_note(&a->by_uid, uid_key(account.uid), a->n) < 0 ||
                        accounts_note(&a->by_name, name_key(account.name, account.length), a->n) <
                                0)
                        return -ENOMEM;
                a->items[a->n++] = account;
        }
        return 0;
}

/* 0; -ENOENT: there is none; -ENOMEM. */
static int accounts_find(Accounts *a, NumberMap *m, uint64_t key, const Account **ret)
{
        uint64_t *index = number_map_get(m, key);

        if (!index)
                return -ENOMEM;
        if (*index == 0)
                return -ENOENT;
        *ret = &a->items[*index - 1];
        return 0;
}

static int owner_find_named(Accounts *a, const char *name, size_t length, const Account **ret)
{
        int r = accounts_find(a, &a->by_name, name_key(name, length), ret);

        /* another name may have the same hash */
        if (r == 0 && ((*ret)->length != length || memcmp((*ret)->name, name, length) != 0))
                return -ENOENT;
        return r;
}

typedef struct Reading {
        Accounts accounts;
        SubordinateOwner find;
        void *data;
} Reading;

static int owner_ask(const Reading *r, const char *name, size_t length, Account *ret)
{
        _cleanup_free_ char *text = strndup(name, length);

        if (!text)
                return -ENOMEM;
        *ret = (Account){ .gid = UINT32_MAX };
        return r->find ? r->find(r->data, text, &ret->uid) : -ENOENT;
}

static int owner_find(Reading *r, const char *line, Account *ret)
{
        size_t length = 0;
        const char *name = names_line_field(line, 0, &length);
        const Account *found;
        uint32_t uid;
        int k = owner_find_named(&r->accounts, name, length, &found);

        if (k == -ENOENT && names_field_number(line, 0, &uid) >= 0) {
                *ret = (Account){ .uid = uid, .gid = UINT32_MAX };
                k = accounts_find(&r->accounts, &r->accounts.by_uid, uid_key(uid), &found);
                if (k == -ENOENT)
                        return 0;
        }
        if (k == -ENOENT)
                return owner_ask(r, name, length, ret);
        if (k == 0)
                *ret = *found;
        return k;
}

/* 0, also where the line says nothing; -ENOMEM. */
static int line_read(Reading *r, const char *line, bool groups, IdRanges *ret)
{
        uint32_t first, count;
        Account owner;
        IdRange range;
        int k;

        if (names_field_number(line, 1, &first) < 0 || names_field_number(line, 2, &count) < 0 ||
                count == 0)
                return 0;
        k = owner_find(r, line, &owner);
        if (k < 0)
                return k == -ENOMEM ? k : 0;
        range = (IdRange){ first, first, groups ? owner.gid : owner.uid };
        if (owner.uid == 0 || range.owner == 0 || range.owner == UINT32_MAX)
                return 0;
        range.last = count - 1 < UINT32_MAX - 1 - first ? first + count - 1 : UINT32_MAX - 1;
        return id_ranges_add(ret, &range);
}

/* The ids that a file like /etc/passwd has: as ranges of one id they stand in the way of others. */
static int own_ids_keep(NamesFile *f, IdRanges *l)
{
        _cleanup_free_ uint32_t *ids = NULL;
        size_t n = 0;
        int r = 0;

        for (const char *line = names_file_text(f); line && *line; line = names_line_next(line)) {
                uint32_t id;

                if (names_field_number(line, 2, &id) < 0)
                        continue;
                if (array_grow(&ids, n, sizeof(*ids)) < 0)
                        return -ENOMEM;
                ids[n++] = id;
        }
        if (n > 1)
                qsort(ids, n, sizeof(*ids), id_compare);
        for (size_t i = 0; i < n && r == 0; i++)
                r = id_ranges_add(l, &(IdRange){ ids[i], ids[i], ids[i] });
        return r;
}

static void own_ids_remove(IdRanges *l)
{
        size_t n = 0;

        for (size_t i = 0; i < l->n; i++)
                if (l->items[i].first != l->items[i].owner || l->items[i].last != l->items[i].owner)
                        l->items[n++] = l->items[i];
        l->n = n;
}

/* own: the file of the ids that are not lent. */
static int lines_read(Reading *r, NamesFile *f, NamesFile *own, bool groups, IdRanges *ret)
{
        int k = own_ids_keep(own, ret);

        for (const char *line = names_file_text(f); line && *line && k >= 0;
                line = names_line_next(line))
                k = line_read(r, line, groups, ret);
        own_ids_remove(ret);
        return k;
}

int subordinate_files_init(SubordinateFiles *s, const char *folder)
{
        if (names_file_init(&s->users, folder, "subuid") < 0 ||
                names_file_init(&s->groups, folder, "subgid") < 0)
                return -ENOMEM;
        return 0;
}

void subordinate_files_deinit(SubordinateFiles *s)
{
        names_file_deinit(&s->users);
        names_file_deinit(&s->groups);
        subordinates_deinit(&s->found);
}

/* Counts changes of all files. */
static uint64_t files_version(SubordinateFiles *s, NamesFile *passwd, NamesFile *group)
{
        NamesFile *const files[] = { &s->users, &s->groups, passwd, group };
        uint64_t version = 0;

        for (size_t i = 0; i < ELEMENTS(files); i++) {
                (void)names_file_text(files[i]);
                version += files[i]->version;
        }
        return version;
}

int subordinate_files_read(SubordinateFiles *s, NamesFile *passwd, NamesFile *group,
        SubordinateOwner find, void *data, const Subordinates **ret)
{
        uint64_t version = files_version(s, passwd, group);
        bool lent = s->users.text || s->groups.text;
        Reading reading = { .find = find, .data = data };
        Subordinates found = { 0 };
        int k;

        /* the answer of `find` may change every time */
        if (s->is_read && s->version == version && (!find || !lent)) {
                *ret = &s->found;
                return 0;
        }
        k = accounts_read(&reading.accounts, passwd);
        if (k >= 0)
                k = lines_read(&reading, &s->users, passwd, false, &found.users);
        if (k >= 0)
                k = lines_read(&reading, &s->groups, group, true, &found.groups);
        accounts_deinit(&reading.accounts);
        if (k < 0) {
                subordinates_deinit(&found);
                return k;
        }
        subordinates_deinit(&s->found);
        s->found = found;
        s->version = version;
        s->is_read = true;
        *ret = &s->found;
        return 0;
}
