/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The answer to a change: its result, its errors.
 */

#include "daemon/manager/internal.h"
#include "rules/address/prefixset.h"
#include "rules/base/buffer.h"
#include "rules/base/strv.h"
#include "rules/base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

void change_result_deinit(ChangeResult *r)
{
        strv_free(r->diff);
        strv_free(r->effects);
        strv_free(r->replay);
        strv_free(r->warnings);
        strv_free(r->unchanged);
        free(r->message);
        *r = (ChangeResult){ 0 };
}

int change_fail(ChangeResult *r, ErrorKind kind, int error, const char *format, ...)
{
        va_list ap;

        r->error = kind;
        r->changed = false;
        r->outcome = OUTCOME_NONE;
        strv_free(TAKE_PTR(r->diff));
        strv_free(TAKE_PTR(r->effects));
        strv_free(TAKE_PTR(r->replay));
        free(TAKE_PTR(r->message));
        va_start(ap, format);
        (void)text_vprintf(&r->message, format, ap);
        va_end(ap);
        return error;
}

int change_fail_set_size(ChangeResult *r)
{
        return change_fail(
                r, ERROR_LIMIT_EXCEEDED, -E2BIG, "a set has at most %d entries", PREFIX_SET_MAX);
}

void change_made(ChangeResult *r, Outcome outcome)
{
        r->changed = true;
        r->outcome = outcome == OUTCOME_NONE ? OUTCOME_CHANGED : outcome;
}

int change_no_memory(ChangeResult *r)
{
        return change_fail(r, ERROR_FAILED, -ENOMEM, "out of memory");
}

int change_fail_told(ChangeResult *r, ErrorKind kind, int error, const Diagnostics *d)
{
        const Diagnostic *first = diagnostics_first_error(d);
        _cleanup_free_ char *text = NULL;

        if (error == -ENOMEM || (first && diagnostic_format(first, &text) < 0))
                return change_no_memory(r);
        return change_fail(r, kind, error, "%s", first ? text : strerrordesc_np(-error));
}

int change_warn(ChangeResult *r, const Diagnostics *d)
{
        for (size_t i = 0; i < d->n; i++)
                if (diagnostic_add_line(&d->items[i], &r->warnings) < 0)
                        return -ENOMEM;
        return 0;
}

int change_fail_in_failsafe(ChangeResult *r)
{
        return change_fail(r, ERROR_INVALID_POLICY, -EINVAL,
                "the fail-safe no-mail is in force because the policy cannot be read: "
                "correct it and run p25ctl reload");
}

int change_fail_unanswered(ChangeResult *r)
{
        (void)change_fail(r, ERROR_FAILED, -EBUSY,
                "the name service does not answer about a user or group of the policy; nothing was "
                "changed: try again");
        r->locked_out = r->unanswered = true;
        return -EBUSY;
}

ErrorKind change_backend_error(int error)
{
        switch (error) {
        case -EOPNOTSUPP:
                return ERROR_NOT_SUPPORTED;
        case -ENOMEM:
                return ERROR_FAILED;
        default:
                return ERROR_BACKEND_FAILED;
        }
}

int change_fail_backend(ChangeResult *r, int error, bool locked_out, const Diagnostics *d)
{
        _cleanup_buffer_ Buffer all = { 0 };

        /* what failed, and what came of what had been done already */
        for (size_t i = 0; i < d->n; i++) {
                _cleanup_free_ char *text = NULL;

                if (d->items[i].severity != SEVERITY_ERROR)
                        continue;
                if (diagnostic_format(&d->items[i], &text) < 0)
                        return change_no_memory(r);
                buffer_printf(&all, "%s%s", all.length > 0 ? "; " : "", text);
        }
        if (all.failed)
                return change_no_memory(r);
        (void)change_fail(r, change_backend_error(error), error, "%s",
                all.length > 0 ? all.data : strerrordesc_np(-error));
        r->locked_out = locked_out;
        return error;
}

int manager_warn(Manager *m, const char *format, ...)
{
        va_list ap;
        int r;

        va_start(ap, format);
        r = strv_vprintf(&m->in_force.warnings, format, ap);
        va_end(ap);
        return r;
}
