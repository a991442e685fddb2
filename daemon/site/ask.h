/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Asks p25d-site. Does not depend on what is done with the answer.
 */

#include "daemon/site/question.h"
#include "rules/base/util.h"

/* The longest time that p25d-site looks. */
#define SITE_DEADLINE_MSEC 100

/*
 * Sends the question about the request that the process works on, and returns a descriptor that
 * becomes readable with the answer, for site_receive(); negative errno: -EACCES where no p25d-site
 * listens or it has too much to do. Does not wait.
 */
int site_send(uint32_t pid, uint32_t uid);
/* Without waiting. 0, or negative errno: -ENOENT (it is not a worker of PHP-FPM, or the pool has no
 * status socket that p25d-site may open), -ETIMEDOUT, -EBADMSG… */
int site_receive(int fd, SiteRequest *ret);

/* Both, and waits for at most SITE_DEADLINE_MSEC. */
int site_request(uint32_t pid, uint32_t uid, SiteRequest *ret);

/*
 * Name and image of a container, from the file of its engine: a config.v2.json of Docker, or a
 * containers.json of Podman. fd is borrowed, id has CONTAINER_ID_LENGTH digits. Waits for at most
 * SITE_DEADLINE_MSEC. 0, -ENOENT (the file does not have it), other negative errno.
 */
int site_container(int fd, const char *id, SiteContainer *ret);
/* A copy whose texts end and are printable, whoever sent them. */
void site_container_take(const SiteContainer *from, SiteContainer *ret);
