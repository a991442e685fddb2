/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The policy model: what files, words and the bus say, before anything is decided. Rules, roles,
 * fragments and policies are immutable once complete and shared by reference count (not thread
 * safe), so that a change copies pointers, not texts. Order and defaults are decided in compile.h
 * and nowhere else.
 */

#include "rules/address/address.h"
#include "rules/base/diagnostic.h"
#include "rules/address/prefixset.h"
#include "rules/base/util.h"

/* SPEC section 3, "Limits" */
#define POLICY_TEXT_MAX (16u << 20)
#define RULE_ADDRESSES_MAX 10000
#define POLICY_RULES_MAX 100000
#define COMMENT_MAX 200
#define NAME_MAX_LENGTH 64
#define DURATION_MAX_SEC (366ull * 86400)
#define PORTS_MAX 64 /* mail ports in all */
#define LIMIT_RATE_MAX 1000000
#define LIMIT_BURST_MAX 65535
#define LIMIT_OPEN_MAX 65535

typedef enum Action {
        ACTION_ALLOW,
        ACTION_DENY,
        ACTION_REJECT,
        ACTION_LIMIT,
        _ACTION_MAX,
        _ACTION_INVALID = -1,
} Action;

typedef enum Direction {
        DIRECTION_IN,
        DIRECTION_OUT,
        DIRECTION_ROUTED,
        _DIRECTION_MAX,
        _DIRECTION_INVALID = -1,
} Direction;

typedef enum Logging {
        LOGGING_OFF,
        LOGGING_LOW,    /* what is refused */
        LOGGING_MEDIUM, /* and what a limit lets through */
        LOGGING_HIGH,   /* and everything else */
        _LOGGING_MAX,
        _LOGGING_INVALID = -1,
} Logging;

typedef enum BackendKind {
        BACKEND_AUTO,
        BACKEND_NFTABLES,
        BACKEND_IPTABLES,
        _BACKEND_MAX,
        _BACKEND_INVALID = -1,
} BackendKind;

/* The words of files and bus; *_from_string give _INVALID for any other text. */
const char *action_to_string(Action a); /* allow deny reject limit */
Action action_from_string(const char *s);
const char *direction_to_string(Direction d); /* in out routed: of rules */
Direction direction_from_string(const char *s);
const char *direction_to_adjective(Direction d); /* incoming outgoing routed: of defaults */
Direction direction_from_adjective(const char *s);
const char *logging_to_string(Logging l);
Logging logging_from_string(const char *s);
const char *backend_to_string(BackendKind b);
BackendKind backend_from_string(const char *s);

/* [A-Za-z0-9._-]{1,64}, and not "." or ".." */
bool name_is_valid(const char *s);
/* At most COMMENT_MAX bytes of UTF-8 without control characters. */
bool comment_is_valid(const char *s);
/* 1 to 15 bytes (IFNAMSIZ) of UTF-8, no white space or control characters, none of / : " \ and none
 * of the wildcards * and + */
bool interface_is_valid(const char *s);
/* "90s", "10m", "2h", "7d": 1 s to 366 days; 0 or -EINVAL */
int duration_parse(const char *s, uint64_t *ret_sec);

/* ---- ports ---- */

/* "smtp" → 25, "submissions" and "smtps" → 465, "submission" → 587, "smtp-alt" → 2525; 0: none */
uint16_t service_to_port(const char *name);
/* The first name of a port, or NULL. */
const char *port_to_service(uint16_t port);

/* Ascending, unique. A rule without ports holds { 25 }. */
typedef struct Ports {
        uint16_t items[PORTS_MAX];
        size_t n;
} Ports;

/* 0 (also when it is there already) or -E2BIG */
int ports_add(Ports *p, uint16_t port);
bool ports_contain(const Ports *p, uint16_t port);
bool ports_equal(const Ports *a, const Ports *b);
/* The four that are always mail ports. */
extern const Ports mail_ports_default;

/* ---- rules ---- */

typedef enum AddressKind {
        ADDRESS_PREFIX,
        ADDRESS_SET, /* @name */
        ADDRESS_VAR, /* $name: only in roles and fragments, gone after compile */
} AddressKind;

typedef struct AddressItem {
        AddressKind kind;
        Prefix prefix;
        char *name; /* without the sigil; NULL for ADDRESS_PREFIX */
} AddressItem;

/* No items: any. "any" in a list of others is an error of the parser. */
typedef struct AddressList {
        AddressItem *items;
        size_t n;
} AddressList;

void address_list_deinit(AddressList *l);
int address_list_copy(const AddressList *l, AddressList *ret);
/* The same members: order and twins do not count. */
bool address_list_equal(const AddressList *a, const AddressList *b);

/* All zero: no limit. compile fills in what is not given: 12/minute, burst 6, no max. A rule that
 * states only `max` has no rate. */
typedef struct Limit {
        uint32_t rate;     /* new connections… */
        uint32_t unit_sec; /* …in 1, 60, 3600 or 86400 seconds; 0: no rate given */
        uint32_t burst;    /* 0: not given */
        uint32_t open;     /* open at once; 0: not given */
} Limit;

/* "30/minute" ↔ rate and unit; the text of unit_sec: second minute hour day. 0 or -EINVAL,
 * -ERANGE for a number out of range. */
int limit_rate_parse(const char *s, uint32_t *ret_rate, uint32_t *ret_unit_sec);
const char *limit_unit_to_string(uint32_t unit_sec); /* NULL: no such unit */

typedef enum SourceKind {
        SOURCE_P25CTL,
        SOURCE_CONF,
        SOURCE_FRAGMENT,
        SOURCE_ROLE,
        _SOURCE_MAX,
} SourceKind;

typedef struct Rule {
        unsigned n_refs;

        /* Stable identity, below 2^48. Of p25ctl's rules a small number counted up and stored;
         * of others a hash of source, meaning and occurrence, with bit 47 set, given by
         * compile. 0: not given yet. */
        uint64_t id;
        SourceKind source;
        char *source_name; /* of fragment or role; else NULL */
        char *file;        /* where it was written; NULL: at a terminal or over the bus */
        unsigned line;

        Action action;
        Direction direction;
        Ports ports; /* never empty */
        /* ports = "$name", without the sigil, as ADDRESS_VAR; ports is then { 25 }. NULL: ports
         * says it */
        char *ports_var;
        AddressList from;
        AddressList to;
        char *interface;     /* in: enters by; out: leaves by; NULL: any */
        char *in_interface;  /* routed only */
        char *out_interface; /* routed only */
        char **user;         /* names, numbers, or one "$var"; out only */
        char **group;
        char **unit;
        Limit limit;           /* of ACTION_LIMIT */
        uint64_t expires_usec; /* since the epoch; 0: never */
        bool log;
        char *comment; /* NULL: none */
} Rule;

Rule *rule_new(void); /* one reference, direction in, port 25; NULL: out of memory */
Rule *rule_ref(Rule *r);
Rule *rule_unref(Rule *r);
DEFINE_CLEANUP(Rule, rule_unref)
/* A deep copy with one reference. */
int rule_copy(const Rule *r, Rule **ret);
/* The same match (direction, ports, addresses, interfaces, identities; the order within a list
 * does not count)? Action, limit, log, comment, expiry, id and source do not count. */
bool rule_same_match(const Rule *a, const Rule *b);
/* The same match, action, limit, log, comment and expiry. */
bool rule_equal(const Rule *a, const Rule *b);
/* "p25ctl", "p25.conf", "fragment:NAME", "role:NAME"; 0 or -ENOMEM */
int rule_source_format(const Rule *r, char **ret);
/* What a rule alone can get wrong (user on a direction other than out, in_interface on one other
 * than routed, limit numbers without limit, ports that are no mail ports, …): errors at the
 * rule's place. 0 or -EINVAL. */
int rule_check(const Rule *r, const Ports *mail_ports, const char *setting, Diagnostics *d);

typedef struct RuleList {
        Rule **items; /* a reference each */
        size_t n;
} RuleList;

void rule_list_deinit(RuleList *l);
int rule_list_append(RuleList *l, Rule *r);               /* takes a new reference; 0 or -ENOMEM */
int rule_list_insert(RuleList *l, size_t index, Rule *r); /* beyond the end: at the end */
void rule_list_remove(RuleList *l, size_t index);
int rule_list_copy(const RuleList *l, RuleList *ret); /* shares the rules */

/* ---- vars, sets, assertions ---- */

typedef enum VarType {
        VAR_NETWORKS, /* addresses, prefixes, @sets */
        VAR_USERS,
        VAR_GROUPS,
        VAR_UNITS,
        VAR_PORTS,
        _VAR_TYPE_MAX,
        _VAR_TYPE_INVALID = -1,
} VarType;

const char *var_type_to_string(VarType t); /* networks users groups units ports */
VarType var_type_from_string(const char *s);

/* A var as a role declares it. */
typedef struct VarDecl {
        char *name;
        VarType type;
        bool required;
        char **value; /* the default, as written; NULL: none */
        char *help;   /* NULL: none */
        unsigned line;
} VarDecl;

/* A value as a host file or fragment gives it: texts, checked against the type where used. */
typedef struct VarValue {
        char *name;
        char **value;
        char *file;
        unsigned line;
} VarValue;

typedef struct VarValues {
        VarValue *items;
        size_t n;
} VarValues;

/* A set as a file declares it; exactly one of entries and path is given. */
typedef struct SetDecl {
        char *name;
        PrefixSet *entries; /* NULL until the shell has read `path` */
        RangeSet *ranges;   /* of entries; NULL until compile first needs and fills it */
        char *path;
        char *file;
        unsigned line;
} SetDecl;

typedef struct SetDecls {
        SetDecl *items;
        size_t n;
} SetDecls;

typedef struct Assertion {
        char *packet; /* words of `explain`: "out to 8.8.8.8 user www-data" */
        Action verdict;
        char *file;
        unsigned line;
} Assertion;

typedef struct Assertions {
        Assertion *items;
        size_t n;
} Assertions;

/* Defaults of the three directions, _ACTION_INVALID where not stated. Never ACTION_LIMIT. */
typedef struct Defaults {
        Action of[_DIRECTION_MAX];
} Defaults;

extern const Defaults defaults_none;

/* ---- the three kinds of document, and the daemon's own ---- */

/* A fragment; p25.conf holds the same four lists. name is NULL for p25.conf. */
typedef struct Fragment {
        unsigned n_refs;
        char *name;
        char *file; /* NULL: put over the bus */
        char *text; /* as it was put; NULL for files */
        RuleList rules;
        SetDecls sets;
        VarValues vars;
        Assertions assertions;
} Fragment;

Fragment *fragment_new(void);
Fragment *fragment_ref(Fragment *f);
Fragment *fragment_unref(Fragment *f);
DEFINE_CLEANUP(Fragment, fragment_unref)

typedef struct HostConf {
        unsigned n_refs;
        Fragment *common;    /* rules, sets, vars, assert */
        int enabled;         /* -1: not stated */
        BackendKind backend; /* BACKEND_AUTO when not stated */
        char **roles;
        Defaults defaults;
        Logging logging;  /* _LOGGING_INVALID: not stated */
        Ports mail_ports; /* those added to the four; n 0: none */
        bool keep_established;
        unsigned roles_line;
} HostConf;

HostConf *host_conf_new(void);
HostConf *host_conf_ref(HostConf *h);
HostConf *host_conf_unref(HostConf *h);
DEFINE_CLEANUP(HostConf, host_conf_unref)

typedef struct Role {
        unsigned n_refs;
        char *name;
        char *summary;
        char *file;
        bool shipped;
        Ports manages[_DIRECTION_MAX];    /* besides 25 */
        bool manages_all[_DIRECTION_MAX]; /* manages = [ "all" ]: every mail port, added ones too */
        Ports listens;                    /* a server is expected on one of them; n 0: on none */
        VarDecl *vars;
        size_t n_vars;
        Defaults defaults;
        RuleList rules;
        Assertions assertions;
} Role;

Role *role_new(void);
Role *role_ref(Role *r);
Role *role_unref(Role *r);
DEFINE_CLEANUP(Role, role_unref)

/* A set that p25ctl or the bus made. */
typedef struct StoredSet {
        char *name;
        PrefixSet *entries;
        RangeSet *ranges; /* of entries; NULL until compile first needs and fills it */
} StoredSet;

/* What p25ctl and the bus set: stands over the files until `reset`. */
/* Who made a revision, when and why. Texts are NULL where nothing is known. */
typedef struct Origin {
        uint64_t time_usec;
        uint32_t uid;
        uint32_t pid; /* 0: not known */
        char *process;
        char *unit;   /* of the service manager, "cron.service" */
        char *remote; /* the address from which the caller is logged in by ssh */
        char *reason;
} Origin;

void origin_deinit(Origin *o);
int origin_copy(const Origin *o, Origin *ret);

typedef struct State {
        uint64_t revision;
        Origin origin;
        char *files;       /* the name of the copies of the host's files of then; NULL: not known */
        bool files_pinned; /* these are in force, whatever the host's files say now */
        uint64_t next_id;  /* of the next rule */
        int enabled;       /* -1: not set */
        bool roles_set;
        char **roles;
        Defaults defaults;
        Logging logging; /* _LOGGING_INVALID: not set */
        bool lockdown;
        RuleList rules;
        Fragment **fragments; /* by name; a reference each */
        size_t n_fragments;
        StoredSet *sets; /* by name */
        size_t n_sets;
} State;

/* An empty state: revision 0, next_id 1, nothing set. */
State *state_new(void);
State *state_free(State *s);
DEFINE_CLEANUP(State, state_free)
/* Notes which copies of the host's files it goes with, or NULL; 0 or -ENOMEM. */
int state_name_files(State *s, const char *files);
/* Shares rules, fragments and entries; the way every change begins. */
int state_copy(const State *s, State **ret);

/* ---- everything in force ---- */

typedef struct Policy {
        State *state;     /* never NULL */
        HostConf *host;   /* NULL: there is no p25.conf */
        Fragment **files; /* of policy.d, by name */
        size_t n_files;
        Role **roles; /* the catalogue: shipped and own, by name */
        size_t n_roles;
} Policy;

Policy *policy_new(void);
Policy *policy_free(Policy *p);
DEFINE_CLEANUP(Policy, policy_free)

/* Is it to be in the kernel? Under lockdown always. */
bool policy_enabled(const Policy *p);
/* Without regard to lockdown. */
bool policy_switched_on(const Policy *p);
/* What is in force after state over p25.conf: */
char *const *policy_role_names(const Policy *p);
Logging policy_logging(const Policy *p); /* LOGGING_LOW when nobody says */
void policy_mail_ports(const Policy *p, Ports *ret);
Role *policy_find_role(const Policy *p, const char *name); /* borrowed, or NULL */
/* The entries of a set, whoever declared it: p25ctl, p25.conf or a fragment. Borrowed, or NULL. */
const PrefixSet *policy_find_set(const Policy *p, const char *name);
