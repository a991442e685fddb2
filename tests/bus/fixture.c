/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/bus/fixture.h"

#include "daemon/events/event.h"
#include "daemon/events/events.h"
#include "daemon/manager/manager.h"

#include <grp.h>

#define BUS_CONF "packaging/dbus/org.port25.Policy1.conf"

#define LOOK_USEC 10000

uint64_t now_usec(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

void write_text(const char *folder, const char *name, const char *text)
{
        char path[256];
        FILE *f;

        snprintf(path, sizeof(path), "%s/%s", folder, name);
        f = fopen(path, "we");
        assert_non_null(f);
        assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
        assert_int_equal(fclose(f), 0);
}

static void make_folders(const char *folder)
{
        static const char *const names[] = { "root", "root/etc", "root/etc/p25",
                "root/etc/p25/roles.d", "root/etc/p25/policy.d", "root/run", "root/var",
                "root/var/lib", "policies" };
        char path[256];

        for (size_t i = 0; i < ELEMENTS(names); i++) {
                snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
                assert_int_equal(mkdir(path, 0755), 0);
        }
        write_text(folder, "policies/mx.conf",
                "role = { name = \"mx\"; summary = \"Receives\";\n"
                "  default = { outgoing = \"reject\"; };\n"
                "  rules = ( { action = \"allow\"; direction = \"out\"; user = [ \"root\" ]; } );\n"
                "};\n");
        write_text(folder, "policies/relay.conf",
                "role = { name = \"relay\"; summary = \"Relays\";\n"
                "  vars = { internal = { type = \"networks\"; required = true; }; };\n"
                "  rules = ( { action = \"allow\"; direction = \"in\"; from = \"$internal\"; } );\n"
                "};\n");
        write_text(folder, "root/etc/p25/policy.d/site.conf",
                "rules = ( { action = \"deny\"; direction = \"in\"; from = [ \"192.0.2.66\" ]; } "
                ");\n"
                "sets = { office = { entries = [ \"198.51.100.0/24\" ]; }; };\n");
}

/* ---- the bus ---- */

static bool bus_answers(const Fixture *f)
{
        _cleanup_(sd_bus_flush_close_unrefp) sd_bus *bus = NULL;

        return sd_bus_new(&bus) >= 0 && sd_bus_set_address(bus, f->address) >= 0 &&
               sd_bus_set_bus_client(bus, true) >= 0 && sd_bus_start(bus) >= 0 &&
               sd_bus_get_unique_name(bus, &(const char *){ NULL }) >= 0;
}

/* The system bus's own rules: nobody owns names or calls methods unless a file says so. */
static void write_bus_conf(const Fixture *f)
{
        _cleanup_free_ char *text = NULL, *rules = realpath(BUS_CONF, NULL);

        assert_non_null(rules);
        assert_true(asprintf(&text,
                            "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus "
                            "Configuration 1.0//EN\" \"http://www.freedesktop.org/standards/dbus/"
                            "1.0/busconfig.dtd\">\n"
                            "<busconfig><type>system</type><listen>%s</listen>"
                            "<auth>EXTERNAL</auth>"
                            "<policy context=\"default\"><allow user=\"*\"/>"
                            "<deny own=\"*\"/><deny send_type=\"method_call\"/>"
                            "<allow send_type=\"signal\"/>"
                            "<allow send_requested_reply=\"true\" send_type=\"method_return\"/>"
                            "<allow send_requested_reply=\"true\" send_type=\"error\"/>"
                            "<allow receive_type=\"method_call\"/>"
                            "<allow receive_type=\"method_return\"/>"
                            "<allow receive_type=\"error\"/><allow receive_type=\"signal\"/>"
                            "<allow send_destination=\"org.freedesktop.DBus\"/>"
                            "<allow send_destination=\"org.freedesktop.PolicyKit1\"/></policy>"
                            "<policy user=\"root\">"
                            "<allow own=\"org.freedesktop.PolicyKit1\"/></policy>"
                            "<include>%s</include></busconfig>\n",
                            f->address, rules) > 0);
        write_text(f->folder, "bus.conf", text);
}

void start_dbus(Fixture *f)
{
        char conf[128], log[128];

        snprintf(conf, sizeof(conf), "--config-file=%s/bus.conf", f->folder);
        snprintf(log, sizeof(log), "%s/bus.log", f->folder);
        f->dbus = fork();
        assert_true(f->dbus >= 0);
        if (f->dbus == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                /* it reports each message that it refuses */
                dup2(open(log, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), STDERR_FILENO);
                execlp("dbus-daemon", "dbus-daemon", "--nofork", "--nopidfile", "--nosyslog", conf,
                        (char *)NULL);
                _exit(127);
        }
        for (uint64_t end = now_usec() + PATIENCE_USEC; !bus_answers(f); usleep(LOOK_USEC))
                assert_true(now_usec() < end);
}

void stop_process(pid_t *pid, int signal_number, bool clean)
{
        int status = 0;

        if (*pid <= 0)
                return;
        kill(*pid, signal_number);
        assert_int_equal(waitpid(*pid, &status, 0), *pid);
        *pid = 0;
        if (clean)
                assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- the server ---- */

static void server_notice(void *data, int priority, const char *text)
{
        (void)priority;
        dprintf(*(int *)data, "%s\n", text);
}

static Events *happened;

static int on_refusal(sd_event_source *s, const struct signalfd_siginfo *info, void *data)
{
        const Event e = { .time_usec = 1,
                .direction = DIRECTION_OUT,
                .action = ACTION_REJECT,
                .source = address_from_ipv4(0xc0000201),
                .destination = address_from_ipv4(0xc6336407),
                .destination_port = 25,
                .count = 1 };

        (void)s;
        (void)info;
        (void)data;
        events_add(happened, &e);
        return 0;
}

static int server_run(const Fixture *f, int log)
{
        _cleanup_(sd_event_unrefp) sd_event *event = NULL;
        _cleanup_(manager_free_p) Manager *manager = NULL;
        _cleanup_(bus_free_p) Bus *bus = NULL;
        _cleanup_free_ char *message = NULL;
        char root[128], policies[128], direct[128];
        ManagerOptions options = { .root = root, .policies = policies, .backend = &backend_memory };
        sigset_t mask;

        snprintf(root, sizeof(root), "%s/root", f->folder);
        snprintf(policies, sizeof(policies), "%s/policies", f->folder);
        sigemptyset(&mask);
        sigaddset(&mask, SIGTERM);
        sigaddset(&mask, SIGUSR1);
        sigprocmask(SIG_BLOCK, &mask, NULL);
        setenv("DBUS_SYSTEM_BUS_ADDRESS", f->address, 1);
        if (sd_event_default(&event) < 0 ||
                sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL) < 0 ||
                sd_event_add_signal(event, NULL, SIGUSR1, on_refusal, NULL) < 0 ||
                events_new(event, f->folder, &happened) < 0 ||
                manager_new(event, &options, &manager, &message) < 0 ||
                bus_new(event, manager, &bus) < 0)
                return 3;
        bus_set_events(bus, happened);
        bus_set_notice(bus, server_notice, &log);
        bus_set_upload_timeout(bus, UPLOAD_TIMEOUT_USEC);
        bus_set_worker_time(bus, f->worker_usec ?: PATIENCE_USEC);
        bus_set_held_max(bus, f->held_max);
        snprintf(direct, sizeof(direct), "%s/" DIRECT_SOCKET, f->folder);
        if (bus_listen(bus, direct) < 0)
                return 3;
        return sd_event_loop(event);
}

void start_server(Fixture *f)
{
        int p[2];

        assert_int_equal(pipe2(p, O_CLOEXEC), 0);
        f->server = fork();
        assert_true(f->server >= 0);
        if (f->server == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                close(p[0]);
                exit(server_run(f, p[1]));
        }
        close(p[1]);
        f->notices = p[0];
}

static bool has_owner(sd_bus *bus)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int owned = 0;

        return sd_bus_call_method(bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                       "org.freedesktop.DBus", "NameHasOwner", &error, &reply, "s",
                       BUS_NAME) >= 0 &&
               sd_bus_message_read(reply, "b", &owned) >= 0 && owned;
}

bool wait_for_owner(sd_bus *bus, uint64_t usec)
{
        for (uint64_t looks = usec / LOOK_USEC; looks > 0; looks--) {
                if (has_owner(bus))
                        return true;
                usleep(LOOK_USEC);
        }
        return false;
}

void assert_notice(Fixture *f, const char *text)
{
        char line[600];
        size_t n = 0;

        for (unsigned i = 0; i < 1000 && n < sizeof(line) - 1; i++) {
                ssize_t k = read(f->notices, line + n, 1);

                if (k == 1 && line[n++] == '\n')
                        break;
                assert_int_equal(k, 1);
        }
        line[n] = '\0';
        if (!strstr(line, text))
                print_error("the notice is: %s", line);
        assert_non_null(strstr(line, text));
}

/* ---- the client ---- */

sd_bus *open_client(const Fixture *f)
{
        sd_bus *bus = NULL;

        assert_true(sd_bus_new(&bus) >= 0);
        assert_true(sd_bus_set_address(bus, f->address) >= 0);
        assert_true(sd_bus_set_bus_client(bus, true) >= 0);
        assert_true(sd_bus_negotiate_fds(bus, true) >= 0);
        assert_true(sd_bus_start(bus) >= 0);
        return bus;
}

sd_bus *open_direct(const Fixture *f)
{
        sd_bus *bus = NULL;
        char address[256];

        snprintf(address, sizeof(address), "unix:path=%s/" DIRECT_SOCKET, f->folder);
        assert_true(sd_bus_new(&bus) >= 0);
        assert_true(sd_bus_set_address(bus, address) >= 0);
        assert_true(sd_bus_negotiate_fds(bus, true) >= 0);
        assert_true(sd_bus_start(bus) >= 0);
        return bus;
}

int fixture_start(Fixture *f)
{
        *f = (Fixture){ 0 };
        snprintf(f->folder, sizeof(f->folder), "/tmp/p25-bus-XXXXXX");
        assert_non_null(mkdtemp(f->folder));
        assert_int_equal(chmod(f->folder, 0755), 0);
        snprintf(f->address, sizeof(f->address), "unix:path=%s/socket", f->folder);
        make_folders(f->folder);
        write_bus_conf(f);
        return 0;
}

int fixture_stop(Fixture *f)
{
        char command[128];

        f->bus = sd_bus_flush_close_unref(f->bus);
        stop_process(&f->server, SIGTERM, true);
        stop_process(&f->dbus, SIGTERM, false);
        if (f->notices > 0)
                close(f->notices);
        snprintf(command, sizeof(command), "rm -rf '%s'", f->folder);
        return system(command) == 0 ? 0 : -1;
}

bool become_root(char *const *argv)
{
        if (geteuid() == 0)
                return true;
        if (!getenv("P25_TEST_UNSHARED")) {
                setenv("P25_TEST_UNSHARED", "1", 1);
                execlp("unshare", "unshare", "-r", argv[0], (char *)NULL);
        }
        return false;
}

pid_t child_begin(const Fixture *f, int (*run)(const Fixture *f))
{
        pid_t pid = fork();

        assert_true(pid >= 0);
        if (pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                _exit(run(f));
        }
        return pid;
}

void assert_child_ends(pid_t pid, int status)
{
        int ended;

        assert_int_equal(waitpid(pid, &ended, 0), pid);
        assert_true(WIFEXITED(ended));
        if (WEXITSTATUS(ended) == CHILD_SKIP)
                skip();
        assert_int_equal(WEXITSTATUS(ended), status);
}

bool become_nobody(void)
{
        static const id_t nobody = 65534;

        return setgroups(0, NULL) >= 0 && setgid(nobody) >= 0 && setuid(nobody) >= 0;
}

void outsiders_start(const Fixture *f, OutsidersRun run, const char *member, Outsiders *ret)
{
        int said[2], go[2];
        char byte;

        assert_int_equal(pipe2(said, O_CLOEXEC) + pipe2(go, O_CLOEXEC), 0);
        *ret = (Outsiders){ .said = said[0], .go = go[1] };
        ret->pid = fork();
        assert_true(ret->pid >= 0);
        if (ret->pid == 0) {
                prctl(PR_SET_PDEATHSIG, SIGKILL);
                close(said[0]);
                close(go[1]);
                _exit(run(f, member, said[1], go[0]));
        }
        close(said[1]);
        close(go[0]);
        if (read(ret->said, &byte, 1) != 1)
                skip();
}
