/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * p25d: puts the stored policy in force, notifies the service manager, then joins the bus and
 * waits. The one file of the daemon that reads the environment and handles signals.
 */

#include "daemon/alarm.h"
#include "daemon/api/api.h"
#include "daemon/arguments.h"
#include "daemon/attribution/asker.h"
#include "daemon/backend/keeper.h"
#include "daemon/bus/bus.h"
#include "daemon/connections/connections.h"
#include "daemon/connections/listeners.h"
#include "daemon/counting.h"
#include "daemon/events/event.h"
#include "daemon/events/replay.h"
#include "daemon/gather.h"
#include "daemon/host/host.h"
#include "daemon/instance.h"
#include "daemon/log.h"
#include "daemon/log_connection.h"
#include "daemon/loop/clock.h"
#include "daemon/loop/rest.h"
#include "daemon/manager/lookup.h"
#include "daemon/manager/manager.h"
#include "daemon/service.h"
#include "rules/base/diagnostic.h"
#include "rules/base/strv.h"
#include "rules/policy/origin.h"
#include "rules/policy/policy.h"
#include "rules/policy/settings.h"
#include "rules/policy/state.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define KEPT_FDS_MAX 4
/* A command is some six events; a look that p25d takes every few seconds is one or two. */
#define REST_AFTER_USEC (3 * USEC_PER_SEC)
#define REST_EVENTS_MIN 4

typedef struct Daemon {
        const BackendOps *backends[_BACKEND_MAX];
        sd_event *event;
        HostPaths paths;
        int lock_fd;
        Manager *manager;
        Bus *bus;
        ManagerEvents events;
        Events *happened;
        Gather *gather;
        EventsFollower follower;
        Counting counting;
        Alarm *alarm;
        Rest *rest;
        ManagerWait wait; /* a reload for the lock of the packet filter, or for names */
        bool for_names;
        /* last reported */
        uint64_t revision, repairs, pending;
        char *peace;
        bool active;
        int kept_fd;
} Daemon;

/* ---- logging ---- */

/* The netlink socket that owns the table outlives this process in the service manager's hands. */
static void keep_fds(Daemon *d)
{
        int fds[KEPT_FDS_MAX];
        size_t n = manager_keep_fds(d->manager, fds, KEPT_FDS_MAX);

        if (n == 0 && d->kept_fd >= 0) { /* another backend: the table is not to be owned on */
                keeper_drop();
                d->kept_fd = -1;
        }
        if (n == 0 || fds[0] == d->kept_fd)
                return;
        (void)keeper_offer(fds[0]);
        d->kept_fd = fds[0];
}

static void notify_status(Daemon *d, const char *state)
{
        char *const *warnings = manager_warnings(d->manager);

        (void)sd_notifyf(0, "%sSTATUS=%s, revision %" PRIu64 "%s", state,
                manager_is_active(d->manager) ? "Active" : "Inactive",
                manager_policy(d->manager)->state->revision,
                warnings && *warnings ? ", with warnings: see p25ctl status" : "");
}

static void log_warnings(Daemon *d)
{
        char *const *warnings = manager_warnings(d->manager);

        for (; warnings && *warnings; warnings++)
                log_line(LOG_ERR, "%s", *warnings);
}

static void log_repairs(Daemon *d)
{
        const char *culprit = manager_repaired_by(d->manager);
        _cleanup_free_ char *peace = NULL;

        if (manager_repairs(d->manager) != d->repairs) {
                d->repairs = manager_repairs(d->manager);
                log_line(LOG_WARNING,
                        "%s changed the kernel's rules: repaired (%" PRIu64 " in all)",
                        culprit ? culprit : "another process", d->repairs);
        }
        if (manager_peace_text(d->manager, &peace) < 0 || streq_null(peace, d->peace))
                return;
        log_line(peace ? LOG_ERR : LOG_NOTICE, "%s",
                peace ? peace : "no other process changes the kernel's rules any more");
        free(d->peace);
        d->peace = TAKE_PTR(peace);
}

/* "revision 7 by uid 0 (p25ctl): + deny 25/tcp (and 2 more): because" */
static void log_change(const ManagerChanged *c)
{
        const Origin *o = c->origin;

        log_event(&(LogEvent){ .id = LOG_CHANGE,
                          .priority = LOG_INFO,
                          .revision = c->revision,
                          .uid = o->uid,
                          .process = o->process,
                          .unit = o->unit,
                          .remote = o->remote,
                          .reason = o->reason,
                          .outcome = outcome_to_string(c->outcome),
                          .lines = c->diff },
                "revision %" PRIu64 " by uid %" PRIu32 "%s%s%s: %s%s%s", c->revision, o->uid,
                o->process ? " (" : "", o->process ? o->process : "", o->process ? ")" : "",
                o->summary ?: "", o->reason ? ": " : "", o->reason ?: "");
}

/* Logs that a change waits, and that it no longer waits; taking back is a revision. */
static void on_pending(void *data)
{
        Daemon *d = data;
        PendingReport now;

        manager_pending(d->manager, &now);
        if (now.revision > 0)
                log_line(LOG_NOTICE,
                        "revision %" PRIu64 " is taken back in %" PRIu64 " s unless confirmed",
                        now.revision, now.seconds_left);
        else if (d->pending > 0 && manager_policy(d->manager)->state->revision == d->revision)
                log_line(LOG_NOTICE, "revision %" PRIu64 " is confirmed", d->pending);
        d->pending = now.revision;
}

static void on_changed(void *data, const ManagerChanged *c)
{
        Daemon *d = data;

        log_change(c);
        d->revision = c->revision;
        notify_status(d, "");
}

static void on_enforced(void *data)
{
        Daemon *d = data;
        bool active = manager_is_active(d->manager);

        keep_fds(d);
        if (active == d->active)
                return;
        log_line(LOG_NOTICE, active ? "active" : "inactive: nothing is filtered");
        d->active = active;
        notify_status(d, "");
}

static void on_repaired(
        void *data, _unused_ uint64_t count, _unused_ pid_t pid, _unused_ const char *process)
{
        log_repairs(data);
}

static void on_alert(void *data, const ManagerAlert *alert)
{
        if (alert->untold)
                log_line(LOG_WARNING, "%s", alert->text);
        else
                log_repairs(data);
}

static void on_notice(_unused_ void *data, int priority, const char *text)
{
        log_line(priority, "%s", text);
}

static void on_event(void *data, const Event *e, uint64_t left_out)
{
        _cleanup_free_ char *user = NULL;
        Daemon *d = data;

        if (e->has_uid)
                (void)host_user_name(manager_names(d->manager), e->uid, &user);
        log_connection(e, user, left_out);
}

/* ---- signals ---- */

static int on_terminate(
        _unused_ sd_event_source *s, _unused_ const struct signalfd_siginfo *info, void *data)
{
        Daemon *d = data;

        log_line(LOG_NOTICE, "p25d stops; %s",
                d->active ? "the policy stays in force ('p25ctl disable' removes it)"
                          : "p25 is inactive");
        (void)sd_notify(0, "STOPPING=1\nSTATUS=Leaving; the policy stays in force");
        return sd_event_exit(d->event, EXIT_DONE);
}

/* -EBUSY: the packet filter's lock is held, and it will be tried again. */
static int reload(void *data, bool last)
{
        static const Change change = { .process = "p25d", .reason = "SIGHUP" };
        ChangeResult result = { 0 };
        Daemon *d = data;
        int r = manager_reload(d->manager, &change, &result);

        if (r < 0 && result.locked_out && !last) {
                d->for_names = result.unanswered;
                change_result_deinit(&result);
                return -EBUSY;
        }
        if (r < 0)
                log_line(LOG_ERR, "not reloaded, the old policy stays in force: %s",
                        result.message ? result.message : "out of memory");
        else
                log_line(LOG_NOTICE, result.changed ? "reloaded" : "reloaded: nothing has changed");
        for (char **warning = result.warnings; warning && *warning; warning++)
                log_line(LOG_WARNING, "%s", *warning);
        change_result_deinit(&result);
        notify_status(d, "READY=1\n");
        return 0;
}

static int on_hangup(
        _unused_ sd_event_source *s, _unused_ const struct signalfd_siginfo *info, void *data)
{
        Daemon *d = data;

        (void)sd_notifyf(
                0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_now_usec(CLOCK_MONOTONIC));
        d->for_names = false;
        if (d->wait.manager) /* it will see the files as they are then */
                return 0;
        if ((manager_is_waiting(d->manager) || reload(d, false) == -EBUSY) &&
                (d->for_names ? manager_wait_for_names : manager_wait)(
                        d->manager, &d->wait, reload, d) < 0)
                (void)reload(d, true);
        return 0;
}

static int signals_join(Daemon *d)
{
        sigset_t set;
        int r;

        (void)signal(SIGPIPE, SIG_IGN);
        (void)signal(SIGXFSZ, SIG_IGN); /* a limit on files is an error of write(2) */
        sigemptyset(&set);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGHUP);
        if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;
        r = sd_event_add_signal(d->event, NULL, SIGTERM, on_terminate, d);
        if (r >= 0)
                r = sd_event_add_signal(d->event, NULL, SIGINT, on_terminate, d);
        return r < 0 ? r : sd_event_add_signal(d->event, NULL, SIGHUP, on_hangup, d);
}

/* ---- life ---- */

/* Descriptors of a former p25d; those of other names are of no use to anybody. */
static size_t take_fds(int fds[static KEPT_FDS_MAX])
{
        _cleanup_strv_ char **names = NULL;
        int n = sd_listen_fds_with_names(1, &names);
        size_t taken = 0;

        for (int i = 0; i < n; i++)
                if (taken < KEPT_FDS_MAX && names && names[i] && streq(names[i], KEEPER_NAME))
                        fds[taken++] = SD_LISTEN_FDS_START + i;
                else
                        close(SD_LISTEN_FDS_START + i);
        return taken;
}

/* auto: nftables if the kernel has it, else iptables; without either the first, whose absence is
 * then reported. */
static void find_backends(Daemon *d)
{
        d->backends[BACKEND_AUTO] = d->backends[BACKEND_NFTABLES] = &backend_nft;
#ifdef WITH_IPTABLES
        d->backends[BACKEND_IPTABLES] = &backend_iptables;
        if (backend_nft.probe() == -EOPNOTSUPP && backend_iptables.probe() >= 0)
                d->backends[BACKEND_AUTO] = &backend_iptables;
#endif
}

static int start_manager(Daemon *d, const Arguments *a)
{
        int fds[KEPT_FDS_MAX];
        _cleanup_free_ char *message = NULL;
        const ManagerOptions options = {
                .root = a->root,
                .policies = a->policies,
                .backends = d->backends,
                .backend = a->backend,
                .cut = connections_cut,
                .listeners = listeners_find,
                .fds = fds,
                .n_fds = take_fds(fds),
                .boot_id = secure_getenv("P25_BOOT_ID"),
        };
        int r;

        if (options.n_fds > 0)
                d->kept_fd = fds[0];
        r = manager_new(d->event, &options, &d->manager, &message);
        if (r >= 0)
                return 0;
        log_line(LOG_ERR, "%s", message ? message : strerrordesc_np(-r));
        return r;
}

static int replay(void *data, const Ruleset *before, const Ruleset *after, char ***lines)
{
        return replay_tell(events_list(data), before, after, lines);
}

/* Reads what the kernel logs for the policy in it; the backend for tests logs nothing. */
static int start_events(Daemon *d, const Arguments *a)
{
        int r = events_new(d->event, d->paths.state, &d->happened);

        if (r < 0)
                return r;
        d->follower = (EventsFollower){ .event = on_event, .notice = on_notice, .data = d };
        events_follow(d->happened, &d->follower);
        manager_set_replay(d->manager, &(ManagerReplay){ replay, d->happened });
        r = counting_start(&d->counting, d->event,
                &(StatsOptions){ .folder = d->paths.state, .notice = on_notice, .data = d },
                d->manager, d->happened);
        if (r >= 0)
                r = alarm_new(d->event, d->manager, &d->counting, d->paths.state, &d->alarm);
        if (r >= 0 && a->backend != &backend_memory)
                events_listen(d->happened);
        return r;
}

static int remove_policy(Daemon *d)
{
        _cleanup_diagnostics_ Diagnostics told = { 0 };
        int r = manager_remove_policy(d->event, named_backends, n_named_backends, &told);

        for (size_t i = 0; i < told.n; i++)
                log_line(LOG_ERR, "%s", told.items[i].text);
        if (r < 0 && told.n == 0)
                log_line(LOG_ERR, "cannot remove the policy: %s", strerrordesc_np(-r));
        if (r < 0)
                return r == -EPERM ? EXIT_NOT_AUTHORISED : EXIT_KERNEL_REFUSED;
        log_line(LOG_NOTICE, "no policy for mail ports is in the kernel any more");
        return EXIT_DONE;
}

/* Without it root calls over the bus, as everybody does. */
static void listen_to_root(Daemon *d)
{
        _cleanup_free_ char *path = NULL;
        int r = asprintf(&path, "%s/" DIRECT_SOCKET, d->paths.runtime) < 0 ? -ENOMEM : 0;

        if (r >= 0)
                r = bus_listen(d->bus, path);
        if (r < 0)
                log_line(LOG_WARNING, "cannot listen at %s/" DIRECT_SOCKET ": %s", d->paths.runtime,
                        strerrordesc_np(-r));
}

static void leave(Daemon *d)
{
        int r = manager_detach(d->manager, service_is_restarted);

        if (r < 0)
                log_line(LOG_ERR, "the policy may leave the kernel with p25d: %s",
                        strerrordesc_np(-r));
}

static int run(Daemon *d, const Arguments *a)
{
        pid_t other;
        int r;

        r = host_paths_init(&d->paths, a->root, a->policies);
        if (r >= 0)
                r = sd_event_new(&d->event);
        if (r >= 0)
                r = signals_join(d);
        if (r < 0) {
                log_line(LOG_ERR, "cannot start: %s", strerrordesc_np(-r));
                return EXIT_FAILED;
        }
        r = instance_lock(d->paths.runtime, &other, &d->lock_fd);
        if (r == -EWOULDBLOCK) {
                log_line(LOG_ERR, "p25d is already running (process %d)", (int)other);
                return EXIT_FAILED;
        }
        if (r < 0) {
                log_line(LOG_ERR, "cannot lock %s: %s%s", d->paths.runtime, strerrordesc_np(-r),
                        r == -EACCES ? " (start p25d as root)" : "");
                return r == -EACCES || r == -EPERM ? EXIT_NOT_AUTHORISED : EXIT_FAILED;
        }
        if (a->remove_policy)
                return remove_policy(d);
        find_backends(d);
        r = start_manager(d, a);
        if (r < 0)
                return r == -ENOMEM ? EXIT_FAILED : EXIT_KERNEL_REFUSED;

        d->active = manager_is_active(d->manager);
        d->revision = manager_policy(d->manager)->state->revision;
        keep_fds(d);
        notify_status(d, "READY=1\n");
        log_line(LOG_NOTICE, "%s, revision %" PRIu64 "%s%s",
                d->active ? "the policy is in force" : "inactive", d->revision,
                d->active ? ", backend " : "", manager_backend_name(d->manager));
        log_warnings(d);
        on_pending(d);
        manager_add_events(d->manager, &d->events);

        r = sd_event_set_watchdog(d->event, true);
        if (r >= 0)
                r = start_events(d, a);
        if (r >= 0)
                r = bus_new(d->event, d->manager, &d->bus);
        if (r < 0) {
                log_line(LOG_ERR, "cannot begin to listen: %s", strerrordesc_np(-r));
                return EXIT_FAILED;
        }
        bus_set_notice(d->bus, on_notice, d);
        bus_set_events(d->bus, d->happened);
        alarm_set_bus(d->alarm, d->bus);
        bus_set_stats(d->bus, d->counting.stats);
        r = gather_new(d->event, d->manager, d->happened, &d->gather); /* now all follow */
        if (r < 0) {
                log_line(LOG_ERR, "cannot gather events: %s", strerrordesc_np(-r));
                return EXIT_FAILED;
        }
        listen_to_root(d);
        r = rest_new(d->event,
                &(RestOptions){ .after_usec = REST_AFTER_USEC, .events_min = REST_EVENTS_MIN },
                &d->rest);
        if (r >= 0)
                r = sd_event_loop(d->event);
        if (r < 0) {
                log_line(LOG_ERR, "the event loop failed: %s", strerrordesc_np(-r));
                return EXIT_FAILED;
        }
        leave(d);
        return r;
}

static void daemon_deinit(Daemon *d)
{
        rest_free(d->rest);
        gather_free(d->gather);
        alarm_free(d->alarm);
        bus_free(d->bus);
        counting_stop(&d->counting);
        events_free(d->happened);
        manager_free(d->manager);
        sd_event_unref(d->event);
        if (d->lock_fd >= 0)
                close(d->lock_fd);
        host_paths_deinit(&d->paths);
        free(d->peace);
}

int main(int argc, char **argv)
{
        Daemon d = { .lock_fd = -1,
                .kept_fd = -1,
                .events = { .changed = on_changed,
                        .enforced = on_enforced,
                        .pending = on_pending,
                        .repaired = on_repaired,
                        .alert = on_alert,
                        .data = &d } };
        Arguments a = { 0 };
        int status;

        if (argc == 2 && streq(argv[1], ASKER_OPTION))
                return asker_run();
        if (argc == 2 && streq(argv[1], LOOKUP_PROCESS))
                lookup_serve();
        log_open("p25d");
        if (arguments_parse(argc, argv, &a, &status) < 0)
                return status;
        status = run(&d, &a);
        daemon_deinit(&d);
        return status;
}
