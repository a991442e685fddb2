/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Long lists, a page at a time, with a search over all of it.
 */

import { button, el, replace } from "./dom.js";
import { _, format, number } from "./text.js";

/* show(items, row, table): row makes of an item what table takes a list of. text: what of an item
 * is searched. */
export function pager(container, size, label, text) {
    let items = [];
    let texts = null; /* of the items, once somebody searches */
    let found = [];
    let page = 0;
    let draw = () => {};

    const search = el("input", { type: "search", "aria-label": label, placeholder: label, "data-focus": "search" });
    const where = el("span", { role: "status" });
    const list = el("div", {});
    const turn = by => {
        page += by;
        draw();
    };
    const back = button(_("Previous page"), () => turn(-1), { "data-focus": "back" });
    const on = button(_("Next page"), () => turn(1), { "data-focus": "on" });

    const find = () => {
        const wanted = search.value.trim().toLowerCase();
        if (wanted)
            texts ??= items.map(item => text(item).toLowerCase());
        found = wanted ? items.filter((item, i) => texts[i].includes(wanted)) : items;
    };
    search.addEventListener("input", () => {
        page = 0;
        find();
        draw();
    });
    container.append(el("div", { class: "p25-row" }, search, back, where, on), list);

    return {
        show(all, row, table) {
            items = all;
            texts = null;
            find();
            draw = () => {
                const pages = Math.max(1, Math.ceil(found.length / size));
                page = Math.min(Math.max(page, 0), pages - 1);
                const first = page * size;
                back.disabled = page === 0;
                on.disabled = page === pages - 1;
                where.textContent = format(_("$0 to $1 of $2"), number(Math.min(first + 1, found.length)),
                    number(Math.min(first + size, found.length)), number(found.length));
                replace(list, table(found.slice(first, first + size).map(row)));
            };
            draw();
        },
    };
}
