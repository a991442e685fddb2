/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The question of p25d and p25d-reader to p25d-site, which reads what others say of a process: one
 * message each way, of a fixed size, over a socket that only those two may open.
 */

#include <stdint.h>

#define SITE_SOCKET "/run/p25d-site.socket"
#define CONTAINER_ID_LENGTH 64u /* hexadecimal digits, as all engines have them */

#define SITE_NAME_MAX 128
#define SITE_SCRIPT_MAX 512
#define SITE_REQUEST_MAX 512
#define CONTAINER_TITLE_MAX 128
#define CONTAINER_IMAGE_MAX 256

typedef enum SiteKind {
        SITE_REQUEST = 1, /* what a worker of PHP-FPM runs */
        SITE_CONTAINER,   /* name and image of a container, from the engine's open file */
} SiteKind;

typedef struct SiteQuestion {
        uint32_t kind;
        uint32_t pid, uid;                /* of the process that dialled */
        char id[CONTAINER_ID_LENGTH + 1]; /* of the container; a descriptor comes with it */
} SiteQuestion;

/* What is not known is empty; everything is printable and ends with a NUL. */
typedef struct SiteRequest {
        char site[SITE_NAME_MAX];       /* the pool's name */
        char script[SITE_SCRIPT_MAX];   /* "/srv/www/shop/mail.php" */
        char request[SITE_REQUEST_MAX]; /* "POST /contact?lang=en" */
} SiteRequest;

typedef struct SiteContainer {
        char name[CONTAINER_TITLE_MAX];
        char image[CONTAINER_IMAGE_MAX];
} SiteContainer;

typedef struct SiteAnswer {
        int32_t error; /* 0 or negative errno */
        union {
                SiteRequest request;
                SiteContainer container;
        };
} SiteAnswer;
