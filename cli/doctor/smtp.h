/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * One short conversation with an SMTP server, with deadlines and bounds: greeting, EHLO and, if it
 * is asked for, whether a recipient of a foreign domain is accepted. Never a message.
 */

#include "rules/address/address.h"

#define SMTP_TEXT_MAX 128

typedef enum SmtpAnswer {
        SMTP_OPEN,     /* it greets */
        SMTP_MUTE,     /* it takes connections, and says nothing that SMTP says */
        SMTP_REFUSED,  /* a reset */
        SMTP_SILENT,   /* nobody answers */
        SMTP_NO_ROUTE, /* the kernel cannot send there */
} SmtpAnswer;

typedef struct SmtpTalk {
        SmtpAnswer answer;
        unsigned msec;                /* until it was clear */
        char greeting[SMTP_TEXT_MAX]; /* printable */
        bool ehlo, starttls, auth;    /* what it offers before TLS */
        bool relay_asked, relays;     /* a foreign recipient was accepted */
} SmtpTalk;

typedef struct SmtpQuestion {
        const Address *to;
        uint16_t port;
        bool tls;           /* it begins with TLS: connecting is all that is tried */
        bool ask_for_relay; /* names a sender and a recipient, and takes them back */
        unsigned timeout_msec;
} SmtpQuestion;

/* 0, or negative errno of this process's own trouble. */
int smtp_talk(const SmtpQuestion *q, SmtpTalk *ret);
