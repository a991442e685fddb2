/* SPDX-License-Identifier: GPL-2.0-or-later */

/* What packets meet under the nftables backend. */

#include "tests/lib/cutting.h"

int main(void)
{
        return test_cutting(&backend_nft);
}
