/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The state of the policy at a look: lockdown and what waits to be confirmed above every view, the
 * rest on a page of its own.
 */

import { call, ctl, listen } from "./bus.js";
import { change } from "./change.js";
import { button, el, foreign, notice, replace } from "./dom.js";
import { serial } from "./serial.js";
import { _, duration, format } from "./text.js";

let countdown = null;

function attempt(promise, where) {
    promise.catch(error => where.append(notice("danger", foreign(error.message))));
}

function lockdownNotice() {
    const box = notice("danger", el("strong", {}, _("LOCKDOWN: every mail port is closed.")),
        button(_("End lockdown"), () => change({
            title: _("End lockdown"), method: "SetLockdown", signature: "b", args: [false],
        }), { "data-focus": "end-lockdown" }));
    box.classList.add("p25-shout");
    return box;
}

function pendingNotice(pending) {
    const box = notice("warning", el("strong", {}, _("A change waits to be confirmed.")));
    const left = el("span", { id: "countdown", "aria-live": "off" });
    const end = Date.now() + pending.seconds_left * 1000;
    const tick = () => {
        left.textContent = format(_("It is taken back in $0."),
            duration(Math.max(0, Math.round((end - Date.now()) / 1000))));
    };
    tick();
    countdown = window.setInterval(tick, 1000);
    box.append(left,
        button(_("Keep"), () => attempt(ctl(["confirm"]), box),
            { class: "p25-button p25-primary", "data-focus": "keep" }),
        button(_("Take back"), () => attempt(call("Rollback", "ta{sv}", [pending.base, {}]), box),
            { "data-focus": "take-back" }));
    return box;
}

function auditNotice(audit) {
    return notice("warning", el("strong", {}, format(_("In audit: $0."), audit.join(", "))),
        _("What the policy would refuse there is reported and passes."));
}

/* The part that is shown above every view. */
export function banner(status) {
    window.clearInterval(countdown);
    return [status.lockdown ? lockdownNotice() : null,
        status.audit?.length > 0 ? auditNotice(status.audit) : null,
        status.pending ? pendingNotice(status.pending) : null];
}

function enabledButton(status) {
    const title = status.active ? _("Disable") : _("Enable");
    return button(title, () => change({
        title, method: "SetEnabled", signature: "b", args: [!status.active],
    }), { id: "enable", "data-focus": "enable" });
}

function lockdownButton() {
    return button(_("Lockdown"), () => change({
        title: _("Close every mail port"), method: "SetLockdown", signature: "b", args: [true], keep: true,
    }), { id: "lockdown", class: "p25-button p25-danger-button", "data-focus": "lockdown" });
}

function loggingSelect(status) {
    const levels = ["off", "low", "medium", "high"];
    return el("select", {
        "aria-label": _("Logging"), id: "logging", "data-focus": "logging",
        onchange: event => {
            const level = event.target.value;
            event.target.value = status.logging;
            change({ title: _("Logging"), method: "SetLogging", signature: "s", args: [level] });
        },
    }, levels.map(l => el("option", { value: l, selected: l === status.logging }, l)));
}

function defaultOf(status, adjective) {
    return el("span", {}, foreign(status.default[adjective]), " ",
        el("small", {}, foreign(status.default_source[adjective])));
}

function facts(status) {
    const rows = [
        [_("Backend"), foreign(status.backend)],
        [_("Roles"), foreign(status.roles.join(", ") || _("none"))],
        [_("Revision"), String(status.revision)],
        [_("Default, incoming"), defaultOf(status, "incoming")],
        [_("Default, outgoing"), defaultOf(status, "outgoing")],
        [_("Default, routed"), defaultOf(status, "routed")],
        [_("Repairs"), String(status.repairs)],
        [_("Logging"), loggingSelect(status)],
    ];
    return el("dl", { class: "p25-facts" }, rows.map(([name, value]) =>
        el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

function messages(status) {
    const lists = [["warning", _("Warnings"), status.warnings], ["info", _("Notes"), status.notes]];
    return lists.filter(([, , lines]) => lines?.length > 0).map(([level, title, lines]) =>
        el("section", {}, el("h2", {}, title),
            el("ul", { class: "p25-lines", "data-list": level },
                lines.map(line => el("li", {}, foreign(line))))));
}

const OBSTACLES = /^FOREIGN_|^UNDETERMINED$|^NO_ROUTE$/;

function obstacleList(findings) {
    const found = findings.filter(f => OBSTACLES.test(f.code));
    return found.length === 0 ? null : el("section", {},
        el("h2", {}, _("Other firewalls in the way")),
        el("ul", { class: "p25-lines", "data-list": "obstacles" },
            found.map(f => el("li", {}, foreign(f.text)))));
}

function open(container) {
    const body = el("div", {});
    const obstacles = el("div", {});
    container.append(body, obstacles);
    const look = serial(async () => {
        try {
            replace(obstacles, obstacleList((await call("ListObstacles"))[0]));
        } catch (error) {
            replace(obstacles, notice("warning", foreign(error.message)));
        }
    });
    const ends = [listen("change", look)];
    look();
    return {
        update(status) {
            replace(body,
                el("p", { class: "p25-state" },
                    el("span", { class: `p25-badge ${status.active ? "p25-on" : "p25-off"}`, id: "active" },
                        status.active ? _("active") : _("inactive")),
                    enabledButton(status), status.lockdown ? null : lockdownButton()),
                facts(status), messages(status));
        },
        close: () => ends.forEach(end => end()),
    };
}

export const overview = { id: "overview", title: _("Overview"), open };
