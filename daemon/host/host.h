/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Reads the host, for p25d and for p25ctl's offline commands alike: files below a root, the stored
 * state (reading only), users and groups, cgroups. Writes nothing, logs nothing. Besides api.h the
 * one header of daemon/ that cli/ may include.
 */

#include "rules/base/util.h"

typedef struct Cgroup Cgroup;
typedef struct Diagnostics Diagnostics;
typedef struct IdNames IdNames;
typedef struct Names Names;
typedef struct ServiceCache ServiceCache;
typedef struct State State;
typedef struct HostConf HostConf;
typedef struct Fragment Fragment;
typedef struct Role Role;
typedef struct Policy Policy;

/* The folder of the shipped roles; the makefile sets it for another PREFIX. */
#ifndef HOST_SHIPPED
#define HOST_SHIPPED "/usr/share/p25/policies"
#endif

typedef struct HostPaths {
        char *conf;          /* ROOT/etc/p25/p25.conf */
        char *policy_folder; /* ROOT/etc/p25/policy.d */
        char *roles_folder;  /* ROOT/etc/p25/roles.d */
        char *shipped;       /* ROOT HOST_SHIPPED, or --policies DIR as it is */
        char *state;         /* ROOT/var/lib/p25 */
        char *runtime;       /* ROOT/run/p25 */
        char *root;          /* "" or DIR without a slash at its end: set files are below it */
} HostPaths;

/* root, policies: NULL for the default. 0 or -ENOMEM. */
int host_paths_init(HostPaths *p, const char *root, const char *policies);
void host_paths_deinit(HostPaths *p);

/*
 * Reads a regular file whole (symlinks are followed; a folder, FIFO, device or loop is refused
 * without blocking). Text is NUL-terminated behind ret_length bytes. 0, or negative errno with an
 * error in d at the file: -ENOENT, -EISDIR, -EINVAL (not a regular file), -EFBIG beyond max bytes…
 * d may be NULL.
 */
int host_read_file(const char *path, size_t max, Diagnostics *d, char **ret, size_t *ret_length);
/* The same of what is open already, a pipe too, to its end; the name is for errors. */
int host_read_descriptor(
        int fd, const char *name, size_t max, Diagnostics *d, char **ret, size_t *ret_length);

/* Opens such a file with the rights of this process, and asks nobody; or one that a policy names,
 * which must belong to root or to its folder's owner, and to which no link leads out of that. A
 * descriptor or negative errno. */
int host_open_file(const char *path);
int host_open_named(const char *path);

/* Names ending in ".conf" that do not begin with a dot, sorted (strcmp); a folder that is not
 * there is empty. 0 or negative errno with an error in d. */
int host_list_conf(const char *folder, Diagnostics *d, char ***ret);

/* The files that were read, as they were then: the store decides by them which copies it needs. */
typedef struct HostInput {
        char *path;
        uint64_t content; /* a hash of it; 0: it was not read to its end */
        uint64_t device, inode, size;
        uint64_t mtime_nsec, ctime_nsec;
        bool named;  /* by a set of the policy */
        bool remote; /* it may be on a server that does not answer */
} HostInput;

typedef struct HostInputs {
        HostInput *items; /* in the order of reading */
        size_t n;
        bool late; /* one that a set names did not come in time: no other is waited for */
} HostInputs;

void host_inputs_deinit(HostInputs *l);

/* p25.conf, fragments, roles, set files; policy->state is an empty state. Missing files are left
 * out (host NULL). inputs, which may be NULL, gets all files that were read. 0, -EINVAL (see d),
 * other negative errno. */
int host_load_files(const HostPaths *p, HostInputs *inputs, Diagnostics *d, Policy **ret);

/* The same with conf, of which a reference is taken, in the place of p25.conf. */
int host_load_files_with(const HostPaths *p, HostConf *conf, Diagnostics *d, Policy **ret);

/* The first file that says something else than what was read, is gone, or came later: 1 and its
 * path; 0: none; -ENOMEM. Waits for no server: what is on one is not examined. */
int host_find_edited(const HostPaths *p, const HostInputs *read, char **ret);

/* The paths of p25d's copies of the files that were in force last, state being the stored one. 0,
 * -ENOENT: there are none, -EACCES, … */
int host_paths_in_force(const HostPaths *p, const State *state, HostPaths *ret);

/* Puts only the roles into it: shipped, then own ones, which replace by name. */
int host_load_roles(const HostPaths *p, Diagnostics *d, Policy *policy);

/* Reads the files that the sets of a fragment name, each below root ("" for none); inputs may be
 * NULL. Errors at the place of the declaration and in the set file. */
int host_load_set_files(Fragment *f, const char *root, HostInputs *inputs, Diagnostics *d);

/* The stored state; -ENOENT when there is none, -EINVAL when it is damaged (see d). Files named by
 * sets of its fragments are read below p->root. */
int host_load_state(const HostPaths *p, Diagnostics *d, State **ret);

/* Files and state together, as `explain --root` sees the policy. A state that is not there is
 * empty; rules that have ended are left out. */
int host_load_policy(const HostPaths *p, Diagnostics *d, Policy **ret);

/*
 * Users and groups from /etc/passwd and /etc/group first (which never block), then, if
 * `use_nss`, from the name service: before that, a name which only a directory server may know is
 * -EAGAIN; ids lent to users from /etc/subuid and /etc/subgid; units from
 * the cgroup v2 tree. Reads the files once and
 * again when they changed.
 */
typedef struct HostNames HostNames;
int host_names_new(bool use_nss, HostNames **ret);
/* The same with the files of another folder than /etc, and another cgroup tree (NULL: none). */
int host_names_new_at(const char *etc, const char *cgroups, HostNames **ret);
HostNames *host_names_free(HostNames *n);
DEFINE_CLEANUP(HostNames, host_names_free)
Names host_names(HostNames *n); /* borrows n */
/* The same without the name service. */
Names host_names_of_files(HostNames *n);
/* The same for names that are not the policy's: of a packet to explain. */
Names host_names_of_guest(HostNames *n);
/* Sets the root of the files of units; "" (this host's) if it is not set, NULL: none. 0 or
 * -ENOMEM. */
int host_names_set_root(HostNames *n, const char *root);
/* From now on nothing waits for the name service: a question that it has not answered yet is
 * -EAGAIN, or a number without a name, and `wanted` is called; a caller that can wait asks, and
 * stores the answer by host_names_service() (service.h). */
void host_names_defer(HostNames *n, void (*wanted)(void *data), void *data);
/* From now on the service is waited for: for a process that has nothing else to do. */
void host_names_wait(HostNames *n);
struct ServiceCache *host_names_service(HostNames *n);
/* Does the service have sources of users that nothing on this host reports (a directory server)? Of
 * systemd's the folders of daemon/manager/user_folders.c report. */
bool host_names_must_be_asked(HostNames *n);
void host_names_set_nss(HostNames *n, bool use_nss);
/* Lets the files of users and groups stay as they are found the next time, or ends that: all names
 * of a policy are those of one moment, and the files are not looked at again for each of them. */
void host_names_hold(HostNames *n, bool held);
/* The owner of a uid that lies in a range which /etc/subuid lends to a user, as processes of
 * containers have. 0; -ENOENT: it is in no such range; -ENOMEM. */
int host_user_owner(HostNames *n, uint32_t uid, uint32_t *ret_owner);
/* Name of a uid, printable, or NULL (then the number is what to show). 0 or -ENOMEM. */
int host_user_name(HostNames *n, uint32_t uid, char **ret);
/* The word by which a rule names a user: the name if it means this user and no other, else the
 * number. 0 or -ENOMEM. */
int host_user_in_rule(HostNames *n, uint32_t uid, char **ret);
/* The same of a gid; only the files are asked. */
int host_group_name(HostNames *n, uint32_t gid, char **ret);
struct IdNames host_id_names(HostNames *n); /* both, for rules/compare/difference.h */
/* The primary group of a user name or number; 0, -ENOENT. */
int host_user_group(HostNames *n, const char *user, uint32_t *ret_gid);
/* The mount point of cgroup v2 (/sys/fs/cgroup or /sys/fs/cgroup/unified); NULL: none. */
const char *host_cgroup_mount(void);

/*
 * The cgroup of a running unit ("postfix.service", "postfix", "a-b.slice"), looked for first where
 * systemd puts it, then in the tree, which is searched only so far; of "postfix@*.service" that
 * around all instances. 0, -ENOENT, perhaps with a hint in ret, -ENOMEM.
 */
int host_unit_find(const char *mount, const char *unit, Cgroup *ret);
/*
 * The full name of a unit, of which the given one may be an alias (Alias=, a link to another unit's
 * file) below root: no cgroup has the name of an alias. 0, -ENOENT for what can be no unit,
 * -ENOMEM.
 */
int host_unit_real_name(const char *root, const char *unit, char **ret);
/* Is there no file of a unit of this name, nor of its template, below root ("" or a folder)? false
 * also where systemd is not the service manager. */
bool host_unit_is_unknown(const char *root, const char *unit);
/* The unit that a misspelt name may mean; false: none. */
bool host_unit_nearest(const char *root, const char *unit, char *ret, size_t size);
/* The folders in which the unit's cgroup appears when it starts, for watching; those that are
 * not there now are left out. */
int host_unit_parents(const char *mount, const char *unit, char ***ret);
