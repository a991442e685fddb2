/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Names whose numbers change while the policy stays: users and groups that are made or removed,
 * units that start and stop. Found by inotify, and by polling only where inotify does not reach.
 */

#include "daemon/manager/internal.h"

#include "daemon/loop/clock.h"
#include "daemon/loop/timer.h"
#include "daemon/manager/lookup.h"
#include "daemon/manager/user_folders.h"
#include "rules/base/hash.h"
#include "rules/base/strv.h"
#include "rules/policy/direction.h"
#include "rules/policy/names.h"
#include "rules/ruleset/compiledrule.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

/* useradd writes several files: one look after the last */
#define SETTLE_USEC (100 * UINT64_C(1000))
#define UNIT_INTERVAL_USEC (2 * USEC_PER_SEC)
#define NAME_INTERVAL_USEC (4 * USEC_PER_SEC)
#define NAME_INTERVAL_MAX_USEC (64 * USEC_PER_SEC)
/* The name service is asked after this, when the host is up, and not before. */
#define NAME_SERVICE_DELAY_USEC (3 * USEC_PER_SEC)

#define TIMER_SLACK_USEC 10000

static int on_settled(sd_event_source *s, uint64_t usec, void *data);
static int on_service(sd_event_source *s, uint64_t usec, void *data);
static int on_units(sd_event_source *s, uint64_t usec, void *data);
static int on_unwatched(sd_event_source *s, uint64_t usec, void *data);

static const TimerKind settle_timer = { CLOCK_MONOTONIC, TIMER_SLACK_USEC, on_settled },
                       service_timer = { CLOCK_MONOTONIC, TIMER_SLACK_USEC, on_service },
                       units_timer = { CLOCK_MONOTONIC, TIMER_SLACK_USEC, on_units },
                       unwatched_timer = { CLOCK_MONOTONIC, TIMER_SLACK_USEC, on_unwatched };

struct Watch {
        Manager *manager;
        sd_event_source *files;     /* inotify of the folder of passwd and the like */
        sd_event_source *unwatched; /* timer, while there is none */
        uint64_t seen;              /* files_hash() */
        sd_event_source *settle;    /* timer after the files changed */
        sd_event_source *service;   /* timer: the name service */
        sd_event_source *units;     /* timer, while a unit is named whose folders are not watched */
        ManagerWait wait;
        Lookup *lookup;
        UserFolders *user_folders; /* NULL: not watched */
        bool service_began;
        uint64_t service_interval_usec;
        char **folders; /* where units appear */
        sd_event_source **folder_sources;
        size_t n_folder_sources;
        size_t n_watched; /* how often folders were looked for */
};

static void folders_deinit(Watch *w)
{
        for (size_t i = 0; i < w->n_folder_sources; i++)
                sd_event_source_disable_unref(w->folder_sources[i]);
        free(TAKE_PTR(w->folder_sources));
        w->n_folder_sources = 0;
        strv_free(TAKE_PTR(w->folders));
}

Watch *watch_free(Watch *w)
{
        if (!w)
                return NULL;
        sd_event_source_disable_unref(w->files);
        sd_event_source_disable_unref(w->unwatched);
        sd_event_source_disable_unref(w->settle);
        sd_event_source_disable_unref(w->service);
        sd_event_source_disable_unref(w->units);
        manager_wait_cancel(&w->wait);
        lookup_free(w->lookup);
        user_folders_free(w->user_folders);
        folders_deinit(w);
        free(w);
        return NULL;
}

/* ---- looking again ---- */

/* Looks at all names again. What fails leaves the policy as it was; the next look may do better. */
static int look(Manager *m)
{
        _cleanup_candidate_ Candidate c = { .names = manager_resolver(
                                                    m, m->in_force.policy, RESOLVE_AGAIN) };
        Enforcement how = { .same = true };
        int r = resolver_compile(&c.names, &c.told, &c.ruleset);

        return r < 0 ? r : manager_enforce(m, &c, &how, NULL);
}

static void resolve(Watch *w);

/* For as long as another program keeps the lock of the packet filter: nobody else looks again. */
static int resolve_again(void *data, bool last)
{
        Watch *w = data;
        int r = look(w->manager);

        if (r == -EBUSY && last)
                resolve(w);
        return r;
}

static void resolve(Watch *w)
{
        if (!w->wait.manager && look(w->manager) == -EBUSY)
                (void)manager_wait(w->manager, &w->wait, resolve_again, w);
}

/* ---- users and groups ---- */

static int on_settled(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        Watch *w = data;

        resolve(w);
        return 0;
}

static const char *const name_files[] = { "passwd", "group", "subuid", "subgid" };

static bool is_watched(const char *file)
{
        for (size_t i = 0; i < ELEMENTS(name_files); i++)
                if (streq(name_files[i], file))
                        return true;
        return false;
}

static int on_files(_unused_ sd_event_source *s, const struct inotify_event *event, void *data)
{
        Watch *w = data;
        bool lost = event->mask & IN_Q_OVERFLOW;

        if (lost || (event->len > 0 && is_watched(event->name)))
                (void)timer_arm(w->manager->event, &w->settle, &settle_timer, SETTLE_USEC, w);
        if (lost || (event->len > 0 && streq(event->name, "nsswitch.conf")))
                (void)timer_arm(
                        w->manager->event, &w->service, &service_timer, NAME_SERVICE_DELAY_USEC, w);
        return 0;
}

/* Of a change of any of the files another one. */
static uint64_t files_hash(const Watch *w)
{
        uint64_t h = HASH_BEGIN;
        char path[PATH_MAX];

        for (size_t i = 0; i < ELEMENTS(name_files); i++) {
                struct stat st = { 0 };

                (void)snprintf(path, sizeof(path), "%s/%s", host_names_folder(w->manager->names),
                        name_files[i]);
                (void)stat(path, &st);
                h = hash_number(hash_number(h, st.st_ino), (uint64_t)st.st_size);
                h = hash_number(
                        hash_number(h, (uint64_t)st.st_mtim.tv_sec), (uint64_t)st.st_mtim.tv_nsec);
        }
        return hash_finish(h);
}

/* Without inotify, of which a user has a limited number, the files are looked at, and the next look
 * tries again. */
static void watch_files(Watch *w)
{
        sd_event *event = w->manager->event;

        if (sd_event_add_inotify(event, &w->files, host_names_folder(w->manager->names),
                    IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE | IN_ONLYDIR, on_files, w) < 0)
                (void)timer_arm(event, &w->unwatched, &unwatched_timer, NAME_INTERVAL_USEC, w);
}

static int on_unwatched(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        Watch *w = data;
        uint64_t now;

        watch_files(w); /* before they are looked at: nothing is missed in between */
        now = files_hash(w);
        if (now != w->seen)
                resolve(w);
        w->seen = now;
        return 0;
}

/* ---- the name service ---- */

static void on_wanted(void *data)
{
        lookup_begin(((Watch *)data)->lookup);
}

/* A service that answers slowly is asked less often. */
static void on_answered(void *data, bool changed)
{
        Watch *w = data;

        if (lookup_took_usec(w->lookup) < SETTLE_USEC)
                w->service_interval_usec = NAME_INTERVAL_USEC;
        else if (w->service_interval_usec < NAME_INTERVAL_MAX_USEC)
                w->service_interval_usec *= 2;
        if (changed)
                resolve(w);
        manager_names_are_answered(w->manager);
}

static void on_user_folders(void *data)
{
        Watch *w = data;

        (void)timer_arm(w->manager->event, &w->service, &service_timer, SETTLE_USEC, w);
}

/* The next time: when a folder reports a user, or, where users may come from elsewhere, soon. */
static void service_again(Watch *w)
{
        if (!w->user_folders)
                w->user_folders = user_folders_new(w->manager->event, on_user_folders, w);
        if (!w->user_folders || host_names_must_be_asked(w->manager->names))
                (void)timer_arm(w->manager->event, &w->service, &service_timer,
                        w->service_interval_usec, w);
}

void watch_ask_names(Manager *m)
{
        Watch *w = m->watch;

        if (!w || !w->service_began)
                return;
        service_refresh(host_names_service(m->names));
        lookup_begin(w->lookup);
}

static int on_service(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        Watch *w = data;
        HostNames *names = w->manager->names;

        host_names_set_nss(names, true);
        if (!host_names_use_service(names))
                return 0;
        if (!w->service_began) /* all that the policy names is wanted now */
                resolve(w);
        w->service_began = true;
        service_again(w); /* before it is asked: nothing is missed in between */
        service_refresh(host_names_service(names));
        lookup_begin(w->lookup);
        return 0;
}

/* ---- units ---- */

typedef int (*UnitVisitor)(const CompiledUnit *unit, void *data);

/* Stops at the first answer that is not 0, and gives it. */
static int each_unit(const Ruleset *r, UnitVisitor visit, void *data)
{
        const RulesetDirection *out = &r->directions[DIRECTION_OUT];

        for (size_t i = 0; i < out->n; i++)
                for (size_t j = 0; j < out->rules[i].n_units; j++) {
                        int q = visit(&out->rules[i].units[j], data);

                        if (q != 0)
                                return q;
                }
        return 0;
}

/* A folder of the tree, and those who look for it. */
typedef struct Appearance {
        const char *name;
        const Manager *manager;
} Appearance;

static int unit_is_named(const CompiledUnit *unit, void *data)
{
        const Appearance *a = data;
        _cleanup_free_ char *real = NULL;

        return host_unit_real_name(a->manager->paths.root, unit->name, &real) >= 0 &&
               streq(a->name + (a->name[0] == '_'), real);
}

static int unit_has_moved(const CompiledUnit *unit, void *data)
{
        const Manager *m = data;
        Names names = host_names(m->names);
        Cgroup now = { 0 };

        if (names.unit(names.data, unit->name, &now) < 0)
                now = (Cgroup){ 0 };
        return now.id != unit->cgroup || (now.id != 0 && now.level != unit->level);
}

typedef struct UnitFolders {
        const Manager *manager;
        char ***folders;
} UnitFolders;

/* The folder in which `systemctl enable` puts aliases, if it is there. */
static bool unit_files(const Manager *m, char ret[static PATH_MAX])
{
        return snprintf(ret, PATH_MAX, "%s/etc/systemd/system", m->paths.root ?: "") < PATH_MAX &&
               access(ret, F_OK) >= 0;
}

static int unit_add_folders(const CompiledUnit *unit, void *data)
{
        const char *mount = host_cgroup_mount();
        _cleanup_strv_ char **folders = NULL;
        _cleanup_free_ char *real = NULL;
        const UnitFolders *all = data;
        char files[PATH_MAX];

        if (unit_files(all->manager, files) && !strv_contains(*all->folders, files) &&
                strv_append(all->folders, files) < 0)
                return -ENOMEM;
        if (!mount || host_unit_real_name(all->manager->paths.root, unit->name, &real) < 0 ||
                host_unit_parents(mount, real, &folders) < 0)
                return 0;
        STRV_FOREACH (folder, folders)
                if (!strv_contains(*all->folders, *folder) &&
                        strv_append(all->folders, *folder) < 0)
                        return -ENOMEM;
        return 0;
}

static bool is_slice(const char *name)
{
        size_t n = strlen(name);

        return n > strlen(".slice") && streq(name + n - strlen(".slice"), ".slice");
}

/* Is it in the folder of aliases? */
static bool is_unit_file(const Watch *w, const char *name)
{
        char folder[PATH_MAX], path[PATH_MAX + NAME_MAX + 2];

        if (!unit_files(w->manager, folder))
                return false;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
        return faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) >= 0;
}

static void watch_update(Watch *w);

static int on_folder(_unused_ sd_event_source *s, const struct inotify_event *event, void *data)
{
        Watch *w = data;
        Appearance a = { event->name, w->manager };
        bool named =
                event->len > 0 && each_unit(w->manager->in_force.ruleset, unit_is_named, &a) != 0;

        if (named || (event->mask & (IN_Q_OVERFLOW | IN_DELETE_SELF)))
                resolve(w);
        /* a slice that appears may be where the unit will be, an alias what the unit is called */
        if (event->len == 0 || is_slice(event->name) || is_unit_file(w, event->name)) {
                watch_update(w);
                /* and it may be there already */
                if (!named &&
                        each_unit(w->manager->in_force.ruleset, unit_has_moved, w->manager) != 0)
                        resolve(w);
        }
        return 0;
}

static int on_units(_unused_ sd_event_source *s, _unused_ uint64_t usec, void *data)
{
        Watch *w = data;

        if (each_unit(w->manager->in_force.ruleset, unit_has_moved, w->manager) != 0)
                resolve(w);
        watch_update(w);
        return 0;
}

/* False: not all of them can be watched. */
static bool watch_folders(Watch *w, char **folders)
{
        size_t n = strv_length(folders);

        folders_deinit(w);
        w->n_watched++;
        w->folders = folders;
        w->folder_sources = calloc(n + 1, sizeof(sd_event_source *));
        for (size_t i = 0; w->folder_sources && i < n; i++)
                if (sd_event_add_inotify(w->manager->event, &w->folder_sources[w->n_folder_sources],
                            folders[i],
                            IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR,
                            on_folder, w) >= 0)
                        w->n_folder_sources++;
        return w->n_folder_sources == n;
}

/* Folders may appear while others are being watched: looks until there are no more. */
#define FOLDERS_TRIES 5

/* False: not all folders are watched. */
static bool watch_all_folders(Watch *w)
{
        bool watched = w->n_folder_sources == strv_length(w->folders);

        for (int i = 0; i < FOLDERS_TRIES; i++) {
                _cleanup_strv_ char **folders = NULL;

                if (each_unit(w->manager->in_force.ruleset, unit_add_folders,
                            &(UnitFolders){ w->manager, &folders }) < 0)
                        return false;
                if (strv_equal(w->folders, folders))
                        return watched;
                watched = watch_folders(w, TAKE_PTR(folders));
        }
        return false;
}

static void watch_update(Watch *w)
{
        size_t before;
        bool watched;

        if (!w)
                return;
        before = w->n_watched;
        watched = watch_all_folders(w);
        /* a unit that started before its folder was watched */
        if (w->n_watched != before &&
                each_unit(w->manager->in_force.ruleset, unit_has_moved, w->manager) != 0)
                (void)timer_arm(w->manager->event, &w->settle, &settle_timer, 0, w);
        if (!watched)
                (void)timer_arm(w->manager->event, &w->units, &units_timer, UNIT_INTERVAL_USEC, w);
        else
                timer_disarm(w->units);
}

void watch_follow(Manager *m)
{
        watch_update(m->watch);
}

int watch_new(Manager *m, Watch **ret)
{
        _cleanup_(watch_free_p) Watch *w = calloc(1, sizeof(*w));
        int r;

        if (!w)
                return -ENOMEM;
        w->manager = m;
        w->service_interval_usec = NAME_INTERVAL_USEC;
        r = lookup_new(m->event, host_names_service(m->names), on_answered, w, &w->lookup);
        if (r < 0)
                return r;
        host_names_defer(m->names, on_wanted, w);
        r = timer_arm(m->event, &w->service, &service_timer, NAME_SERVICE_DELAY_USEC, w);
        if (r < 0)
                return r;
        w->seen = files_hash(w);
        watch_files(w);
        *ret = TAKE_PTR(w);
        return 0;
}
