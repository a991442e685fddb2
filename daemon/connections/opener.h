/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Finds the process that holds a socket, and describes it: from /proc, within a bounded time. The
 * texts that a process gives about itself are made printable and are cut; none of them is trusted.
 */

#include "rules/base/util.h"

#define OPENER_NAME_SIZE 64
#define OPENER_TEXT_SIZE 256

/* Travels between processes as it is. Texts are empty where they are not known. */
typedef struct Opener {
        uint32_t pid;
        char process[OPENER_NAME_SIZE]; /* as ps(1) shows it */
        char command[OPENER_TEXT_SIZE]; /* the beginning of its command line */
        char directory[OPENER_TEXT_SIZE];
} Opener;

/* Of several processes the one that was started last. uid: of whoever made the socket, whose
 * processes are looked at first. 0, -ENOENT (not found), -EACCES (not every process may be looked
 * at), -ETIMEDOUT. */
int opener_look(uint32_t inode, uint32_t uid, unsigned msec, Opener *ret);

/* The same in a child process, which is given up after that time: reading another's command line
 * may take as long as that process likes. Other errors: -EAGAIN, -EMFILE, … */
int opener_look_apart(uint32_t inode, uint32_t uid, unsigned msec, Opener *ret);
