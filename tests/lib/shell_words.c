/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "tests/lib/shell_words.h"

#include "rules/base/buffer.h"
#include "rules/base/strv.h"

int shell_words_split(const char *line, char ***ret)
{
        _cleanup_strv_ char **words = NULL;

        for (;;) {
                _cleanup_buffer_ Buffer b = { 0 };
                char quote = '\0', *word;
                int r;

                line += strspn(line, " \t\n");
                if (*line == '\0')
                        break;
                buffer_add(&b, "", 0);
                for (; *line && (quote || !strchr(" \t\n", *line)); line++) {
                        if (quote && *line == quote)
                                quote = '\0';
                        else if (!quote && (*line == '\'' || *line == '"'))
                                quote = *line;
                        else if (*line == '\\' && quote != '\'' && line[1])
                                buffer_add_char(&b, *++line);
                        else
                                buffer_add_char(&b, *line);
                }
                if (quote)
                        return -EINVAL;
                r = buffer_take(&b, &word);
                if (r >= 0)
                        r = strv_consume(&words, word);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(words);
        return 0;
}
