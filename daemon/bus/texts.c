/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Owns the methods that hand out texts: a fragment, a role, a set's entries, and the policy in
 * force in the words of a firewall. Everybody may read them; nothing is changed.
 */

#include "daemon/bus/answer.h"
#include "daemon/bus/methods.h"
#include "daemon/bus/reply.h"
#include "daemon/io/file.h"
#include "daemon/loop/clock.h"
#include "rules/base/diagnostic.h"
#include "rules/base/text.h"
#include "rules/config/print.h"
#include "rules/iptables/script.h"
#include "rules/nftables/script.h"
#include "rules/policy/fragment.h"
#include "rules/policy/policy.h"
#include "rules/policy/state.h"
#include "rules/ruleset/print.h"
#include "rules/ruleset/ruleset.h"

#include <errno.h>
#include <sys/mman.h>

/* The one argument of most methods here. */
static int name_read(BusCall *c, const char *what, const char **ret, sd_bus_error *error)
{
        int r = sd_bus_message_read(c->message, "s", ret);

        return r < 0 ? r : bus_name_check(what, *ret, error);
}

/* ---- fragments and roles ---- */

static const Fragment *fragment_find(const Policy *policy, const char *name)
{
        for (size_t i = 0; i < policy->state->n_fragments; i++)
                if (streq(policy->state->fragments[i]->name, name))
                        return policy->state->fragments[i];
        for (size_t i = 0; i < policy->n_files; i++)
                if (streq(policy->files[i]->name, name))
                        return policy->files[i];
        return NULL;
}

int bus_get_fragment(BusCall *c, sd_bus_error *error)
{
        _cleanup_free_ char *printed = NULL;
        const Fragment *f;
        const char *name;
        int r;

        r = name_read(c, "fragment", &name, error);
        if (r < 0)
                return r;
        f = fragment_find(manager_policy(c->bus->manager), name);
        if (!f)
                return sd_bus_error_setf(
                        error, BUS_ERROR_NO_SUCH_FRAGMENT, "there is no fragment %s", name);
        if (!f->text) {
                r = print_fragment(f, &printed);
                if (r < 0)
                        return r;
        }
        return bus_reply_text(c, f->text ?: printed, error);
}

int bus_get_role(BusCall *c, sd_bus_error *error)
{
        _cleanup_free_ char *text = NULL;
        const char *name, *meant;
        const Role *role;
        int r;

        r = name_read(c, "role", &name, error);
        if (r < 0)
                return r;
        role = policy_find_role(manager_policy(c->bus->manager), name);
        if (!role) {
                meant = policy_nearest_role(manager_policy(c->bus->manager), name);
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_ROLE,
                        meant ? "there is no role %s; did you mean \"%s\"?"
                              : "there is no role %s (p25ctl role list shows them)",
                        name, meant);
        }
        r = print_role(role, &text);
        return r < 0 ? r : bus_reply_text(c, text, error);
}

/* ---- sets ---- */

/* A file in memory with the text, at its beginning; negative errno. */
static int text_file(const char *text, size_t n)
{
        _cleanup_close_ int fd = memfd_create("p25-set", MFD_CLOEXEC);
        int r;

        if (fd < 0)
                return -errno;
        r = file_write_all(fd, text, n);
        if (r < 0)
                return r;
        return lseek(fd, 0, SEEK_SET) < 0 ? -errno : TAKE_FD(fd);
}

/* The entries as ReplaceSet takes them: through a descriptor, because there may be millions. */
int bus_get_set(BusCall *c, sd_bus_error *error)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_free_ char *text = NULL;
        _cleanup_close_ int fd = -1;
        const char *name;
        size_t n;
        int r;

        r = name_read(c, "set", &name, error);
        if (r < 0)
                return r;
        r = policy_print_set(manager_policy(c->bus->manager), name, &text, &n);
        if (r == -ENOENT)
                return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_SET,
                        "there is no set %s (p25ctl set list shows them)", name);
        if (r < 0)
                return r;
        fd = text_file(text, n);
        if (fd < 0)
                return TAKE_FD(fd);
        if ((r = bus_reply_new(c, &reply)) >= 0 &&
                (r = sd_bus_message_append_basic(reply, 'h', &fd)) >= 0)
                r = bus_reply_send(c, reply);
        return r;
}

/* ---- the policy in force ---- */

static int iptables_print(const Ruleset *ruleset, sd_bus_error *error, char **ret)
{
        _cleanup_diagnostics_ Diagnostics d = { 0 };
        int r = ipt_script_print(ruleset, true, true, &d, ret);

        if (r == -EOPNOTSUPP)
                return sd_bus_error_set(error, BUS_ERROR_NOT_SUPPORTED,
                        d.n > 0 ? d.items[0].text : "iptables cannot express this policy");
        return r;
}

/* An empty text while inactive: nothing is in force. */
int bus_get_ruleset(BusCall *c, sd_bus_error *error)
{
        const Ruleset *ruleset = manager_ruleset(c->bus->manager);
        _cleanup_free_ char *text = NULL;
        char shown[TEXT_SHOWN_MAX];
        const char *format;
        int r;

        r = sd_bus_message_read(c->message, "s", &format);
        if (r < 0)
                return r;
        if (!streq(format, "ir") && !streq(format, "nft") && !streq(format, "iptables"))
                return sd_bus_error_setf(error, BUS_ERROR_INVALID_ARGS,
                        "format must be one of ir, nft, iptables (not %s)",
                        text_show(format, shown));
        if (!ruleset)
                return bus_reply_text(c, "", error);
        if (streq(format, "ir"))
                r = ruleset_print(ruleset, &text);
        else if (streq(format, "nft"))
                r = nft_script_print_at(ruleset, clock_now_usec(CLOCK_REALTIME), &text);
        else
                r = iptables_print(ruleset, error, &text);
        return r < 0 ? r : bus_reply_text(c, text, error);
}
