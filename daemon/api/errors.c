/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "daemon/api/errors.h"

#include "daemon/api/api.h"

#include <stddef.h>
#include <string.h>

static const struct {
        const char *bus_name;
        int exit_status;
} errors[_ERROR_MAX] = {
        [ERROR_NONE] = { NULL, EXIT_DONE },
        [ERROR_INVALID_ARGS] = { BUS_ERROR_INVALID_ARGS, EXIT_BAD_INPUT },
        [ERROR_INVALID_RULE] = { BUS_ERROR_INVALID_RULE, EXIT_BAD_INPUT },
        [ERROR_INVALID_POLICY] = { BUS_ERROR_INVALID_POLICY, EXIT_BAD_INPUT },
        [ERROR_NO_SUCH_ROLE] = { BUS_ERROR_NO_SUCH_ROLE, EXIT_BAD_INPUT },
        [ERROR_NO_SUCH_RULE] = { BUS_ERROR_NO_SUCH_RULE, EXIT_BAD_INPUT },
        [ERROR_NO_SUCH_SET] = { BUS_ERROR_NO_SUCH_SET, EXIT_BAD_INPUT },
        [ERROR_NO_SUCH_FRAGMENT] = { BUS_ERROR_NO_SUCH_FRAGMENT, EXIT_BAD_INPUT },
        [ERROR_NO_SUCH_REVISION] = { BUS_ERROR_NO_SUCH_REVISION, EXIT_BAD_INPUT },
        [ERROR_NO_SUCH_NAME] = { BUS_ERROR_NO_SUCH_NAME, EXIT_BAD_INPUT },
        [ERROR_STALE_REVISION] = { BUS_ERROR_STALE_REVISION, EXIT_STALE },
        /* the policy asked for contradicts itself: bad input, as `check` calls it */
        [ERROR_ASSERTION_FAILED] = { BUS_ERROR_ASSERTION_FAILED, EXIT_BAD_INPUT },
        [ERROR_NOT_SUPPORTED] = { BUS_ERROR_NOT_SUPPORTED, EXIT_BAD_INPUT },
        [ERROR_BACKEND_FAILED] = { BUS_ERROR_BACKEND_FAILED, EXIT_KERNEL_REFUSED },
        [ERROR_LIMIT_EXCEEDED] = { BUS_ERROR_LIMIT_EXCEEDED, EXIT_BAD_INPUT },
        [ERROR_ACCESS_DENIED] = { BUS_ERROR_ACCESS_DENIED, EXIT_NOT_AUTHORISED },
        [ERROR_FAILED] = { BUS_ERROR_FAILED, EXIT_FAILED },
};

const char *error_kind_to_bus_name(ErrorKind k)
{
        return errors[k].bus_name;
}

int error_kind_to_exit_status(ErrorKind k)
{
        return errors[k].exit_status;
}

ErrorKind error_kind_from_bus_name(const char *name)
{
        for (ErrorKind k = ERROR_NONE + 1; k < _ERROR_MAX; k++)
                if (strcmp(errors[k].bus_name, name) == 0)
                        return k;
        return ERROR_FAILED;
}
