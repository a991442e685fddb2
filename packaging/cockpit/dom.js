/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Elements of the page. Text only ever becomes text: nothing here takes markup.
 */

/* el("button", { class: "p25-button", onclick: f, disabled: false }, "text", element, [more]) */
export function el(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) {
        if (value === null || value === undefined || value === false)
            continue;
        if (key.startsWith("on"))
            element.addEventListener(key.slice(2), value);
        else if (key === "value" || key === "checked" || key === "disabled" || key === "selected")
            element[key] = value;
        else
            element.setAttribute(key, value === true ? "" : value);
    }
    element.append(...children.flat(Infinity).filter(c => c !== null && c !== undefined && c !== false));
    return element;
}

const SVG = "http://www.w3.org/2000/svg";

export function svg(tag, attributes = {}, ...children) {
    const element = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(attributes))
        element.setAttribute(key, value);
    element.append(...children.flat(Infinity));
    return element;
}

/* Controls and marks that change the direction of text are shown by their numbers. */
const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

export function visible(text) {
    return String(text).replace(INVISIBLE,
        c => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
}

/* What others wrote (comments, names of processes and units) does not run into its surroundings. */
export function foreign(text) {
    return el("bdi", {}, visible(text));
}

/* Likewise, of any length: broken anywhere in a table. */
export function long(text) {
    return el("bdi", { class: "p25-long" }, visible(text));
}

/* Replaces the children and leaves the focus where it was: on the element with the same
 * data-focus. */
export function replace(parent, ...children) {
    const active = document.activeElement;
    const focus = parent.contains(active) ? active.dataset.focus : undefined;
    parent.replaceChildren(...children.flat(Infinity).filter(c => c));
    if (focus !== undefined)
        parent.querySelector(`[data-focus="${CSS.escape(focus)}"]`)?.focus();
}

let count = 0;

/* A label and its control, with a help text that a screen reader reads too. */
export function field(label, control, help) {
    const id = control.id || `field-${++count}`;
    control.id = id;
    if (help)
        control.setAttribute("aria-describedby", `${id}-help`);
    return el("div", { class: "p25-field" },
        el("label", { for: id }, label), control,
        help ? el("small", { id: `${id}-help` }, help) : null);
}

export function select(values, chosen, attributes = {}) {
    return el("select", attributes, values.map(([value, text]) =>
        el("option", { value, selected: value === chosen }, text)));
}

export function button(text, onclick, attributes = {}) {
    return el("button", { type: "button", class: "p25-button", ...attributes, onclick }, text);
}

/* A cell without text is empty: a narrow screen leaves it out. */
function tableCell(tag, attributes, content) {
    const cell = el(tag, attributes, content);
    if (!cell.textContent)
        cell.replaceChildren();
    return cell;
}

/* head: texts; rows: arrays of children, or { cells, attributes }. The first cell heads its row. */
export function table(caption, head, rows, attributes = {}) {
    return el("div", { class: "p25-scroll", tabindex: 0, role: "region", "aria-label": caption },
        el("table", { class: "p25-table", ...attributes },
            el("caption", { class: "p25-hidden" }, caption),
            el("thead", {}, el("tr", {}, head.map(h => el("th", { scope: "col" }, h)))),
            el("tbody", {}, rows.map(row => {
                const cells = row.cells || row;
                return el("tr", row.attributes || {}, cells.map((cell, i) =>
                    tableCell(i === 0 ? "th" : "td", { scope: i === 0 ? "row" : null, "data-label": head[i] }, cell)));
            }))));
}

/* level: "info", "warning", "danger" or "success" */
export function notice(level, text, ...more) {
    return el("div", { class: `p25-notice p25-${level}`, role: level === "danger" ? "alert" : "status" },
        el("span", {}, text), more);
}
