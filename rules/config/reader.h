/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Readers turn nodes into values of the model. They return 0, -EINVAL (the error is in the
 * diagnostics; the value is not set) or -ENOMEM. A list or group reads on after a bad member, so
 * that all errors of a file are reported at once, up to READER_ERRORS_MAX errors.
 */

#include "rules/config/node.h"
#include "rules/config/setting.h"

typedef struct Prefix Prefix;

#define READER_ERRORS_MAX 100
#define READER_HOST_BITS_MAX 20 /* warnings of prefixes with host bits; the rest is counted */

struct Reader {
        const Setting *vocabulary; /* ends with a setting without name */
        DocumentKind kind;
        const char *file;
        const char *name; /* of a fragment */
        Diagnostics *d;
        size_t n_errors;
        size_t n_host_bits;
};

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

/* Call read() for each item of a list, or each member of a group. All are read, also behind one
 * that is wrong. */
typedef int NodeReader(Reader *r, const Node *n, void *place);
int read_items(Reader *r, const Node *n, NodeReader *read, void *place);
int read_members(Reader *r, const Node *n, NodeReader *read, void *place);

/* ---- read_value.c: one value, or a list of plain ones ---- */

/* The type that each writes to is named behind it. */
SettingFunction read_bool;     /* bool */
SettingFunction read_tristate; /* int, 0 or 1 */
SettingFunction read_uint32;   /* uint32_t */
SettingFunction read_uint64;   /* uint64_t */
SettingFunction read_word;     /* an enum */
SettingFunction read_name;     /* char * */
SettingFunction read_text;     /* char *, printable */
SettingFunction read_bytes;    /* char *, any */
SettingFunction read_path;     /* char * */
SettingFunction read_names;    /* char **, unique */
SettingFunction read_texts;    /* char **, printable */
SettingFunction read_defaults; /* Defaults */
SettingFunction read_alerts;   /* Alerts */
SettingFunction read_duration; /* uint64_t, seconds */
SettingFunction read_audit;    /* bool of each direction */
SettingFunction read_entries;  /* PrefixSet * */

/* Parts that other readers use. */
/* A warning if host_bits is set, for the first few. */
int read_host_bits(Reader *r, const Node *n, const Prefix *taken);
int read_integer(Reader *r, const Node *n, int64_t min, int64_t max, int64_t *ret);

/* ---- read_port.c: ports ---- */

SettingFunction read_mail_ports;  /* Ports */
SettingFunction read_listens;     /* Ports */
SettingFunction read_manages;     /* Role */
SettingFunction read_manages_one; /* Role */
int read_port(Reader *r, const Node *n, uint16_t *ret);
/* A number or the name of a service; 0: neither. */
uint16_t port_of_text(const char *text);

/* ---- read_rule.c ---- */

SettingFunction read_rules;      /* RuleList */
SettingFunction read_addresses;  /* AddressList */
SettingFunction read_ports;      /* Rule */
SettingFunction read_rate;       /* Limit */
SettingFunction read_identities; /* char ** */

/* ---- read_document.c: what else a document holds ---- */

SettingFunction read_sets;            /* SetDecls */
SettingFunction read_vars;            /* VarValues */
SettingFunction read_asserts;         /* Assertions */
SettingFunction read_var_decls;       /* Role */
SettingFunction read_roles;           /* HostConf */
SettingFunction read_role;            /* Role */
SettingFunction read_state;           /* StateDocument */
SettingFunction read_state_roles;     /* State */
SettingFunction read_state_fragments; /* StateDocument */
SettingFunction read_state_sets;      /* StateDocument */
