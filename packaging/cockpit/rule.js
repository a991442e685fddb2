/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The form of a rule. It gives p25d what was written; p25d says what is wrong with it.
 */

import { dictionary } from "./bus.js";
import { change } from "./change.js";
import { el, field, select } from "./dom.js";
import { _, direction, format } from "./text.js";

const ACTIONS = ["allow", "deny", "reject", "limit"];
const TEXTS = ["rate", "interface", "in_interface", "out_interface"];
const LISTS = ["from", "to", "user", "group", "unit"];
const NUMBERS = ["burst", "max"];

function words(text) {
    return text.split(/[\s,]+/).filter(Boolean);
}

/* A number of a field; what is none goes to p25d as it is, as far as D-Bus lets it. */
function natural(name, text) {
    if (!/^[0-9]+$/.test(text))
        throw new Error(format(_("$0: \"$1\" is not a valid number"), name, text));
    return Number(text);
}

/* A rule, as ListRules or the status has it, for AddRule. */
function dictionaryOf(rule) {
    const list = name => rule[name]?.length > 0 ? ["as", rule[name]] : undefined;
    const text = name => rule[name] ? ["s", rule[name]] : undefined;
    return dictionary({
        action: ["s", rule.action],
        direction: ["s", rule.direction],
        ports: rule.ports.length > 0 ? ["aq", rule.ports] : undefined,
        ...Object.fromEntries(LISTS.map(name => [name, list(name)])),
        ...Object.fromEntries(TEXTS.map(name => [name, text(name)])),
        ...Object.fromEntries(NUMBERS.map(name => [name, rule[name] ? ["u", rule[name]] : undefined])),
        log: rule.log ? ["b", true] : undefined,
        duration: rule.seconds_left ? ["t", rule.seconds_left] : undefined,
        comment: text("comment"),
    });
}

function input(name, value = "", attributes = {}) {
    return el("input", { type: "text", name, value, id: `rule-${name}`, autocomplete: "off", ...attributes });
}

function build(rule, title) {
    const r = rule || {};
    const joined = name => (r[name] || []).join(" ");
    const limit = r.limit || {};
    const form = el("div", { "data-title": title, class: "p25-form" },
        field(_("Action"), select(ACTIONS.map(a => [a, a]), r.action || "deny", { name: "action", id: "rule-action" })),
        field(_("Direction"), select(["in", "out", "routed"].map(d => [d, direction(d)]), r.direction || "in",
            { name: "direction", id: "rule-direction" })),
        field(_("Ports"), input("ports", (r.ports || []).join(" ") || "25")),
        field(_("From"), input("from", joined("from")), _("addresses, prefixes, @sets; empty: anywhere")),
        field(_("To"), input("to", joined("to"))),
        field(_("User"), input("user", joined("user")), _("users, groups and units: outgoing only")),
        field(_("Group"), input("group", joined("group"))),
        field(_("Unit"), input("unit", joined("unit"))),
        field(_("Interface"), input("interface", r.interface)),
        field(_("Rate"), input("rate", limit.rate, { placeholder: "12/minute" }), _("limit only")),
        field(_("Burst"), input("burst", limit.burst)),
        field(_("Open at once"), input("max", limit.max)),
        field(_("Seconds"), input("duration", r.seconds_left), _("the rule ends by itself after this time")),
        field(_("Comment"), input("comment", r.comment || "")));
    const value = name => form.querySelector(`[name="${name}"]`).value.trim();
    const read = () => {
        const numeric = name => value(name) ? natural(name, value(name)) : undefined;
        return dictionaryOf({
            action: value("action"), direction: value("direction"),
            ports: words(value("ports")).map(p => natural("ports", p)),
            ...Object.fromEntries(LISTS.map(name => [name, words(value(name))])),
            in_interface: r.in_interface, out_interface: r.out_interface, log: r.log,
            interface: value("interface"), rate: value("rate"), burst: numeric("burst"), max: numeric("max"),
            seconds_left: numeric("duration"), comment: value("comment"),
        });
    };
    return { form, read };
}

export const ruleForm = {
    dictionaryOf,
    /* values: what the form begins with */
    add(values) {
        const { form, read } = build(values, _("Add a rule"));
        return change(() => ({ method: "AddRule", signature: "a{sv}", args: [read()] }), form);
    },
    edit(rule) {
        const { form, read } = build(rule, format(_("Change rule $0"), rule.position));
        return change(() => ({ method: "AddRule", signature: "a{sv}", args: [read()],
            options: { replaces: ["t", rule.id] } }), form);
    },
};
