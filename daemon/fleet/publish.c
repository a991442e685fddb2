/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * `p25-fleet publish`: its options, the keys and their passwords. What a release is, release.c
 * knows.
 */

#include "daemon/fleet/fleet.h"
#include "daemon/fleet/release.h"
#include "daemon/io/file.h"
#include "daemon/loop/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define KEY_BYTES_MAX 4096
#define PASSWORD_MAX 1024
#define VALID_DEFAULT_SEC (7 * 86400)
#define VALID_MAX_SEC (366 * 86400)

static const struct option options[] = {
        { "key", required_argument, NULL, 'k' },
        { "valid-for", required_argument, NULL, 'v' },
        { "serial", required_argument, NULL, 's' },
        { "force", no_argument, NULL, 'f' },
        { NULL, 0, NULL, 0 },
};

/* ---- keys ---- */

/* From the terminal, without showing it. 0 or negative errno. */
static int ask_password(const char *path, char *ret, size_t size)
{
        struct termios before, hidden;
        int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
        ssize_t n;

        if (fd < 0)
                return -errno;
        dprintf(fd, "Password of %s: ", path);
        if (tcgetattr(fd, &before) == 0) {
                hidden = before;
                hidden.c_lflag &= ~(tcflag_t)ECHO;
                (void)tcsetattr(fd, TCSAFLUSH, &hidden);
                n = read(fd, ret, size - 1);
                (void)tcsetattr(fd, TCSAFLUSH, &before);
                dprintf(fd, "\n");
        } else
                n = read(fd, ret, size - 1);
        close(fd);
        if (n < 0)
                return -EIO;
        ret[n] = '\0';
        ret[strcspn(ret, "\r\n")] = '\0';
        return 0;
}

static int fail_key(const char *path, int r)
{
        const char *reason = strerror(-r);

        if (r == -EINVAL)
                reason = "it is not a secret key of minisign (minisign -G makes one)";
        else if (r == -EACCES)
                reason = "the password is wrong, or the file cannot be read";
        fprintf(stderr, "p25-fleet: %s: %s\n", path, reason);
        return r;
}

static int read_key(const char *path, SecretKey *ret)
{
        _cleanup_free_ char *text = NULL;
        char password[PASSWORD_MAX];
        size_t n;
        int r = file_read(path, 0, KEY_BYTES_MAX, &text, &n);

        if (r >= 0)
                r = secret_key_parse(text, n, NULL, ret);
        if (r == -ENOKEY) {
                r = ask_password(path, password, sizeof(password));
                if (r >= 0)
                        r = secret_key_parse(text, n, password, ret);
                explicit_bzero(password, sizeof(password));
        }
        if (text)
                explicit_bzero(text, n);
        return r < 0 ? fail_key(path, r) : 0;
}

/* ---- options ---- */

/* "7d", "12h", "30m", "90s"; 0: it is not one */
static uint64_t parse_duration(const char *text)
{
        static const struct {
                char unit;
                uint64_t sec;
        } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
        char *end;
        uint64_t n;

        if (text[0] < '1' || text[0] > '9' || strlen(text) > 9)
                return 0;
        n = strtoull(text, &end, 10);
        for (size_t i = 0; i < ELEMENTS(units); i++)
                if (end[0] == units[i].unit && end[1] == '\0' && n <= VALID_MAX_SEC / units[i].sec)
                        return n * units[i].sec * USEC_PER_SEC;
        return 0;
}

static int take_option(int option, ReleaseOptions *o)
{
        char *end;

        switch (option) {
        case 'k':
                if (o->n_keys == RELEASE_KEYS_MAX) {
                        fprintf(stderr, "p25-fleet: at most %d keys sign\n", RELEASE_KEYS_MAX);
                        return -EINVAL;
                }
                if (read_key(optarg, &o->keys[o->n_keys]) < 0)
                        return -EINVAL;
                o->n_keys++;
                return 0;
        case 'v':
                o->valid_usec = parse_duration(optarg);
                if (o->valid_usec > 0)
                        return 0;
                fprintf(stderr,
                        "p25-fleet: \"%s\" is not a valid duration (12h, 7d, at most 366d)\n",
                        optarg);
                return -EINVAL;
        case 's':
                o->serial = strtoull(optarg, &end, 10);
                if (optarg[0] >= '1' && optarg[0] <= '9' && *end == '\0' &&
                        o->serial <= (uint64_t)MANIFEST_SERIAL_MAX)
                        return 0;
                fprintf(stderr, "p25-fleet: \"%s\" is not a valid serial\n", optarg);
                return -EINVAL;
        case 'f':
                o->force = true;
                return 0;
        default:
                return -EINVAL;
        }
}

static int read_options(const FleetArguments *a, ReleaseOptions *o)
{
        int option;

        /* words[-1] is the verb, as argv[0] is the program; 0 begins again (getopt(3)) */
        optind = 0;
        while ((option = getopt_long(a->n + 1, a->words - 1, "+", options, NULL)) >= 0)
                if (take_option(option, o) < 0)
                        return -EINVAL;
        if (optind != a->n || a->n == 0) {
                fputs("usage: p25-fleet publish --key FILE... [--valid-for DURATION] [--serial N] "
                      "[--force] DIR\n",
                        stderr);
                return -EINVAL;
        }
        o->folder = a->words[optind - 1];
        if (o->n_keys > 0)
                return 0;
        fputs("p25-fleet: --key is required: a secret key that 'minisign -G' made\n", stderr);
        return -EINVAL;
}

static void options_deinit(ReleaseOptions *o)
{
        for (size_t i = 0; i < RELEASE_KEYS_MAX; i++)
                secret_key_deinit(&o->keys[i]);
}

static int publish(const ReleaseOptions *o)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        ReleaseResult result = { 0 };
        int r = release_make(o, &d, &result);

        for (size_t i = 0; i < d.n; i++) {
                _cleanup_free_ char *line = NULL;

                if (diagnostic_format(&d.items[i], &line) >= 0)
                        fprintf(stderr, "%s\n", line);
        }
        if (r < 0) {
                if (d.n_errors == 0)
                        fprintf(stderr, "p25-fleet: %s\n", strerror(-r));
                return r == -EINVAL ? FLEET_BAD_INPUT : FLEET_FAILED;
        }
        if (result.nothing)
                printf("Nothing has changed: serial %" PRIu64 " stays (--force makes another)\n",
                        result.serial);
        else
                printf("Serial %" PRIu64 ": %zu part%s, %zu delta%s, below %s/www\n", result.serial,
                        result.n_parts, result.n_parts == 1 ? "" : "s", result.n_deltas,
                        result.n_deltas == 1 ? "" : "s", o->folder);
        return fflush(stdout) == 0 ? FLEET_DONE : FLEET_FAILED;
}

int fleet_verb_publish(const FleetArguments *a)
{
        _cleanup_(options_deinit)
                ReleaseOptions o = { .valid_usec = VALID_DEFAULT_SEC * USEC_PER_SEC };

        if (crypto_start() < 0) {
                fputs("p25-fleet: the kernel gives no random numbers\n", stderr);
                return FLEET_FAILED;
        }
        if (read_options(a, &o) < 0)
                return FLEET_BAD_INPUT;
        o.now_usec = clock_now_usec(CLOCK_REALTIME) / USEC_PER_SEC * USEC_PER_SEC;
        return publish(&o);
}
