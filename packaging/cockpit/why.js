/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What happens to one connection, and why.
 */

import { call, dictionary } from "./bus.js";
import { el, field, foreign, notice, replace, select } from "./dom.js";
import { serial } from "./serial.js";
import { _, direction } from "./text.js";

const TEXTS = [["from", _("From")], ["to", _("To")], ["user", _("User")], ["unit", _("Unit")],
    ["interface", _("Interface")], ["in_interface", _("Incoming interface")],
    ["out_interface", _("Outgoing interface")]];

function answer(result) {
    const lists = [[_("The way to the verdict"), result.path, "path"],
        [_("Could not be decided"), result.assumptions, "assumptions"],
        [_("Other firewalls in the way"), (result.foreign || []).map(f =>
            `${f.table} ${f.chain}: ${f.verdict} (${f.code})`), "foreign"]];
    const rule = result.rule && Object.keys(result.rule).length > 0 ? result.rule : null;
    return [
        el("p", { class: "p25-verdict" }, el("strong", { id: "verdict", class: `p25-${result.effective}` },
            foreign(result.effective)), " ", el("code", { id: "code" }, foreign(result.code))),
        rule ? el("p", {}, _("Rule"), ": ", foreign([rule.action, rule.direction, rule.source,
            rule.comment].filter(Boolean).join(" · "))) : null,
        lists.filter(([, lines]) => lines?.length > 0).map(([title, lines, name]) => el("section", {},
            el("h2", {}, title),
            el("ol", { class: "p25-lines", "data-list": name }, lines.map(line => el("li", {}, foreign(line)))))),
    ];
}

function open(container) {
    const result = el("div", { "aria-live": "polite", id: "answer" });
    const ask = serial(async value => {
        try {
            const port = value("port");
            const [found] = await call("Explain", "a{sv}", [dictionary({
                direction: ["s", value("direction")],
                port: port ? ["q", Number(port)] : undefined,
                ...Object.fromEntries(TEXTS.map(([name]) => [name, value(name) ? ["s", value(name)] : undefined])),
            })]);
            replace(result, answer(found));
        } catch (error) {
            replace(result, notice("danger", foreign(error.message)));
        }
    });
    const form = el("form", {
        class: "p25-form",
        onsubmit: event => {
            event.preventDefault();
            ask(name => form.elements[name].value.trim());
        },
    }, field(_("Direction"), select(["in", "out", "routed"].map(d => [d, direction(d)]), "out",
        { name: "direction", id: "why-direction" })),
    field(_("Port"), el("input", { type: "number", name: "port", id: "why-port", min: 1, max: 65535, value: "25" })),
    TEXTS.map(([name, label]) => field(label, el("input", { type: "text", name, id: `why-${name}`, autocomplete: "off" }))),
    el("div", { class: "p25-actions p25-form-end" },
        el("button", { class: "p25-button p25-primary", id: "ask" }, _("Explain"))));
    container.append(form, result);
    return { update() {}, close() {} };
}

export const why = { id: "why", title: _("Why?"), open };
