/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Who tries to send, and what is refused: plots of the past, and the refused connections as they
 * come.
 */

import { call, listen, read } from "./bus.js";
import { change } from "./change.js";
import { button, el, foreign, long, notice, replace, select, table } from "./dom.js";
import { plots } from "./plot.js";
import { ruleForm } from "./rule.js";
import { serial } from "./serial.js";
import { _, direction, format, number, time } from "./text.js";

/* The interval of looks for events that the bus does not deliver: to this user, or beyond ten a second. */
const LOOK_MSEC = 5000;
const MAX = 500;
const QUARANTINE_SECONDS = 3600;

function sender(e) {
    const unit = e.container || e.unit;
    return [e.user || (e.uid === undefined ? e.source_address : String(e.uid)), unit && `(${unit})`]
        .filter(Boolean).join(" ");
}

function program(e) {
    return [e.script || e.command || e.process, e.site, e.directory].filter(Boolean).join(" · ");
}

function destination(e) {
    if (!e.destination_address)
        return "";
    return e.destination_address.includes(":") ? `[${e.destination_address}]:${e.destination_port}`
        : `${e.destination_address}:${e.destination_port}`;
}

/* The rule that allows just this, to look at first. */
function allow(e) {
    return ruleForm.add({
        action: "allow", direction: e.direction, ports: [e.destination_port],
        user: e.direction === "out" && e.user ? [e.user] : [],
        from: e.direction !== "out" && e.source_address ? [e.source_address] : [],
        to: e.direction !== "in" && e.destination_address ? [e.destination_address] : [],
    });
}

function quarantine(e) {
    return change({
        title: format(_("Quarantine $0 for an hour"), e.user || e.uid),
        method: "AddRule", signature: "a{sv}",
        args: [ruleForm.dictionaryOf({
            action: "reject", direction: "out", ports: [25, 465, 587, 2525],
            user: [e.user || String(e.uid)], seconds_left: QUARANTINE_SECONDS,
            comment: "quarantine",
        })],
        options: { position: ["u", 1] },
    });
}

function row(e) {
    return {
        attributes: { "data-event": e.id },
        cells: [time(e.time), direction(e.direction),
            el("strong", { class: `p25-${e.action}` }, foreign(e.action)), long(sender(e)),
            long(program(e)), foreign(destination(e)), e.rule ? String(e.rule) : _("default"),
            number(e.count),
            el("span", { class: "p25-row-actions" },
                e.destination_port ? button(_("Allow this"), () => allow(e),
                    { "aria-label": format(_("Allow $0 to $1"), sender(e), destination(e)), "data-focus": `allow-${e.id}` })
                    : null,
                e.uid ? button(_("Quarantine"), () => quarantine(e),
                    { "aria-label": format(_("Quarantine $0"), e.user || e.uid), "data-focus": `quarantine-${e.id}` })
                    : null)],
    };
}

function open(container) {
    const pictures = plots();
    const list = el("div", { "aria-live": "off" });
    const answer = el("div", {});
    const only = select([["", _("All")], ["out", direction("out")], ["routed", direction("routed")],
        ["in", direction("in")]], "", { id: "events-direction" });
    let newest = 0;
    let all = [];
    let waits = null;
    const draw = () => replace(list, table(_("Connections, the newest first"),
        [_("Time"), _("Direction"), _("Verdict"), _("Who"), _("Program"), _("Destination"), _("Rule"), _("Count"),
            _("Actions")],
        all.filter(e => !only.value || e.direction === only.value).map(row), { id: "events-table" }));
    const look = serial(async (ask = read) => {
        try {
            const more = (await ask("ListEvents", "tu", [newest, MAX]))[0];
            replace(answer, null);
            if (more.length === 0)
                return;
            newest = more[more.length - 1].id;
            all = [...more.reverse(), ...all].slice(0, MAX);
            draw();
        } catch (error) {
            replace(answer, notice("warning", foreign(error.message)));
        }
    });
    /* a second of events becomes a list when the second is over */
    const soon = () => {
        if (waits === null)
            waits = window.setTimeout(() => {
                waits = null;
                look();
            }, 1200);
    };
    only.addEventListener("change", draw);
    container.append(pictures.element, el("h2", {}, _("Connections")),
        el("p", { class: "p25-row" }, el("label", { for: only.id }, _("Direction")), only), answer, list);
    draw();
    look(call);
    const ends = [listen("blocked", soon)];
    const timer = window.setInterval(() => document.hidden || look(), LOOK_MSEC);
    return {
        update: () => pictures.update(),
        close() {
            ends.forEach(end => end());
            pictures.close();
            window.clearInterval(timer);
            window.clearTimeout(waits);
        },
    };
}

export const events = { id: "events", title: _("Senders and events"), open };
