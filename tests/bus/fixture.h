/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * A bus of the test's own, with the rules that are shipped for the system bus, and on it a manager
 * with the memory backend in a process of its own. What is started here ends here.
 */

#include "daemon/api/api.h"
#include "daemon/backend/memory.h"
#include "daemon/bus/bus.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define UPLOAD_TIMEOUT_USEC 2000000

/* What must come is waited for as long as a busy machine may take. */
#define PATIENCE_USEC (300 * UINT64_C(1000000))

typedef struct Fixture {
        char folder[64];
        char address[128];
        pid_t dbus, server;
        sd_bus *bus;          /* the client */
        size_t held_max;      /* bus_set_held_max(); 0: as it is */
        uint64_t worker_usec; /* bus_set_worker_time(); 0: PATIENCE_USEC */
        int notices;          /* what the server's log would hold, a line each; a pipe */
} Fixture;

uint64_t now_usec(void);
void write_text(const char *folder, const char *name, const char *text);

/* ---- the bus ---- */

void start_dbus(Fixture *f);
void stop_process(pid_t *pid, int signal_number, bool clean);

/* ---- the server ---- */

/* Its events are the lines of the file `events` in the folder; SIGUSR1 adds a refused connection.
 */
void start_server(Fixture *f);
/* Looks every 10 ms, so many times as there are in USEC: a machine that is busy gets longer. */
bool wait_for_owner(sd_bus *bus, uint64_t usec);

/* The server's next notice holds this text, within ten seconds. */
void assert_notice(Fixture *f, const char *text);

/* ---- the client ---- */

sd_bus *open_client(const Fixture *f);
/* Root's way that does not pass through the bus. */
sd_bus *open_direct(const Fixture *f);
int fixture_start(Fixture *f);
int fixture_stop(Fixture *f);

/*
 * Only root may own the name, and only root may manage: an ordinary user is root in a user
 * namespace, or the tests are skipped.
 */
bool become_root(char *const *argv);

/* ---- users who are not root, in processes of their own ---- */

/* The exit status of one that cannot be another user here: its test is skipped. */
#define CHILD_SKIP 77

/* Starts a process that ends with what `run` returns, or with this one. */
pid_t child_begin(const Fixture *f, int (*run)(const Fixture *f));
/* Waits for it; it must have ended by itself, with this status. */
void assert_child_ends(pid_t pid, int status);

/* False if root is the only user. */
bool become_nobody(void);

/* Clients of an unprivileged user, which call and do not read before they may. */
typedef struct Outsiders {
        pid_t pid;
        int said; /* what they write; a byte once they have called */
        int go;   /* closed: they may read, or leave */
} Outsiders;

/* Its result is the exit status. */
typedef int (*OutsidersRun)(const Fixture *f, const char *member, int said, int go);

/* Returns when they have called; skips the test if root is the only user. */
void outsiders_start(const Fixture *f, OutsidersRun run, const char *member, Outsiders *ret);
