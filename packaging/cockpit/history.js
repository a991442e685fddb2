/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Revisions: who changed what, from where; the difference of two; going back.
 */

import { call } from "./bus.js";
import { change } from "./change.js";
import { button, el, foreign, long, notice, replace, select, table } from "./dom.js";
import { serial } from "./serial.js";
import { _, format, time } from "./text.js";

const MAX = 200;

function difference(details) {
    return ["diff", "effects"].filter(key => details[key]?.length > 0).map(key =>
        el("ul", { class: "p25-lines", "data-list": key }, details[key].map(line => el("li", {}, foreign(line)))));
}

function compareForm(revisions, result) {
    const options = revisions.map(r => [String(r.revision), String(r.revision)]);
    const from = select(options, options[1]?.[0], { id: "compare-from" });
    const to = select(options, options[0]?.[0], { id: "compare-to" });
    return el("p", { class: "p25-row" }, el("label", { for: from.id }, _("From revision")), from,
        el("label", { for: to.id }, _("to revision")), to, button(_("Compare"), async () => {
        try {
            const [details] = await call("DiffRevisions", "tt", [Number(from.value), Number(to.value)]);
            const lines = difference(details);
            replace(result, lines.length > 0 ? lines : el("p", {}, _("No difference.")));
        } catch (error) {
            replace(result, notice("danger", foreign(error.message)));
        }
    }, { id: "compare" }));
}

function row(r, current) {
    return {
        attributes: { "data-revision": r.revision },
        cells: [String(r.revision), time(r.time), foreign(r.user ?? r.uid), foreign(r.process || r.unit || ""),
            foreign(r.remote || ""), long(r.reason), long(r.summary || ""),
            r.revision === current ? "" : el("span", { class: "p25-row-actions" }, button(_("Go back"), () => change({
                title: format(_("Go back to revision $0"), r.revision),
                method: "Rollback", signature: "t", args: [r.revision],
            }), { "aria-label": format(_("Go back to revision $0"), r.revision), "data-focus": `back-${r.revision}` }))],
    };
}

function open(container) {
    const list = el("div", {});
    const form = el("div", {});
    const result = el("div", { "aria-live": "polite", id: "difference" });
    let compared = ""; /* the revisions of the form: what is chosen stays while these do */
    container.append(form, result, list);
    return {
        update: serial(async status => {
            try {
                const revisions = (await call("ListRevisions", "u", [MAX]))[0];
                const numbers = revisions.map(r => r.revision).join();
                if (numbers !== compared)
                    replace(form, revisions.length > 1 ? compareForm(revisions, result) : null);
                compared = numbers;
                replace(list, table(_("Revisions, the newest first"),
                    [_("Revision"), _("Time"), _("User"), _("Program"), _("From"), _("Reason"), _("Change"),
                        _("Actions")],
                    revisions.map(r => row(r, status.revision)), { id: "revisions" }));
            } catch (error) {
                replace(list, notice("danger", foreign(error.message)));
            }
        }),
        close() {},
    };
}

export const history = { id: "history", title: _("History"), open };
