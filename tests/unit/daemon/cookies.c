/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The counter of SYN cookies in the texts of several kernels. */

#include "daemon/connections/cookies.h"

#include "rules/base/util.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void test_texts(void **state)
{
        static const struct {
                const char *text;
                bool sent;
        } texts[] = {
                { "TcpExt: SyncookiesSent SyncookiesRecv\nTcpExt: 0 5\nIpExt: A\nIpExt: 7\n",
                        false },
                { "TcpExt: SyncookiesSent SyncookiesRecv\nTcpExt: 3 0\n", true },
                { "TcpExt: PruneCalled SyncookiesSent\nTcpExt: 9 0\n", false },
                { "TcpExt: PruneCalled SyncookiesSent\nTcpExt: 0 18446744073709551615\n", true },
                /* another counter */
                { "TcpExt: SyncookiesSentAlso SyncookiesSent\nTcpExt: 9 0\n", false },
                /* nothing is known */
                { "", true },
                { "\n", true },
                { "TcpExt: SyncookiesRecv\nTcpExt: 0\n", true },
                { "TcpExt: SyncookiesSent", true },
                { "TcpExt: SyncookiesSent\n", true },
                { "TcpExt: SyncookiesSent\nTcpExt:", true },
                { "TcpExt: A SyncookiesSent\nTcpExt: 0\nTcpExt: 0 0\n", true },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS(texts); i++)
                if (cookies_are_in(texts[i].text) != texts[i].sent)
                        fail_msg("wrong: \"%s\"", texts[i].text);
}

int main(void)
{
        static const struct CMUnitTest tests[] = { cmocka_unit_test(test_texts) };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
