/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* The terminal of `top`. screen.c is the one file that includes <ncurses.h>. */

#include "cli/top/layout.h"

/* Takes the terminal of standard input and output. -ENOTTY: it cannot place text. */
int screen_open(bool color);
/* Gives it back as it was; may be called at any time. */
void screen_close(void);
/* After SIGWINCH: takes the terminal's size. */
void screen_resize(void);
/* 0 or -ENOMEM */
int screen_draw(const TopState *s);
/* The next key that was pressed (cli/top/state.h); TOP_KEY_NONE: none yet. */
int screen_key(void);
