/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Texts that p25ctl did not write (of p25d on this or another host, of files) made safe for a
 * terminal. '?' takes the place of invalid UTF-8, of control characters (C0, DEL, C1, line
 * separators) and of characters that change the direction of text.
 */

/* A line, or one field of it. */
void printable_line(char *s);
/* A text of several lines: keeps newlines, tabs, and a carriage return before a newline. */
void printable_text(char *s);
/* The same with colors, of which every other text was made printable before. */
void printable_colored_text(char *s);
/* The text of a JSON document whose strings will be shown as fields of a line: also its escapes of
 * such characters. */
void printable_json(char *s);
