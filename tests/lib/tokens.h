/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/*
 * Compares the nodes that libconfig made with the tokens of the text, one by one: names, strings,
 * the digits of integers, lines.
 */

#include "rules/config/lexer.h"
#include "rules/config/node.h"

bool tree_says_the_same(const Node *document, const char *text);
