/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Verdicts about packets under the nftables backend. */

#include "tests/lib/traffic.h"

int main(void)
{
        return test_traffic(&backend_nft);
}
