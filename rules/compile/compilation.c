/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Reports of a compilation, and the places that they name. */

#include "rules/compile/compilation.h"

#include "rules/base/text.h"
#include "rules/policy/fragment.h"
#include "rules/policy/hostconf.h"
#include "rules/policy/state.h"

#include <errno.h>
#include <stdio.h>

Site site_field(Site s, const char *field, char path[static FIELD_PATH_MAX])
{
        if (!s.setting)
                return s;
        snprintf(path, FIELD_PATH_MAX, "%s.%s", s.setting, field);
        return (Site){ s.place, path };
}

Site site_of_roles(const Policy *p, const char *setting)
{
        if (p->state->roles_set || !p->host)
                return (Site){ { 0 }, setting };
        return (Site){ { p->host->common->file, p->host->roles_line }, setting };
}

int compile_report(Compilation *c, Severity severity, Site site, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list ap;
        int r;

        va_start(ap, format);
        r = text_vprintf(&text, format, ap);
        va_end(ap);
        if (r < 0)
                return r;
        return diagnostics_add(c->diagnostics, severity, site.place, site.setting, "%s%s%s",
                site.setting ? site.setting : "", site.setting ? ": " : "", text);
}

int compile_count_values(Compilation *c, Site site, size_t n)
{
        bool reported = c->n_values > POLICY_VALUES_MAX;

        if (reported)
                return -EINVAL;
        c->n_values += n;
        if (c->n_values <= POLICY_VALUES_MAX)
                return 0;
        return compile_error(c, site,
                "the variables of all rules hold more than %d values together; put addresses into "
                "a set and write \"@NAME\"",
                POLICY_VALUES_MAX);
}

int compile_report_all(Compilation *c, const Diagnostics *found, const char *setting)
{
        for (size_t i = 0; i < found->n; i++) {
                const Diagnostic *d = found->items + i;
                Site site = { { d->file, d->line }, setting ? setting : d->setting };

                if (compile_report(c, d->severity, site, "%s", d->text) == -ENOMEM)
                        return -ENOMEM;
        }
        return 0;
}
