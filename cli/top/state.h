/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * The view that the user of `top` has chosen, and the effect of each key on it. Does not depend on
 * a terminal: keys are characters, or one of the names below.
 */

#include "cli/top/model.h"

enum {
        TOP_KEY_NONE = 0,
        TOP_KEY_ESCAPE = 27,
        TOP_KEY_UP = 256,
        TOP_KEY_DOWN,
        TOP_KEY_LEFT,
        TOP_KEY_RIGHT,
        TOP_KEY_PAGE_UP,
        TOP_KEY_PAGE_DOWN,
        TOP_KEY_OTHER, /* without a meaning */
};

typedef enum TopPane {
        TOP_PANE_NONE,
        TOP_PANE_TEXT,
        TOP_PANE_WAITING,  /* for what a command prints */
        TOP_PANE_QUESTION, /* the plan of a change, which y makes */
} TopPane;

/* The caller's next step after a key; the last three run `words` of the state. */
typedef enum TopAction {
        TOP_STAY,
        TOP_QUIT,
        TOP_EXPLAIN,
        TOP_PLAN,
        TOP_CHANGE,
} TopAction;

typedef struct TopState {
        TopModel model; /* sorted */
        TopView view;
        TopSort sort;
        char *selected; /* the name of a row; NULL: the first */
        size_t index;   /* where it was: several rows may have one name */
        TopPane pane;
        char *title;   /* of the pane */
        char **lines;  /* of the pane, made printable */
        size_t scroll; /* the lines above what is shown; less than there are, or 0 */
        char **words;  /* of the command that the pane is about, without "p25ctl" */
        char *trouble; /* why the numbers are not those of now, made printable; else NULL */
} TopState;

void top_state_deinit(TopState *s);
/* Takes the model. */
void top_state_update(TopState *s, TopModel *m);
/* Takes a copy, made printable; NULL: none. 0 or -ENOMEM. */
int top_state_set_trouble(TopState *s, const char *trouble);
/* The index of the selected row in its table. */
size_t top_state_selected(const TopState *s);
/* Shows the output of the command in the pane, as a question if it is a plan to be asked about. 0
 * or -ENOMEM. */
int top_state_show(TopState *s, const char *output, bool question);
/* 0 or -ENOMEM; *ret is TOP_STAY where the key changes no more than the state. */
int top_state_key(TopState *s, int key, TopAction *ret);
