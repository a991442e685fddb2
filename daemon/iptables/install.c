/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Changes a table through libiptc: the order of the steps, and their repetition. A commit replaces
 * the whole table, foreign entries as they are.
 */

#include "daemon/iptables/install.h"

#include "daemon/iptables/chains.h"
#include "daemon/iptables/hooks.h"
#include "daemon/iptables/image.h"
#include "daemon/iptables/installation.h"
#include "daemon/iptables/library.h"
#include "daemon/iptables/share.h"
#include "rules/base/diagnostic.h"

#include <errno.h>

#define COMMIT_TRIES 10

void ipt_installed_deinit(IptInstalled *i)
{
        ipt_image_deinit(&i->before);
}

static int install_once(IptInstallation *i, bool force)
{
        int r;

        errno = 0;
        i->handle = i->library->init(IPT_TABLE);
        if (!i->handle)
                return ipt_installation_failed(i, "the table " IPT_TABLE " cannot be read", NULL);
        r = ipt_share_read(i);
        if (r >= 0)
                r = ipt_chains_create(i);
        if (r >= 0)
                r = ipt_chains_edit(i);
        if (r >= 0)
                r = ipt_hooks_set_jumps(i, force && i->want && i->want->n_chains > 0);
        if (r >= 0)
                r = ipt_chains_delete(i);
        if (r < 0 || !i->changed)
                return r;
        r = ipt_hooks_keep_policies(i);
        if (r < 0)
                return r;
        errno = 0;
        i->committing = true;
        return i->library->commit(i->handle) ? 1 : -(errno ?: EIO);
}

/*
 * A commit is two calls: the table, then what its entries have counted. If another program that
 * takes no lock changes the table between them the second is refused (EINVAL), as a bad table is by
 * the first: reading again shows which it was.
 */
int ipt_table_install(Family family, const IptImage *want, const IptImage *known, bool force,
        IptInstalled *ret, Diagnostics *d)
{
        _cleanup_(ipt_installed_deinit) IptInstalled installed = { 0 };
        const IptLibrary *l = family == FAMILY_IPV4 ? &ipt_library4 : &ipt_library6;
        bool doubtful = false, again = true, committing = false;
        int r = 0;

        for (unsigned n = 0; n < COMMIT_TRIES && again; n++) {
                _cleanup_(ipt_installation_deinit) IptInstallation i = {
                        .library = l,
                        .family = family,
                        .want = want,
                        .known = known,
                        .diagnostics = d,
                };

                r = install_once(&i, force && !doubtful);
                committing = i.committing;
                again = committing && (r == -EAGAIN || (r == -EINVAL && !doubtful));
                if (!doubtful) {
                        ipt_image_deinit(&installed.before);
                        installed.before = TAKE_STRUCT(i.have);
                }
                doubtful = doubtful || (committing && r == -EINVAL);
                installed.exactly = !doubtful && !i.beside;
        }
        if (r < 0 && committing)
                diagnostics_error(d, (Place){ 0 }, NULL,
                        "%s: the kernel refuses the table " IPT_TABLE ": %s", l->program,
                        r == -EAGAIN ? "other programs keep changing it" : l->error(-r));
        if (r < 0)
                return r;
        if (ret)
                *ret = TAKE_STRUCT(installed);
        return doubtful ? 1 : r;
}
