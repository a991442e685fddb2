/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The screen of `top` as pieces of text, for a terminal of any size; it is made for 80 columns and
 * 24 lines. Does not depend on a terminal. Widths are those of the locale.
 */

#include "cli/top/state.h"

typedef enum TopStyle {
        TOP_PLAIN,
        TOP_TITLE,
        TOP_SELECTED,
        TOP_BLOCKED,
        TOP_ALLOWED,
        TOP_WARNING,
} TopStyle;

typedef struct TopPiece {
        unsigned line, column;
        TopStyle style;
        char *text; /* within the line, and printable */
} TopPiece;

typedef struct TopFrame {
        unsigned lines, columns;
        TopPiece *items; /* later ones cover earlier ones */
        size_t n;
        bool failed; /* memory was short */
} TopFrame;

/* 0 or -ENOMEM */
int top_layout(const TopState *s, unsigned lines, unsigned columns, TopFrame *ret);
void top_frame_deinit(TopFrame *f);
#define _cleanup_top_frame_ _cleanup_(top_frame_deinit)
