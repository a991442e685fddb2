/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The page: its views, the state that they share, and what stands above all of them. Views draw
 * themselves from what p25d says; the state is read again when p25d signals a change.
 */

import * as bus from "./bus.js";
import { el, foreign, notice, replace } from "./dom.js";
import { serial } from "./serial.js";
import { _ } from "./text.js";
import { followTheme } from "./theme.js";
import { overview, banner } from "./overview.js";
import { policy } from "./policy.js";
import { sets } from "./sets.js";
import { why } from "./why.js";
import { events } from "./events.js";
import { history } from "./history.js";
import { doctor } from "./doctor.js";

/* Signals that come together are one reading. */
const QUIET_MSEC = 200;

/* A view: { id, title, open(container) -> { update(status), close() } } */
const views = [overview, policy, sets, why, events, history, doctor];

const state = { status: null, error: null };
let shown = null; /* { view, instance } */
let timer = null;

const above = el("div", { id: "above" });
const main = el("main", { id: "main", tabindex: -1 });
const navigation = el("nav", { "aria-label": _("Mail ports"), class: "p25-nav" });

function drawAbove() {
    if (state.error)
        replace(above, notice("danger", foreign(state.error)));
    else if (!bus.isConnected())
        replace(above, notice("warning", _("p25d does not answer; the policy in the kernel stays in force.")));
    else
        replace(above, state.status ? banner(state.status) : null);
    document.body.dataset.ready = state.status && bus.isConnected() && !state.error ? "yes" : "no";
}

const read = serial(async () => {
    try {
        state.status = await bus.describe();
        state.error = null;
    } catch (error) {
        state.error = bus.isConnected() ? error.message : null;
    }
    drawAbove();
    if (state.status)
        shown?.instance.update(state.status);
});

function readSoon() {
    if (timer === null)
        timer = window.setTimeout(() => {
            timer = null;
            read();
        }, QUIET_MSEC);
}

function show() {
    const id = cockpit.location.path[0] || overview.id;
    const view = views.find(v => v.id === id) || overview;
    if (shown?.view === view)
        return;
    shown?.instance.close();
    replace(navigation, views.map(v => el("a", {
        href: `#/${v.id}`, "aria-current": v === view ? "page" : null, "data-focus": v.id,
    }, v.title)));
    const container = el("div", { id: view.id });
    replace(main, el("h1", {}, view.title), container);
    shown = { view, instance: view.open(container) };
    if (state.status)
        shown.instance.update(state.status);
}

function start() {
    document.documentElement.lang = cockpit.language || "en";
    document.title = _("Mail ports");
    followTheme();
    document.getElementById("app").append(
        el("a", { class: "p25-skip", href: "#main", onclick: event => {
            event.preventDefault();
            main.focus();
        } }, _("Skip to the content")),
        navigation, above, main);
    bus.listen("change", readSoon);
    bus.listen("connection", readSoon);
    cockpit.addEventListener("locationchanged", show);
    bus.open();
    drawAbove();
    show();
    read();
}

cockpit.transport.wait(start);
