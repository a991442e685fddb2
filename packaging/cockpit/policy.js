/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The rules in the order in which they decide, with what each has decided so far; roles and
 * defaults.
 */

import { call, describe, read } from "./bus.js";
import { change } from "./change.js";
import { button, el, foreign, long, notice, replace, select, table } from "./dom.js";
import { _, direction, duration, format, number, time } from "./text.js";
import { ruleForm } from "./rule.js";
import { pager } from "./pager.js";
import { serial } from "./serial.js";

/* The interval at which the counters are read. */
const LOOK_MSEC = 5000;

const DIRECTIONS = ["incoming", "outgoing", "routed"];

function who(rule) {
    const lists = [["user", rule.user], ["group", rule.group], ["unit", rule.unit]];
    return lists.filter(([, names]) => names?.length > 0).map(([kind, names]) =>
        `${kind} ${names.join(", ")}`).join("; ");
}

function ways(rule) {
    return [["on", rule.interface], ["in on", rule.in_interface], ["out on", rule.out_interface]]
        .filter(([, name]) => name).map(([word, name]) => ` ${word} ${name}`).join("");
}

function details(rule) {
    const parts = [];
    if (rule.limit) {
        const { rate, burst, max } = rule.limit;
        parts.push([rate, burst && format(_("burst $0"), burst), max && format(_("$0 open"), max)]
            .filter(Boolean).join(", "));
    }
    if (rule.seconds_left)
        parts.push(format(_("ends in $0"), duration(rule.seconds_left)));
    return parts.join("; ");
}

function move(rule, position) {
    return change({
        title: format(_("Move rule $0 to place $1"), rule.position, position),
        method: "AddRule", signature: "a{sv}", args: [ruleForm.dictionaryOf(rule)],
        options: { replaces: ["t", rule.id], position: ["u", position] },
    });
}

function remove(rule) {
    return change({
        title: format(_("Delete rule $0"), rule.position),
        method: "RemoveRule", signature: "a{sv}", args: [{ id: { t: "t", v: rule.id } }],
    });
}

function actions(rule, last) {
    if (rule.position === 0)
        return "";
    const at = text => ({ "aria-label": format(text, rule.position) });
    return el("span", { class: "p25-row-actions" },
        button("↑", () => move(rule, rule.position - 1), {
            ...at(_("Move rule $0 up")), disabled: rule.position === 1, "data-focus": `up-${rule.id}` }),
        button("↓", () => move(rule, rule.position + 1), {
            ...at(_("Move rule $0 down")), disabled: rule.position === last, "data-focus": `down-${rule.id}` }),
        button(_("Change"), () => ruleForm.edit(rule), {
            ...at(_("Change rule $0")), "data-focus": `change-${rule.id}` }),
        button(_("Delete"), () => remove(rule), {
            ...at(_("Delete rule $0")), "data-focus": `delete-${rule.id}` }));
}

function row(rule, last, hits) {
    const hit = hits.get(rule.id);
    return {
        attributes: { "data-rule": rule.id },
        cells: [rule.position || "–",
            el("strong", { class: `p25-${rule.action}` }, foreign(rule.action)),
            direction(rule.direction) + ways(rule), rule.ports.join(", "),
            foreign(rule.from.join(", ") || _("anywhere")), foreign(rule.to.join(", ") || _("anywhere")),
            long(who(rule)), details(rule), foreign(rule.source), long(rule.comment || ""),
            number(rule.packets), hit ? time(hit) : "", actions(rule, last)],
    };
}

/* The text that a search looks at: that of the row. */
function searched(rule) {
    return [rule.position, rule.action, direction(rule.direction), ways(rule), rule.ports.join(", "),
        rule.from.join(", "), rule.to.join(", "), who(rule), details(rule), rule.source, rule.comment].join(" ");
}

const HEAD = [_("No."), _("Action"), _("Direction"), _("Ports"), _("From"), _("To"), _("Who"), _("Limit, end"),
    _("Source"), _("Comment"), _("Packets"), _("Last hit"), _("Actions")];

function defaultsForm(status) {
    return el("div", { class: "p25-row" }, DIRECTIONS.map(adjective =>
        el("label", {}, { incoming: _("Default, incoming"), outgoing: _("Default, outgoing"),
            routed: _("Default, routed") }[adjective], " ",
        select([["allow", "allow"], ["deny", "deny"], ["reject", "reject"]], status.default[adjective], {
            "data-focus": `default-${adjective}`, id: `default-${adjective}`,
            onchange: event => {
                const action = event.target.value;
                event.target.value = status.default[adjective];
                change({ title: `${adjective}: ${action}`, method: "SetDefault", signature: "ss",
                    args: [adjective, action] });
            },
        }))));
}

/* The variables of a role, with the values in force. */
function variables(role) {
    if (role.vars.length === 0)
        return null;
    return table(format(_("Variables of $0"), role.name), [_("Variable"), _("Type"), _("Value"), _("Meaning")],
        role.vars.map(v => [foreign(v.name), v.type,
            [foreign(v.value.join(", ") || _("none")), " ",
                v.given ? _("(p25.conf)") : v.required ? el("strong", {}, _("(required)")) : _("(default)")],
            foreign(v.help)]));
}

async function rolesDialog(active) {
    const roles = (await call("ListRoles"))[0];
    const boxes = roles.map(role => {
        const box = el("input", { type: "checkbox", id: `role-${role.name}`, value: role.name,
            checked: active.includes(role.name) });
        const text = el("pre", { class: "p25-text" });
        return el("li", {}, box, el("label", { for: box.id }, el("strong", {}, foreign(role.name)), " ",
            foreign(role.summary)),
        el("details", { ontoggle: async () => {
            try {
                text.textContent = (await call("GetRole", "s", [role.name]))[0];
            } catch (error) {
                text.textContent = error.message;
            }
        } }, el("summary", {}, _("Variables and rules")), variables(role), text));
    });
    const form = el("div", { "data-title": _("Roles") },
        el("p", {}, _("Variables are set in p25.conf.")), el("ul", { class: "p25-roles" }, boxes));
    /* the order of the active ones stays; new ones come last */
    const chosen = () => {
        const on = [...form.querySelectorAll("input:checked")].map(box => box.value);
        return [...active.filter(r => on.includes(r)), ...on.filter(r => !active.includes(r))];
    };
    return change(() => ({ method: "SetRoles", signature: "as", args: [chosen()] }), form);
}

/* Says the same of the same counters. */
function counted(status, hits) {
    return status.rules.map(rule => `${rule.id} ${rule.packets} ${hits.get(rule.id)}`).join();
}

async function lastHits() {
    try {
        const stats = JSON.parse((await read("DescribeStats"))[0]);
        return new Map((stats.rules || []).filter(r => r.last).map(r => [r.id, r.last]));
    } catch {
        return new Map(); /* statistics name users: not everybody may read them */
    }
}

function open(container) {
    const head = el("div", {});
    const body = el("div", {});
    const answer = el("div", {});
    const pages = pager(body, 100, _("Search the rules"), searched);
    container.append(head, answer, body);
    let hits = new Map();
    const draw = status => {
        const last = status.rules.reduce((n, r) => Math.max(n, r.position), 0);
        pages.show(status.rules, rule => row(rule, last, hits),
            rows => table(_("Rules, in the order in which they decide"), HEAD, rows, { id: "rules" }));
    };
    let newest = null;
    let chosen = ""; /* roles and defaults that are shown */
    const ask = serial(async () => {
        hits = await lastHits();
        draw(newest);
    });
    /* counters give no signal */
    const look = serial(async () => {
        const before = newest;
        const status = await describe().catch(() => null); /* what is above the page says it */
        const last = await lastHits();
        if (!status || newest !== before || counted(status, last) === counted(newest, hits))
            return;
        newest = status;
        hits = last;
        draw(newest);
    });
    const timer = window.setInterval(() => newest && !document.hidden && look(), LOOK_MSEC);
    return {
        update(status) {
            newest = status;
            draw(status);
            ask();
            const now = JSON.stringify([status.roles, status.default]);
            if (now === chosen)
                return; /* a list that is open stays open */
            chosen = now;
            replace(head,
                el("p", { class: "p25-row" }, _("Roles"), ": ", foreign(status.roles.join(", ") || _("none")), " ",
                    button(_("Choose roles"), () => rolesDialog(status.roles).catch(error =>
                        replace(answer, notice("danger", foreign(error.message)))),
                    { id: "roles", "data-focus": "roles" }),
                    button(_("Add a rule"), () => ruleForm.add(), { id: "add", class: "p25-button p25-primary",
                        "data-focus": "add" })),
                defaultsForm(status));
        },
        close: () => window.clearInterval(timer),
    };
}

export const policy = { id: "policy", title: _("Policy"), open };
