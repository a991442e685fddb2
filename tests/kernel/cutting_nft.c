/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Connections that a change cuts under the nftables backend. */

#include "tests/lib/cutting.h"

int main(void)
{
        return test_cutting(&backend_nft);
}
