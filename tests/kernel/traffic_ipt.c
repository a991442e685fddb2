/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Verdicts about packets under the iptables backend. */

#include "daemon/iptables/backend.h"
#include "tests/lib/traffic.h"

int main(void)
{
        return test_traffic(&backend_iptables);
}
