/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Readings that take turns: an answer that comes late never replaces a newer one.
 */

/* A function that runs work(...) once at a time. Calls during a run become one more run, with the
 * arguments of the last. work must catch what it throws. */
export function serial(work) {
    let next = null;
    let running = false;
    return async (...args) => {
        next = args;
        if (running)
            return;
        running = true;
        while (next) {
            const now = next;
            next = null;
            await work(...now);
        }
        running = false;
    };
}
