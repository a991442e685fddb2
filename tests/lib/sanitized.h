/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Whether this program is built with AddressSanitizer. Its allocator always moves what grows, and
 * needs more address space than a limit would leave. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif
