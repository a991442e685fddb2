/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Readers turn nodes into values of the model. They return 0, -EINVAL (the error is in the
 * diagnostics; the value is not set) or -ENOMEM. A list or group reads on after a bad member, so
 * that one look at a file tells all that is wrong with it, up to READER_ERRORS_MAX errors.
 */

#include "rules/node.h"
#include "rules/parse.h"

#define READER_ERRORS_MAX 100
#define READER_HOST_BITS_MAX 20 /* warnings of prefixes with host bits; the rest is counted */

typedef struct Reader {
        DocumentKind kind;
        const char *file;
        const char *name; /* of a fragment */
        Diagnostics *d;
        size_t n_errors;
        size_t n_host_bits;
} Reader;

typedef struct Setting Setting;
/* place is where the setting goes: the group's struct plus the setting's offset. */
typedef int (*SettingReader)(Reader *r, const Node *n, const Setting *s, void *place);

/* The few words that a text may be. */
typedef struct Words {
        int n;
        const char *(*name)(int i);
} Words;

/* Both begin the message with the path of the node. reader_error returns -EINVAL or -ENOMEM. */
int reader_error(Reader *r, const Node *n, const char *format, ...) _printf_(3, 4);
int reader_warning(Reader *r, const Node *n, const char *format, ...) _printf_(3, 4);

/* After a member of a list: 0 to read the next one, else what to return. */
int reader_go_on(const Reader *r, int result);
/* The warning that counts what READER_HOST_BITS_MAX left out. */
int reader_finish(Reader *r);

/*
 * Reads the settings of a group into the structs of one or more groups of the vocabulary that
 * share it. Unknown, missing and mistyped settings are errors.
 */
typedef struct ReadInto {
        int group; /* SettingGroup */
        void *object;
} ReadInto;

int read_group(Reader *r, const Node *n, const ReadInto *into, size_t n_into);

/* A list, or what stands for a list of one. */
size_t list_length(const Node *n);
const Node *list_item(const Node *n, size_t i);

/* ---- read_value.c: one value, or a list of plain ones ---- */

int read_bool(Reader *r, const Node *n, const Setting *s, void *place);     /* bool */
int read_tristate(Reader *r, const Node *n, const Setting *s, void *place); /* int, 0 or 1 */
int read_uint32(Reader *r, const Node *n, const Setting *s, void *place);
int read_uint64(Reader *r, const Node *n, const Setting *s, void *place);
int read_word(Reader *r, const Node *n, const Setting *s, void *place);      /* an enum */
int read_name(Reader *r, const Node *n, const Setting *s, void *place);      /* char * */
int read_text(Reader *r, const Node *n, const Setting *s, void *place);      /* char *, printable */
int read_bytes(Reader *r, const Node *n, const Setting *s, void *place);     /* char *, any */
int read_path(Reader *r, const Node *n, const Setting *s, void *place);      /* char * */
int read_names(Reader *r, const Node *n, const Setting *s, void *place);     /* char **, unique */
int read_texts(Reader *r, const Node *n, const Setting *s, void *place);     /* char **, printable */
int read_mail_ports(Reader *r, const Node *n, const Setting *s, void *place); /* Ports */
int read_manages(Reader *r, const Node *n, const Setting *s, void *place);    /* Role */
int read_manages_one(Reader *r, const Node *n, const Setting *s, void *place); /* Role */
int read_defaults(Reader *r, const Node *n, const Setting *s, void *place);   /* Defaults */
int read_entries(Reader *r, const Node *n, const Setting *s, void *place);    /* PrefixSet * */

/* Parts that other readers use. */
int read_port(Reader *r, const Node *n, uint16_t *ret);
/* The text of a plain value: a number gives its digits. */
int read_plain(Reader *r, const Node *n, char **ret);
/* A warning if host_bits is set, for the first few. */
int read_host_bits(Reader *r, const Node *n, const Prefix *taken);

/* ---- read_rule.c ---- */

int read_rules(Reader *r, const Node *n, const Setting *s, void *place); /* RuleList */
int read_addresses(Reader *r, const Node *n, const Setting *s, void *place); /* AddressList */
int read_ports(Reader *r, const Node *n, const Setting *s, void *place);     /* Rule */
int read_rate(Reader *r, const Node *n, const Setting *s, void *place);      /* Limit */
int read_identities(Reader *r, const Node *n, const Setting *s, void *place); /* char ** */

/* ---- read_document.c: what else a document holds ---- */

int read_sets(Reader *r, const Node *n, const Setting *s, void *place);      /* SetDecls */
int read_vars(Reader *r, const Node *n, const Setting *s, void *place);      /* VarValues */
int read_asserts(Reader *r, const Node *n, const Setting *s, void *place);   /* Assertions */
int read_var_decls(Reader *r, const Node *n, const Setting *s, void *place); /* Role */
int read_roles(Reader *r, const Node *n, const Setting *s, void *place);     /* HostConf */
int read_role(Reader *r, const Node *n, const Setting *s, void *place);      /* Role */
int read_state(Reader *r, const Node *n, const Setting *s, void *place);     /* StateDocument */
int read_state_roles(Reader *r, const Node *n, const Setting *s, void *place); /* State */
int read_state_fragments(Reader *r, const Node *n, const Setting *s, void *place);
int read_state_sets(Reader *r, const Node *n, const Setting *s, void *place);
