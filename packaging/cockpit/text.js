/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Words of the page: translated, and formatted for the reader's language.
 */

export const _ = cockpit.gettext;
export const format = cockpit.format;

const language = cockpit.language ? cockpit.language.replace("_", "-") : undefined;
const times = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "medium" });
const numbers = new Intl.NumberFormat(language);

/* A formatter of times: options of Intl.DateTimeFormat. */
export function clock(options) {
    return new Intl.DateTimeFormat(language, options);
}

/* usec: since the epoch; or an RFC 3339 text; or a Date */
export function time(when) {
    return times.format(typeof when === "number" ? new Date(when / 1000) : new Date(when));
}

export function number(n) {
    return numbers.format(n);
}

/* "2h 5m": two units are enough for a look */
export function duration(seconds) {
    const units = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];
    const parts = [];
    for (const [unit, size] of units) {
        if (seconds >= size && parts.length < 2) {
            parts.push(Math.floor(seconds / size) + unit);
            seconds %= size;
        }
    }
    return parts.join(" ") || "0s";
}

export function direction(word) {
    return { in: _("in"), out: _("out"), routed: _("routed") }[word] || word;
}
