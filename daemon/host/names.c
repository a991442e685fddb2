/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * User and group names to numbers and back: from the files first, which never block, then from the
 * name service, where that is allowed and knows more than the files.
 */

#include "rules/policy/names.h"
#include "daemon/host/internal.h"
#include "daemon/host/names_file.h"
#include "daemon/host/nsswitch.h"
#include "daemon/host/service.h"
#include "daemon/host/subordinates.h"
#include "rules/base/text.h"
#include "rules/compare/idnames.h"
#include "rules/policy/judge.h"
#include "rules/policy/subordinate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

struct HostNames {
        char *folder;
        NamesFile passwd, group, nsswitch;
        SubordinateFiles subordinates;
        char *cgroups; /* NULL: as mounted now */
        char *root;    /* of units' files; NULL: there are none */
        bool fixed;    /* not this host's: a test's, or an image's */
        bool use_nss;
        bool waits;    /* though deferred: this process has nothing else to do */
        bool deferred; /* the service is asked by somebody else, who is called when it is to be */
        void (*wanted)(void *data);
        void *wanted_data;
        ServiceCache service;
};

HostNames *host_names_free(HostNames *n)
{
        if (!n)
                return NULL;
        NamesFile *const files[] = { &n->passwd, &n->group, &n->nsswitch };
        for (size_t i = 0; i < ELEMENTS(files); i++)
                names_file_deinit(files[i]);
        subordinate_files_deinit(&n->subordinates);
        service_cache_deinit(&n->service);
        free(n->folder);
        free(n->cgroups);
        free(n->root);
        free(n);
        return NULL;
}

static int names_new(const char *etc, HostNames **ret)
{
        _cleanup_(host_names_free_p) HostNames *n = calloc(1, sizeof(*n));

        if (!n || !(n->folder = strdup(etc)) || names_file_init(&n->passwd, etc, "passwd") < 0 ||
                names_file_init(&n->group, etc, "group") < 0 ||
                names_file_init(&n->nsswitch, etc, "nsswitch.conf") < 0 ||
                subordinate_files_init(&n->subordinates, etc) < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(n);
        return 0;
}

int host_names_new(bool use_nss, HostNames **ret)
{
        int r = names_new("/etc", ret);

        if (r < 0)
                return r;
        (*ret)->use_nss = use_nss;
        return host_names_set_root(*ret, "");
}

int host_names_new_at(const char *etc, const char *cgroups, HostNames **ret)
{
        _cleanup_(host_names_free_p) HostNames *n = NULL;
        int r = names_new(etc, &n);

        if (r < 0)
                return r;
        n->fixed = true;
        n->cgroups = cgroups ? strdup(cgroups) : NULL;
        if (cgroups && !n->cgroups)
                return -ENOMEM;
        *ret = TAKE_PTR(n);
        return 0;
}

void host_names_hold(HostNames *n, bool held)
{
        NamesFile *const files[] = { &n->passwd, &n->group, &n->nsswitch };

        for (size_t i = 0; i < ELEMENTS(files); i++)
                names_file_hold(files[i], held);
}

void host_names_set_nss(HostNames *n, bool use_nss)
{
        n->use_nss = use_nss;
}

/* The first line that begins with the name. */
static const char *file_find_name(NamesFile *f, const char *name)
{
        size_t n = strlen(name);

        /* '+' and '-' begin entries of NIS, which are not users */
        if (n == 0 || name[0] == '+' || name[0] == '-' || strpbrk(name, ":\n"))
                return NULL;
        for (const char *line = names_file_text(f); line && *line; line = names_line_next(line))
                if (strncmp(line, name, n) == 0 && line[n] == ':')
                        return line;
        return NULL;
}

static int file_find_number(NamesFile *f, const char *name, unsigned field, uint32_t *ret)
{
        const char *line = file_find_name(f, name);

        return line && names_field_number(line, field, ret) >= 0 ? 0 : -ENOENT;
}

/* By nsswitch.conf, whether the service is asked already or not. */
static NssReach configured_reach(HostNames *n, const char *database)
{
        return n->fixed ? NSS_FILES : nss_reach(&n->nsswitch, database);
}

static NssReach database_reach(HostNames *n, const char *database)
{
        return n->use_nss ? configured_reach(n, database) : NSS_FILES;
}

/* For users or for groups, whichever is farther. */
static NssReach names_reach(HostNames *n)
{
        NssReach users = database_reach(n, "passwd"), groups = database_reach(n, "group");

        return users > groups ? users : groups;
}

bool host_names_use_service(HostNames *n)
{
        return names_reach(n) > NSS_FILES;
}

bool host_names_must_be_asked(HostNames *n)
{
        NssReach reach = names_reach(n);

        return reach == NSS_ANYWHERE || (reach == NSS_WATCHED && userdb_has_others());
}

const char *host_names_folder(const HostNames *n)
{
        return n->folder;
}

/* The answer of the service, of now or, where waiting is not allowed, of earlier: 0, -ENOENT;
 * -EAGAIN: it was not asked yet, and will be; -ENOMEM. */
static int service_ask(HostNames *n, ServiceKind kind, const char *name, uint32_t number,
        bool guest, ServiceAnswer *ret)
{
        ServiceQuery q = { .kind = kind, .number = number };
        int r;

        if (name && (size_t)snprintf(q.name, sizeof(q.name), "%s", name) >= sizeof(q.name))
                return -ENOENT;
        if (!n->deferred) {
                service_query(&q, ret);
                return ret->error;
        }
        r = service_lookup(&n->service, &q, guest, ret);
        if (r == -EAGAIN && n->waits) {
                service_query(&q, ret);
                return ret->error;
        }
        if (r == -EAGAIN && n->wanted && n->use_nss)
                n->wanted(n->wanted_data);
        return r;
}

static int files_user(void *data, const char *name, uint32_t *ret_uid)
{
        HostNames *n = data;

        return file_find_number(&n->passwd, name, 2, ret_uid);
}

static int files_group(void *data, const char *name, uint32_t *ret_gid)
{
        HostNames *n = data;

        return file_find_number(&n->group, name, 2, ret_gid);
}

static int id_of(HostNames *n, ServiceKind kind, const char *name, bool guest, uint32_t *ret)
{
        bool group = kind == SERVICE_GROUP;
        int r = file_find_number(group ? &n->group : &n->passwd, name, 2, ret);
        NssReach reach = r < 0 ? configured_reach(n, group ? "group" : "passwd") : NSS_FILES;
        ServiceAnswer answer;

        /* before the service may be asked, only it knows who is missing */
        if (r >= 0 || reach == NSS_FILES || (reach == NSS_WATCHED && !n->use_nss))
                return r;
        r = service_ask(n, kind, name, 0, guest, &answer);
        if (r >= 0)
                *ret = answer.number;
        return r;
}

static int names_user(void *data, const char *name, uint32_t *ret_uid)
{
        return id_of(data, SERVICE_USER, name, false, ret_uid);
}

static int names_group(void *data, const char *name, uint32_t *ret_gid)
{
        return id_of(data, SERVICE_GROUP, name, false, ret_gid);
}

static int guest_user(void *data, const char *name, uint32_t *ret_uid)
{
        return id_of(data, SERVICE_USER, name, true, ret_uid);
}

static int guest_group(void *data, const char *name, uint32_t *ret_gid)
{
        return id_of(data, SERVICE_GROUP, name, true, ret_gid);
}

int host_names_set_root(HostNames *n, const char *root)
{
        free(TAKE_PTR(n->root));
        return strdup_null(root, &n->root);
}

static int names_unit(void *data, const char *name, Cgroup *ret)
{
        HostNames *n = data;
        const char *mount = n->fixed ? n->cgroups : host_cgroup_mount();
        _cleanup_free_ char *real = NULL;
        int r = n->root ? host_unit_real_name(n->root, name, &real) : 0;

        if (r < 0)
                return r;
        return mount ? host_unit_find(mount, real ?: name, ret) : -EOPNOTSUPP;
}

/* ---- all users ---- */

static int uid_compare(const void *a, const void *b)
{
        uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

        return (x > y) - (x < y);
}

/* Users may share an id. */
static int names_accounts(void *data, size_t max, uint32_t **ret, size_t *ret_n)
{
        HostNames *names = data;
        uint32_t *uids = calloc(max + 1, sizeof(*uids));
        size_t n = 0, unique = 0;

        if (!uids)
                return -ENOMEM;
        for (const char *line = names_file_text(&names->passwd); line && *line && n < max;
                line = names_line_next(line))
                if (*line != '+' && *line != '-' && names_field_number(line, 2, &uids[n]) >= 0)
                        n++;
        qsort(uids, n, sizeof(*uids), uid_compare);
        for (size_t i = 0; i < n; i++)
                if (unique == 0 || uids[unique - 1] != uids[i])
                        uids[unique++] = uids[i];
        *ret = uids;
        *ret_n = unique;
        return 0;
}

/* ---- subordinate ids ---- */

/* The owner of a line: a user of the files, or one that the name service has been asked for. */
static int find_owner(void *data, const char *name, uint32_t *ret_uid)
{
        HostNames *n = data;
        ServiceQuery q = { .kind = SERVICE_USER };
        ServiceAnswer answer;

        if (database_reach(n, "passwd") == NSS_FILES ||
                (size_t)snprintf(q.name, sizeof(q.name), "%s", name) >= sizeof(q.name))
                return -ENOENT;
        if (n->deferred && !n->waits) {
                if (!service_known(&n->service, &q, &answer))
                        return -ENOENT;
        } else {
                service_query(&q, &answer);
        }
        *ret_uid = answer.number;
        return answer.error;
}

static int subordinates_find(HostNames *n, const Subordinates **ret)
{
        return subordinate_files_read(&n->subordinates, &n->passwd, &n->group,
                database_reach(n, "passwd") > NSS_FILES ? find_owner : NULL, n, ret);
}

static int names_subordinates(void *data, Subordinates *ret)
{
        const Subordinates *found;
        int r = subordinates_find(data, &found);

        return r < 0 ? r : subordinates_copy(found, ret);
}

int host_user_owner(HostNames *n, uint32_t uid, uint32_t *ret_owner)
{
        const Subordinates *found;
        int r = subordinates_find(n, &found);

        if (r < 0)
                return r;
        return id_ranges_owner(&found->users, uid, ret_owner) ? 0 : -ENOENT;
}

/* ---- the interface ---- */

Names host_names(HostNames *n)
{
        return (Names){ names_user, names_group, names_unit, n, names_subordinates,
                names_accounts };
}

Names host_names_of_guest(HostNames *n)
{
        return (Names){ guest_user, guest_group, names_unit, n, names_subordinates,
                names_accounts };
}

Names host_names_of_files(HostNames *n)
{
        return (Names){ files_user, files_group, names_unit, n, names_subordinates,
                names_accounts };
}

/* The name for a number, in /etc/passwd and /etc/group alike; -ENOENT. */
static int file_name_of(NamesFile *f, uint32_t wanted, char **ret)
{
        uint32_t number;
        size_t length;

        for (const char *line = names_file_text(f); line && *line; line = names_line_next(line)) {
                const char *name = names_line_field(line, 0, &length);

                if (names_field_number(line, 2, &number) < 0 || number != wanted || length == 0 ||
                        name[0] == '+' || name[0] == '-')
                        continue;
                *ret = strndup(name, length);
                if (!*ret)
                        return -ENOMEM;
                text_make_printable(*ret);
                return 0;
        }
        return -ENOENT;
}

int host_group_name(HostNames *n, uint32_t gid, char **ret)
{
        int r = file_name_of(&n->group, gid, ret);

        if (r == -ENOENT)
                *ret = NULL;
        return r == -ENOENT ? 0 : r;
}

int host_user_name(HostNames *n, uint32_t uid, char **ret)
{
        ServiceAnswer answer;
        int r = file_name_of(&n->passwd, uid, ret);

        if (r != -ENOENT)
                return r;
        *ret = NULL;
        if (database_reach(n, "passwd") == NSS_FILES ||
                service_ask(n, SERVICE_USER_ID, NULL, uid, true, &answer) < 0)
                return 0;
        *ret = strdup(answer.name);
        if (!*ret)
                return -ENOMEM;
        text_make_printable(*ret);
        return 0;
}

static int id_user(void *data, uint32_t uid, char **ret)
{
        return host_user_name(data, uid, ret);
}

static int id_group(void *data, uint32_t gid, char **ret)
{
        return host_group_name(data, gid, ret);
}

IdNames host_id_names(HostNames *n)
{
        return (IdNames){ id_user, id_group, n };
}

/* A name of digits is read as a number, and of two users with one name the first is found. */
static bool means_user(HostNames *n, const char *name, uint32_t uid)
{
        uint32_t found;

        return identity_is_valid(name, false) && name[0] != '$' &&
               name[strspn(name, "0123456789")] != '\0' && names_user(n, name, &found) >= 0 &&
               found == uid;
}

int host_user_in_rule(HostNames *n, uint32_t uid, char **ret)
{
        _cleanup_free_ char *name = NULL;
        int r = host_user_name(n, uid, &name);

        if (r < 0)
                return r;
        if (name && means_user(n, name, uid)) {
                *ret = TAKE_PTR(name);
                return 0;
        }
        if (text_printf(ret, "%" PRIu32, uid) < 0)
                return -ENOMEM;
        return 0;
}

static int text_to_uid(const char *text, uint32_t *ret)
{
        return names_field_number(text, 0, ret) >= 0 && !strpbrk(text, ":\n") ? 0 : -EINVAL;
}

/* The primary group of a user whom the files do not have. */
static int service_group(
        HostNames *n, ServiceKind kind, const char *name, uint32_t uid, uint32_t *ret_gid)
{
        ServiceAnswer answer;

        if (database_reach(n, "passwd") == NSS_FILES ||
                service_ask(n, kind, name, uid, true, &answer) < 0)
                return -ENOENT;
        *ret_gid = answer.group;
        return 0;
}

int host_user_group(HostNames *n, const char *user, uint32_t *ret_gid)
{
        uint32_t uid, number;

        if (text_to_uid(user, &uid) >= 0) {
                for (const char *line = names_file_text(&n->passwd); line && *line;
                        line = names_line_next(line))
                        if (names_field_number(line, 2, &number) >= 0 && number == uid)
                                return names_field_number(line, 3, ret_gid) >= 0 ? 0 : -ENOENT;
                return service_group(n, SERVICE_USER_ID, NULL, uid, ret_gid);
        }
        if (file_find_number(&n->passwd, user, 3, ret_gid) >= 0)
                return 0;
        return service_group(n, SERVICE_USER, user, 0, ret_gid);
}

/* ---- the name service, without waiting for it ---- */

void host_names_defer(HostNames *n, void (*wanted)(void *data), void *data)
{
        n->deferred = true;
        n->wanted = wanted;
        n->wanted_data = data;
}

void host_names_wait(HostNames *n)
{
        n->waits = true;
}

ServiceCache *host_names_service(HostNames *n)
{
        return &n->service;
}
