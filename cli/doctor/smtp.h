/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Short conversations with SMTP servers, all at once, with deadlines and bounds: greeting, EHLO
 * and, if it is asked for, whether a recipient of a foreign domain is accepted. Never a message.
 */

#include "rules/address/address.h"

#define SMTP_TEXT_MAX 128

typedef enum SmtpAnswer {
        SMTP_OPEN,      /* it greets, and answers EHLO; of one that begins with TLS: it connects */
        SMTP_UNWILLING, /* it greets with a refusal, or refuses EHLO: the text is in greeting */
        SMTP_STALLED,   /* it greets, and does not answer EHLO */
        SMTP_MUTE,      /* it takes connections, and does not greet as SMTP does */
        SMTP_REFUSED,   /* a reset */
        SMTP_SILENT,    /* no answer */
        SMTP_NO_ROUTE,  /* the kernel cannot send there */
} SmtpAnswer;

typedef struct SmtpTalk {
        SmtpAnswer answer;
        unsigned msec;                /* until it was clear */
        char greeting[SMTP_TEXT_MAX]; /* printable */
        bool starttls, auth;          /* what EHLO offers before TLS */
        bool relays;                  /* a foreign recipient was accepted */
} SmtpTalk;

typedef struct SmtpQuestion {
        Address to;
        uint16_t port;
        bool tls;           /* it begins with TLS: connecting is all that is tried */
        bool ask_for_relay; /* names a sender and a recipient, and takes them back */
        unsigned timeout_msec;
} SmtpQuestion;

/*
 * Puts n questions at the same time; each has timeout_msec to connect and twice that to talk, so
 * that is the longest that they take together. 0, or negative errno of this process's own trouble.
 */
int smtp_talk(const SmtpQuestion *questions, size_t n, SmtpTalk *ret);
