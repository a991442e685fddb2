/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Sets: their entries, with search; adding, removing, and loading a list. Entries come and go
 * through p25ctl where D-Bus would pass a descriptor.
 */

import { call, ctl } from "./bus.js";
import { change, dialog } from "./change.js";
import { button, el, field, foreign, notice, replace, table } from "./dom.js";
import { _, format, number } from "./text.js";
import { pager } from "./pager.js";
import { serial } from "./serial.js";

const PAGE = 200;

/* "ADDRESS" or "ADDRESS # HOW LONG", a line each */
function parseEntries(text) {
    return text.split("\n").filter(Boolean);
}

function updateSet(title, name, add, remove, seconds) {
    return change({
        title, method: "UpdateSet", signature: "sasas", args: [name, add, remove],
        options: seconds ? { timeout_seconds: ["u", seconds] } : {},
    });
}

function addDialog(name) {
    const address = el("input", { type: "text", required: true });
    const seconds = el("input", { type: "number", min: 1, max: 31622400 });
    const form = el("div", { "data-title": format(_("Add to @$0"), name), class: "p25-form" },
        field(_("Addresses or prefixes"), address),
        field(_("Seconds"), seconds, _("the entries end by themselves after this time")));
    return change(() => ({
        method: "UpdateSet", signature: "sasas",
        args: [name, address.value.split(/[\s,]+/).filter(Boolean), []],
        options: seconds.value ? { timeout_seconds: ["u", Number(seconds.value)] } : {},
    }), form);
}

function loadDialog(name) {
    const file = el("input", { type: "file", required: true });
    const set = el("input", { type: "text", value: name || "", required: true });
    const box = el("input", { type: "checkbox", id: "load-take-back", checked: true });
    return dialog(_("Load a list"), [
        field(_("Set"), set),
        field(_("File"), file, _("one address or prefix a line; it replaces all entries of the set")),
        el("div", { class: "p25-check" }, box,
            el("label", { for: box.id }, format(_("Take back unless I confirm within $0 seconds"), 60))),
    ], _("Apply"), async () => {
        await ctl([...(box.checked ? ["--confirm", "60s"] : []), "set", "load", "--", set.value, "-"],
            await file.files[0].text());
    });
}

function removeButton(name, address) {
    return el("span", { class: "p25-row-actions" }, button(_("Remove"),
        () => updateSet(format(_("Remove $0 from @$1"), address, name), name, [], [address]),
        { "aria-label": format(_("Remove $0"), address), "data-focus": `remove-${address}` }));
}

/* The entries of a set, with a search that stays when they change. Those of sets in files are
 * changed there. */
function openSet(container, { name, source }) {
    const body = el("section", { "aria-label": `@${name}` });
    const answer = el("div", { "aria-live": "polite" });
    const pages = pager(body, PAGE, format(_("Search in @$0"), name), line => line);
    replace(container, el("h2", {}, "@", foreign(name)), answer, body);
    const draw = text => pages.show(parseEntries(text), line => {
        const [address, end = ""] = line.split(" # ");
        return [foreign(address), foreign(end), source === "p25ctl" ? removeButton(name, address) : ""];
    }, rows => table(format(_("Entries of @$0"), name), [_("Address"), _("Ends"), _("Actions")], rows,
        { id: "entries" }));
    const read = serial(async () => {
        try {
            const text = await ctl(["set", "show", "--", name]);
            replace(answer);
            draw(text);
        } catch (error) {
            replace(answer, notice("danger", foreign(error.message)));
        }
    });
    return { name, source, read };
}

function open(container) {
    const list = el("div", {});
    const entries = el("div", { id: "set-entries" });
    let shown = null; /* what openSet() returned */
    container.append(list, entries);
    const pick = set => {
        if (shown?.name !== set.name || shown.source !== set.source)
            shown = openSet(entries, set);
        return shown.read();
    };
    const row = set => [foreign(set.name), number(set.entries), foreign(set.source),
        el("span", { class: "p25-row-actions" },
            button(_("Show"), () => pick(set),
                { "aria-label": format(_("Show @$0"), set.name), "data-focus": `show-${set.name}` }),
            set.source !== "p25ctl" ? null : [
                button(_("Add"), () => addDialog(set.name),
                    { "aria-label": format(_("Add to @$0"), set.name), "data-focus": `add-${set.name}` }),
                button(_("Load"), () => loadDialog(set.name),
                    { "aria-label": format(_("Load @$0"), set.name), "data-focus": `load-${set.name}` }),
                button(_("Drop"), () => change({ title: format(_("Drop @$0"), set.name), method: "DropSet",
                    signature: "s", args: [set.name] }),
                { "aria-label": format(_("Drop @$0"), set.name), "data-focus": `drop-${set.name}` })])];
    return {
        update: serial(async () => {
            try {
                const all = (await call("ListSets"))[0];
                replace(list, el("p", {}, button(_("Load a list"), () => loadDialog(),
                    { id: "load", "data-focus": "load" })),
                table(_("Sets"), [_("Name"), _("Entries"), _("Source"), _("Actions")], all.map(row), { id: "set-list" }));
                const set = all.find(each => each.name === shown?.name);
                if (set)
                    await pick(set);
                else
                    replace(entries);
                shown = set ? shown : null;
            } catch (error) {
                replace(list, notice("danger", foreign(error.message)));
            }
        }),
        close() {},
    };
}

export const sets = { id: "sets", title: _("Sets"), open };
