/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "rules/config/document.h"

#include "rules/policy/state.h"

const char *document_to_string(DocumentKind kind)
{
        static const char *const names[_DOCUMENT_MAX] = {
                [DOCUMENT_HOST] = "p25.conf",
                [DOCUMENT_FRAGMENT] = "a fragment",
                [DOCUMENT_ROLE] = "a role",
                [DOCUMENT_STATE] = "the daemon's state",
        };

        return names[kind];
}

static void state_files_free(StateFile *files, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                free(files[i].name);
                free(files[i].file);
        }
        free(files);
}

void state_document_deinit(StateDocument *s)
{
        state_free(s->state);
        state_files_free(s->fragments, s->n_fragments);
        state_files_free(s->sets, s->n_sets);
        *s = (StateDocument){ 0 };
}
