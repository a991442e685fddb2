/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What packets meet under the iptables backend. */

#define TESTED_BACKEND backend_iptables

#include "tests/lib/cutting.h"

int main(void)
{
        return test_cutting();
}
