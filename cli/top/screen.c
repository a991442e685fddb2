/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "cli/top/screen.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <ncurses.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>

/* The only terminal that a program has; ncurses keeps its state in globals as well. */
static SCREEN *screen;

/* p25ctl prints UTF-8 in every locale. */
static void locale_choose(void)
{
        if (!setlocale(LC_CTYPE, "") || !streq(nl_langinfo(CODESET), "UTF-8"))
                (void)setlocale(LC_CTYPE, "C.UTF-8");
}

static void colors_open(void)
{
        if (!has_colors() || start_color() == ERR || use_default_colors() == ERR)
                return;
        init_pair(TOP_BLOCKED, COLOR_RED, -1);
        init_pair(TOP_ALLOWED, COLOR_GREEN, -1);
        init_pair(TOP_WARNING, COLOR_YELLOW, -1);
}

/* Is it a terminal whose cursor can be placed? Asked before newterm(), which for others takes
 * memory that it does not give back. */
static bool terminal_is_known(void)
{
        const char *placing;
        int error;

        if (setupterm(NULL, STDOUT_FILENO, &error) == ERR)
                return false;
        placing = tigetstr("cup");
        del_curterm(cur_term);
        return placing && placing != (const char *)-1;
}

int screen_open(bool color)
{
        locale_choose();
        screen = terminal_is_known() ? newterm(NULL, stdout, stdin) : NULL;
        if (!screen)
                return -ENOTTY;
        if (color)
                colors_open();
        cbreak();
        noecho();
        nonl();
        intrflush(stdscr, FALSE);
        keypad(stdscr, TRUE);
        nodelay(stdscr, TRUE);
        set_escdelay(50);
        curs_set(0);
        return 0;
}

void screen_close(void)
{
        if (!screen)
                return;
        curs_set(1);
        endwin();
        delscreen(screen);
        screen = NULL;
}

void screen_resize(void)
{
        struct winsize size;

        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0)
                resizeterm(size.ws_row, size.ws_col);
        clearok(stdscr, TRUE);
}

/* Without color only bold and reverse. */
static attr_t style_attributes(TopStyle s)
{
        switch (s) {
        case TOP_PLAIN:
                return A_NORMAL;
        case TOP_TITLE:
                return A_BOLD;
        case TOP_SELECTED:
                return A_REVERSE;
        case TOP_BLOCKED:
        case TOP_ALLOWED:
                return (attr_t)COLOR_PAIR(s);
        case TOP_WARNING:
                return (attr_t)COLOR_PAIR(s) | A_BOLD;
        }
        return A_NORMAL;
}

int screen_draw(const TopState *s)
{
        _cleanup_top_frame_ TopFrame f = { 0 };
        int r = top_layout(s, (unsigned)LINES, (unsigned)COLS, &f);

        if (r < 0)
                return r;
        erase();
        for (size_t i = 0; i < f.n; i++) {
                const TopPiece *p = &f.items[i];

                attrset((int)style_attributes(p->style));
                mvaddstr((int)p->line, (int)p->column, p->text);
        }
        attrset(A_NORMAL);
        refresh();
        return 0;
}

int screen_key(void)
{
        int key = getch();

        switch (key) {
        case ERR:
                return TOP_KEY_NONE;
        case KEY_UP:
                return TOP_KEY_UP;
        case KEY_DOWN:
                return TOP_KEY_DOWN;
        case KEY_LEFT:
                return TOP_KEY_LEFT;
        case KEY_RIGHT:
                return TOP_KEY_RIGHT;
        case KEY_PPAGE:
                return TOP_KEY_PAGE_UP;
        case KEY_NPAGE:
                return TOP_KEY_PAGE_DOWN;
        }
        return key > 0 && key < 128 ? key : TOP_KEY_OTHER;
}
