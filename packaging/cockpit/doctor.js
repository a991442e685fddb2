/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * What keeps mail from flowing, and what to do about it. p25ctl finds more than p25d: it looks at
 * the mail servers of this host.
 */

import { button, el, field, foreign, notice, replace } from "./dom.js";
import { _ } from "./text.js";

const LEVELS = { ok: "success", note: "info", warning: "warning", problem: "danger" };

function finding(f) {
    return el("li", { class: `p25-notice p25-${LEVELS[f.severity] || "info"}` },
        el("strong", {}, foreign(f.severity)), " ", foreign(f.text), " ", el("code", {}, foreign(f.code)),
        f.hint ? el("div", {}, el("small", {}, foreign(f.hint))) : null);
}

/* The JSON of `p25ctl doctor`, which ends with 1 where there is a problem. */
async function examine(targets) {
    return JSON.parse(await cockpit.spawn(["p25ctl", "--json", "doctor", ...targets], { err: "message" })
        .catch((error, output) => {
            if (output)
                return output;
            throw error;
        }));
}

function open(container) {
    const result = el("div", { "aria-live": "polite", id: "findings" });
    const target = el("input", { type: "text", id: "doctor-target" });
    const run = button(_("Examine"), async () => {
        run.disabled = true;
        replace(result, el("p", {}, _("Looking …")));
        try {
            const found = await examine(target.value.split(/[\s,]+/).filter(Boolean));
            replace(result, found.length > 0 ? el("ul", { class: "p25-findings" }, found.map(finding))
                : el("p", {}, _("Nothing found.")));
        } catch (error) {
            replace(result, notice("danger", foreign(error.message.replace(/^ERROR: /, ""))));
        }
        run.disabled = false;
    }, { id: "examine", class: "p25-button p25-primary" });
    container.append(el("div", { class: "p25-form" },
        field(_("Hosts to try"), target, _("optional: addresses or names; a connection is made to each mail port"))),
    el("p", {}, run), result);
    return { update() {}, close() {} };
}

export const doctor = { id: "doctor", title: _("Doctor"), open };
