/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Sockets for the end-to-end tests: listeners that greet like a mail server, connections whose
 * outcome is one word (open, closed, filtered), and a service manager's notify socket. Knows
 * nothing of p25.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GREETING "220 probe ESMTP\r\n"
#define SOCKETS_MAX 4096

static const char usage_text[] =
        "usage: probe listen [-d MSEC] -o FILE ADDRESS PORT [ADDRESS PORT]...\n"
        "       probe connect [WHO] ADDRESS PORT [ADDRESS PORT]...\n"
        "       probe burst [WHO] -n N ADDRESS PORT\n"
        "       probe flood [WHO] -n N ADDRESS PORT\n"
        "       probe loop [WHO] -o FILE ADDRESS PORT\n"
        "       probe hold [WHO] -o FILE ADDRESS PORT\n"
        "       probe crowd [WHO] -n N -o FILE ADDRESS PORT\n"
        "       probe send [WHO] -n BYTES ADDRESS PORT\n"
        "       probe notify [-t MSEC] -o PIDFILE COMMAND...\n"
        "       probe time COMMAND...\n"
        "WHO: -u UID -g GID -c CGROUP-FOLDER -s SOURCE-ADDRESS -t MSEC\n";

typedef struct Options {
        long uid, gid; /* -1: as we are */
        const char *cgroup, *source, *output;
        int timeout_msec, delay_msec;
        long number;
} Options;

typedef enum Outcome { OPEN, CLOSED, FILTERED, OTHER, _OUTCOMES } Outcome;

static const char *const outcome_names[] = {
        [OPEN] = "open",
        [CLOSED] = "closed",
        [FILTERED] = "filtered",
        [OTHER] = "other",
};

static volatile sig_atomic_t stopped;

static void on_stop(int signal)
{
        (void)signal;
        stopped = 1;
}

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *format, ...)
{
        va_list ap;

        va_start(ap, format);
        fputs("probe: ", stderr);
        vfprintf(stderr, format, ap);
        fputc('\n', stderr);
        va_end(ap);
        exit(2);
}

static int64_t now_usec(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static socklen_t address_parse(const char *address, const char *port, struct sockaddr_storage *ret)
{
        struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;

        *ret = (struct sockaddr_storage){};
        if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
                v4->sin_family = AF_INET;
                v4->sin_port = htons((uint16_t)atol(port));
                return sizeof(*v4);
        }
        if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
                v6->sin6_family = AF_INET6;
                v6->sin6_port = htons((uint16_t)atol(port));
                return sizeof(*v6);
        }
        die("%s is no address", address);
}

/* Becomes who is to open the connection: first the cgroup, for which one must be root. */
static void identity_take(const Options *o)
{
        if (o->cgroup) {
                char path[4096];
                int fd;

                snprintf(path, sizeof(path), "%s/cgroup.procs", o->cgroup);
                fd = open(path, O_WRONLY | O_CLOEXEC);
                if (fd < 0 || write(fd, "0\n", 2) != 2)
                        die("%s: %s", path, strerror(errno));
                close(fd);
        }
        if (o->gid >= 0 && (setgroups(0, NULL) < 0 || setgid((gid_t)o->gid) < 0))
                die("gid %ld: %s", o->gid, strerror(errno));
        if (o->uid >= 0 && setuid((uid_t)o->uid) < 0)
                die("uid %ld: %s", o->uid, strerror(errno));
}

static int connect_begin(const Options *o, const char *address, const char *port)
{
        struct sockaddr_storage to, from;
        socklen_t n = address_parse(address, port, &to);
        int fd = socket(to.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                die("socket: %s", strerror(errno));
        if (o->source) {
                socklen_t m = address_parse(o->source, "0", &from);

                if (bind(fd, (struct sockaddr *)&from, m) < 0)
                        die("bind %s: %s", o->source, strerror(errno));
        }
        if (connect(fd, (struct sockaddr *)&to, n) < 0 && errno != EINPROGRESS) {
                int r = -errno;

                close(fd);
                return r;
        }
        return fd;
}

static Outcome outcome_of_errno(int error)
{
        switch (error) {
        case 0:
                return OPEN;
        case ECONNREFUSED:
        case ECONNRESET:
        case ECONNABORTED:
                return CLOSED;
        case ETIMEDOUT:
                return FILTERED;
        default:
                return OTHER;
        }
}

/* Waits until a connection is made or refused, or the deadline has come. */
static Outcome connect_finish(int fd, int64_t deadline, int *ret_errno)
{
        struct pollfd p = { .fd = fd, .events = POLLOUT };
        int64_t left = (deadline - now_usec()) / 1000;
        int error = 0;
        socklen_t n = sizeof(error);

        *ret_errno = 0;
        if (fd < 0) {
                *ret_errno = -fd;
                return outcome_of_errno(-fd);
        }
        if (poll(&p, 1, left > 0 ? (int)left : 0) <= 0)
                return FILTERED; /* also when a signal ends us */
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
                error = errno;
        *ret_errno = error;
        return outcome_of_errno(error);
}

/* Prints one word for each target, in their order; all are tried at once. */
static int verb_connect(const Options *o, int argc, char **argv)
{
        int n = argc / 2, *fds;
        int64_t deadline;

        if (argc < 2 || argc % 2)
                die("connect: ADDRESS PORT expected");
        fds = calloc((size_t)n, sizeof(int));
        if (!fds)
                die("out of memory");
        identity_take(o);
        for (int i = 0; i < n; i++)
                fds[i] = connect_begin(o, argv[2 * i], argv[2 * i + 1]);
        deadline = now_usec() + o->timeout_msec * (int64_t)1000;
        for (int i = 0; i < n; i++) {
                int error;
                Outcome result = connect_finish(fds[i], deadline, &error);

                if (result == OTHER)
                        printf("%s%s", i ? " " : "", strerrorname_np(error));
                else
                        printf("%s%s", i ? " " : "", outcome_names[result]);
        }
        putchar('\n');
        free(fds);
        return 0;
}

static void counts_print(FILE *f, const long counts[_OUTCOMES])
{
        for (int i = 0; i < _OUTCOMES; i++)
                fprintf(f, "%s%s=%ld", i ? " " : "", outcome_names[i], counts[i]);
        fputc('\n', f);
}

/* N connections one after another, all kept open until the end; prints how many of each kind. */
static int verb_burst(const Options *o, int argc, char **argv)
{
        long counts[_OUTCOMES] = {};

        if (argc != 2 || o->number < 1 || o->number > SOCKETS_MAX)
                die("burst: -n N ADDRESS PORT expected");
        identity_take(o);
        for (long i = 0; i < o->number; i++) {
                int error, fd = connect_begin(o, argv[0], argv[1]);

                counts[connect_finish(fd, now_usec() + o->timeout_msec * (int64_t)1000, &error)]++;
        }
        counts_print(stdout, counts);
        return 0;
}

/* Each connection to the next IPv4 address, and with -u of the next user. */
static int verb_flood(const Options *o, int argc, char **argv)
{
        long counts[_OUTCOMES] = {};
        struct in_addr first;

        if (argc != 2 || o->number < 1 || inet_pton(AF_INET, argv[0], &first) != 1)
                die("flood: -n N ADDRESS PORT expected");
        for (long i = 0; i < o->number; i++) {
                struct in_addr next = { htonl(ntohl(first.s_addr) + (uint32_t)i) };
                char address[INET_ADDRSTRLEN];
                int error, fd;

                if (o->uid >= 0)
                        setfsuid((uid_t)(o->uid + i)); /* whose the socket is */
                inet_ntop(AF_INET, &next, address, sizeof(address));
                fd = connect_begin(o, address, argv[1]);
                counts[connect_finish(fd, now_usec() + o->timeout_msec * (int64_t)1000, &error)]++;
                if (fd >= 0)
                        close(fd);
        }
        counts_print(stdout, counts);
        return 0;
}

static void background(void)
{
        pid_t pid = fork();

        if (pid < 0)
                die("fork: %s", strerror(errno));
        if (pid > 0) {
                printf("%d\n", pid);
                exit(0);
        }
        /* whoever reads our output through a pipe must not wait for us */
        if (!freopen("/dev/null", "r", stdin) || !freopen("/dev/null", "w", stdout) ||
                !freopen("/dev/null", "w", stderr))
                exit(2);
}

static FILE *output_open(const Options *o)
{
        FILE *f = o->output ? fopen(o->output, "ae") : NULL;

        if (!f)
                die("%s: %s", o->output ? o->output : "-o FILE expected", strerror(errno));
        setvbuf(f, NULL, _IOLBF, 0);
        return f;
}

/* Connects again and again until SIGTERM, then writes the counts. */
static int verb_loop(const Options *o, int argc, char **argv)
{
        FILE *f = output_open(o);
        long counts[_OUTCOMES] = {};

        if (argc != 2)
                die("loop: ADDRESS PORT expected");
        identity_take(o);
        background();
        while (!stopped) {
                int error, fd = connect_begin(o, argv[0], argv[1]);

                counts[connect_finish(fd, now_usec() + o->timeout_msec * (int64_t)1000, &error)]++;
                if (fd >= 0) {
                        /* no TIME_WAIT: ports would run out */
                        struct linger l = { .l_onoff = 1 };

                        setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
                        close(fd);
                }
                /* the listener's queue must not be what refuses */
                usleep(1000);
        }
        counts_print(f, counts);
        fclose(f);
        return 0;
}

/* Keeps one connection busy; writes "cut ERRNO" when it ends by another's hand. */
static int verb_hold(const Options *o, int argc, char **argv)
{
        FILE *f = output_open(o);
        int fd, error;

        if (argc != 2)
                die("hold: ADDRESS PORT expected");
        identity_take(o);
        fd = connect_begin(o, argv[0], argv[1]);
        if (connect_finish(fd, now_usec() + o->timeout_msec * (int64_t)1000, &error) != OPEN)
                die("hold: %s", strerrorname_np(error ? error : ETIMEDOUT));
        background();
        while (!stopped) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                char buffer[512];
                ssize_t n;

                if (send(fd, "NOOP\r\n", 6, MSG_NOSIGNAL) < 0 && errno != EAGAIN) {
                        fprintf(f, "cut %s\n", strerrorname_np(errno));
                        return 0;
                }
                if (poll(&p, 1, 20) <= 0)
                        continue;
                n = recv(fd, buffer, sizeof(buffer), 0);
                if (n == 0 || (n < 0 && errno != EAGAIN)) {
                        fprintf(f, "cut %s\n", n == 0 ? "EOF" : strerrorname_np(errno));
                        return 0;
                }
        }
        fprintf(f, "alive\n");
        fclose(f);
        return 0;
}

/* Reads what there is; false when the connection has ended, *ret_error is how: 0 in order. */
static bool drain(int fd, int *ret_error)
{
        char buffer[512];
        ssize_t n;

        while ((n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT)) > 0)
                continue;
        *ret_error = n == 0 ? 0 : errno;
        return n < 0 && errno == EAGAIN;
}

/* Says something, ends its half and waits for the other's end: all has arrived. */
static bool finish(int fd)
{
        struct pollfd p = { .fd = fd, .events = POLLIN };
        int error;

        if (send(fd, "QUIT\r\n", 6, MSG_NOSIGNAL) != 6 || shutdown(fd, SHUT_WR) < 0)
                return false;
        while (drain(fd, &error))
                if (poll(&p, 1, 10000) <= 0)
                        return false;
        return error == 0;
}

/* Keeps many connections busy; writes "cut ERRNO" for each that ends by another's hand, and after
 * SIGTERM "finished" or "lost" for each that is left. */
static int verb_crowd(const Options *o, int argc, char **argv)
{
        int *fds = calloc((size_t)o->number + 1, sizeof(*fds)), error;
        FILE *f = output_open(o);

        if (argc != 2 || !fds || o->number <= 0)
                die("crowd: -n N ADDRESS PORT expected");
        identity_take(o);
        for (long i = 0; i < o->number; i++) {
                fds[i] = connect_begin(o, argv[0], argv[1]);
                if (connect_finish(fds[i], now_usec() + o->timeout_msec * (int64_t)1000, &error) !=
                        OPEN)
                        die("crowd: %ld: %s", i, strerrorname_np(error ? error : ETIMEDOUT));
        }
        background();
        for (; !stopped; usleep(20000))
                for (long i = 0; i < o->number; i++) {
                        if (fds[i] < 0)
                                continue;
                        (void)!send(fds[i], "NOOP\r\n", 6, MSG_NOSIGNAL | MSG_DONTWAIT);
                        if (drain(fds[i], &error))
                                continue;
                        fprintf(f, "cut %s\n", error == 0 ? "EOF" : strerrorname_np(error));
                        close(fds[i]);
                        fds[i] = -1;
                }
        for (long i = 0; i < o->number; i++)
                if (fds[i] >= 0)
                        fprintf(f, "%s\n", finish(fds[i]) ? "finished" : "lost");
        fclose(f);
        return 0;
}

/* A socket that is closed with something unread resets the connection. */
static void greeting_read(int fd, int timeout_msec)
{
        struct pollfd p = { .fd = fd, .events = POLLIN };
        char buffer[512];

        if (poll(&p, 1, timeout_msec) > 0)
                (void)!recv(fd, buffer, sizeof(buffer), 0);
}

/* Writes what the socket's buffer takes (at most -n bytes), closes at once and is gone; prints
 * how much it was. */
static int verb_send(const Options *o, int argc, char **argv)
{
        static const char chunk[4096];
        long sent = 0;
        int fd, error;

        if (argc != 2)
                die("send: ADDRESS PORT expected");
        identity_take(o);
        fd = connect_begin(o, argv[0], argv[1]);
        if (connect_finish(fd, now_usec() + o->timeout_msec * (int64_t)1000, &error) != OPEN)
                die("send: %s", strerrorname_np(error ? error : ETIMEDOUT));
        greeting_read(fd, o->timeout_msec);
        while (sent < o->number) {
                size_t want = sizeof(chunk);
                ssize_t n;

                if (o->number - sent < (long)want)
                        want = (size_t)(o->number - sent);
                n = send(fd, chunk, want, MSG_NOSIGNAL);
                if (n < 0)
                        break;
                sent += n;
        }
        close(fd);
        printf("%ld\n", sent);
        return 0;
}

typedef struct Peer {
        char name[INET6_ADDRSTRLEN];
        long bytes;
        int64_t read_from_usec; /* reading begins then: a slow receiver */
} Peer;

static void peer_accept(const Options *o, int listener, struct pollfd *p, Peer *peer)
{
        struct sockaddr_storage a;
        socklen_t n = sizeof(a);
        int fd = accept4(listener, (struct sockaddr *)&a, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);

        p->fd = fd;
        p->events = POLLIN;
        p->revents = 0;
        *peer = (Peer){ .read_from_usec = now_usec() + o->delay_msec * (int64_t)1000 };
        if (fd < 0)
                return;
        if (a.ss_family == AF_INET)
                inet_ntop(AF_INET, &((struct sockaddr_in *)&a)->sin_addr, peer->name,
                        sizeof(peer->name));
        else
                inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&a)->sin6_addr, peer->name,
                        sizeof(peer->name));
        (void)!send(fd, GREETING, strlen(GREETING), MSG_NOSIGNAL);
}

/* Reads and forgets; writes "PEER BYTES closed|reset" when the connection ends. */
static void peer_read(FILE *f, struct pollfd *p, Peer *peer)
{
        static char buffer[65536];
        ssize_t n = recv(p->fd, buffer, sizeof(buffer), 0);

        if (n > 0) {
                peer->bytes += n;
                return;
        }
        if (n < 0 && errno == EAGAIN)
                return;
        fprintf(f, "%s %ld %s\n", peer->name, peer->bytes, n == 0 ? "closed" : "reset");
        close(p->fd);
        p->fd = -1;
}

static int listener_open(const Options *o, const char *address, const char *port)
{
        struct sockaddr_storage a;
        socklen_t n = address_parse(address, port, &a);
        int one = 1, small = 4096,
            fd = socket(a.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                die("socket: %s", strerror(errno));
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
        if (a.ss_family == AF_INET6)
                setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
        if (o->delay_msec > 0)
                setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
        if (bind(fd, (struct sockaddr *)&a, n) < 0 || listen(fd, 1024) < 0)
                die("listen %s port %s: %s", address, port, strerror(errno));
        return fd;
}

/* Listens in the background; its pid is printed when all sockets listen. */
static int verb_listen(const Options *o, int argc, char **argv)
{
        FILE *f = output_open(o);
        struct pollfd *p = calloc(SOCKETS_MAX, sizeof(*p));
        Peer *peers = calloc(SOCKETS_MAX, sizeof(*peers));
        nfds_t listeners = 0, n;

        if (!p || !peers)
                die("out of memory");
        if (argc < 2 || argc % 2)
                die("listen: ADDRESS PORT expected");
        for (int i = 0; i < argc; i += 2)
                p[listeners++] = (struct pollfd){
                        .fd = listener_open(o, argv[i], argv[i + 1]),
                        .events = POLLIN,
                };
        n = listeners;
        background();
        while (!stopped) {
                poll(p, n, o->delay_msec > 0 ? 20 : -1);
                for (nfds_t i = listeners; i < n; i++)
                        if (p[i].fd >= 0 && p[i].revents && now_usec() >= peers[i].read_from_usec)
                                peer_read(f, &p[i], &peers[i]);
                for (nfds_t i = 0; i < listeners; i++)
                        if (p[i].revents) {
                                nfds_t k = listeners;

                                while (k < n && p[k].fd >= 0)
                                        k++;
                                if (k == SOCKETS_MAX)
                                        continue;
                                peer_accept(o, p[i].fd, &p[k], &peers[k]);
                                if (k == n)
                                        n++;
                        }
        }
        fclose(f);
        return 0;
}

static int notify_socket_open(char *ret_path, size_t n)
{
        struct sockaddr_un a = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        snprintf(ret_path, n, "@probe-notify-%d", getpid());
        memcpy(a.sun_path + 1, ret_path + 1, strlen(ret_path + 1));
        if (fd < 0 ||
                bind(fd, (struct sockaddr *)&a,
                        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(ret_path))) < 0)
                die("notify socket: %s", strerror(errno));
        return fd;
}

/* Starts a command as a service manager does, and returns when it is ready: prints the
 * microseconds it took. Exits with its status if it ends before, with 124 after the timeout. */
static int verb_notify(const Options *o, int argc, char **argv)
{
        char path[64], message[4096];
        int status, fd = notify_socket_open(path, sizeof(path));
        int64_t began = now_usec(), deadline = began + o->timeout_msec * (int64_t)1000;
        FILE *f = output_open(o);
        pid_t pid;

        if (argc < 1)
                die("notify: COMMAND expected");
        pid = fork();
        if (pid < 0)
                die("fork: %s", strerror(errno));
        if (pid == 0) {
                int null = open("/dev/null", O_RDWR);

                setenv("NOTIFY_SOCKET", path, 1);
                dup2(null, 0);
                dup2(2, 1); /* standard output is ours */
                execvp(argv[0], argv);
                die("%s: %s", argv[0], strerror(errno));
        }
        fprintf(f, "%d\n", pid);
        for (;;) {
                struct pollfd p = { .fd = fd, .events = POLLIN };

                if (poll(&p, 1, 10) > 0) {
                        ssize_t n = recv(fd, message, sizeof(message) - 1, 0);

                        message[n > 0 ? n : 0] = '\0';
                        if (strstr(message, "READY=1")) {
                                printf("%ld\n", (long)(now_usec() - began));
                                return 0;
                        }
                }
                if (waitpid(pid, &status, WNOHANG) == pid)
                        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
                if (now_usec() > deadline) {
                        kill(pid, SIGKILL);
                        return 124;
                }
        }
}

/* Prints the microseconds from a command's start to its end, and what it says to nobody; exits
 * with its status. */
static int verb_time(const Options *o, int argc, char **argv)
{
        int64_t began;
        int status;
        pid_t pid;

        (void)o;
        if (argc < 1)
                die("time: COMMAND expected");
        began = now_usec();
        pid = vfork();
        if (pid < 0)
                die("fork: %s", strerror(errno));
        if (pid == 0) {
                dup2(open("/dev/null", O_RDWR | O_CLOEXEC), 1);
                execvp(argv[0], argv);
                _exit(127);
        }
        if (waitpid(pid, &status, 0) != pid)
                die("wait: %s", strerror(errno));
        printf("%ld\n", (long)(now_usec() - began));
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static const struct {
        const char *name;
        int (*run)(const Options *o, int argc, char **argv);
} verbs[] = {
        { "listen", verb_listen },
        { "connect", verb_connect },
        { "burst", verb_burst },
        { "flood", verb_flood },
        { "loop", verb_loop },
        { "hold", verb_hold },
        { "crowd", verb_crowd },
        { "send", verb_send },
        { "notify", verb_notify },
        { "time", verb_time },
};

int main(int argc, char **argv)
{
        Options o = { .uid = -1, .gid = -1, .timeout_msec = 1000 };
        /* so many times the timeout: for a machine that is busy */
        const char *patience = getenv("PROBE_PATIENCE");
        struct sigaction stop = { .sa_handler = on_stop };
        int c;

        while ((c = getopt(argc - (argc > 1), argv + (argc > 1), "+u:g:c:s:t:d:n:o:")) >= 0) {
                switch (c) {
                case 'u':
                        o.uid = atol(optarg);
                        break;
                case 'g':
                        o.gid = atol(optarg);
                        break;
                case 'c':
                        o.cgroup = optarg;
                        break;
                case 's':
                        o.source = optarg;
                        break;
                case 't':
                        o.timeout_msec = (int)atol(optarg);
                        break;
                case 'd':
                        o.delay_msec = (int)atol(optarg);
                        break;
                case 'n':
                        o.number = atol(optarg);
                        break;
                case 'o':
                        o.output = optarg;
                        break;
                default:
                        fputs(usage_text, stderr);
                        return 2;
                }
        }
        if (patience)
                o.timeout_msec *= (int)atol(patience);
        sigaction(SIGTERM, &stop, NULL);
        sigaction(SIGINT, &stop, NULL);
        signal(SIGPIPE, SIG_IGN);
        for (size_t i = 0; argc > 1 && i < sizeof(verbs) / sizeof(*verbs); i++)
                if (strcmp(argv[1], verbs[i].name) == 0)
                        return verbs[i].run(&o, argc - 1 - optind, argv + 1 + optind);
        fputs(usage_text, stderr);
        return 2;
}
