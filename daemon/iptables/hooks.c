/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Our jumps and the policies of the built-in chains.
 */

#include "daemon/iptables/hooks.h"

#include "daemon/iptables/image.h"
#include "daemon/iptables/installation.h"
#include "daemon/iptables/library.h"

#include <linux/netfilter/x_tables.h>

static int delete_jumps(IptInstallation *i, IptHook hook)
{
        const char *chain = ipt_hook_to_string(hook);
        const IptLibrary *l = i->library;
        bool found = true;

        while (found) {
                unsigned at = 0;

                found = false;
                for (const void *e = l->first_rule(chain, i->handle); e && !found;
                        e = l->next_rule(e, i->handle), at++)
                        found = ipt_entry_is_our_jump(i->family, e, l->get_target(e, i->handle));
                if (found && !l->delete (chain, at - 1, i->handle))
                        return ipt_installation_failed(i, "a rule cannot be deleted from", chain);
        }
        return 0;
}

static bool jumps_are_good(const IptInstallation *i, IptHook h)
{
        const ImageEntry *have = &i->have.jumps[h];

        if (i->have.n_stray_jumps > 0 || i->have.overtaken[h])
                return false;
        if (!i->want || i->want->jumps[h].length == 0)
                return have->length == 0;
        return have->length > 0 &&
               ipt_image_same_entry(&i->have, have, i->want, &i->want->jumps[h]);
}

int ipt_hooks_set_jumps(IptInstallation *i, bool force)
{
        int r = 0;

        for (IptHook h = 0; h < _IPT_HOOK_MAX && r >= 0; h++) {
                if (jumps_are_good(i, h) && !force)
                        continue;
                i->changed = true;
                r = delete_jumps(i, h);
                if (r >= 0 && i->want && i->want->jumps[h].length > 0)
                        r = ipt_installation_insert(
                                i, ipt_hook_to_string(h), &i->want->jumps[h], 0);
        }
        return r;
}

int ipt_hooks_keep_policies(IptInstallation *i)
{
        for (IptHook h = 0; h < _IPT_HOOK_MAX; h++) {
                const char *chain = ipt_hook_to_string(h), *policy;
                struct xt_counters c = { 0 };

                policy = i->library->get_policy(chain, &c, i->handle);
                if (policy && !i->library->set_policy(chain, policy, &c, i->handle))
                        return ipt_installation_failed(i, "cannot keep the policy of", chain);
        }
        return 0;
}
