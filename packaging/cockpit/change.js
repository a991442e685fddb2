/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The dialog through which every change goes: what it would do is shown before it is done, and it
 * is taken back unless it is confirmed.
 */

import { call, dictionary } from "./bus.js";
import { button, el, foreign, notice, replace } from "./dom.js";
import { _, format } from "./text.js";

const CONFIRM_SECONDS = 60;

/* A modal dialog with a form. Resolves to true when it was applied, false when it was left.
 * apply() may throw: the message is shown, and the dialog stays. */
export function dialog(title, content, applyText, apply) {
    return new Promise(resolve => {
        const answer = el("div", { "aria-live": "polite" });
        const submit = el("button", { class: "p25-button p25-primary" }, applyText);
        const heading = el("h2", { id: "dialog-title" }, title);
        const box = el("dialog", { class: "p25-dialog", "aria-labelledby": "dialog-title" });
        const opener = document.activeElement.dataset?.focus;
        const leave = done => {
            box.close();
            box.remove();
            /* the page below may have been drawn again meanwhile */
            if (opener && document.activeElement === document.body)
                document.querySelector(`[data-focus="${CSS.escape(opener)}"]`)?.focus();
            resolve(done);
        };
        const form = el("form", {
            method: "dialog",
            onsubmit: async event => {
                event.preventDefault();
                submit.disabled = true;
                try {
                    await apply();
                    leave(true);
                } catch (error) {
                    replace(answer, notice("danger", foreign(error.message)));
                    submit.disabled = false;
                }
            },
        }, heading, content, answer,
        el("div", { class: "p25-actions" }, submit, button(_("Cancel"), () => leave(false))));
        box.addEventListener("cancel", event => {
            event.preventDefault();
            leave(false);
        });
        box.append(form);
        document.body.append(box);
        box.showModal();
    });
}

/* The words of p25d about a change, from its details. */
export function effectsOf(changed, details) {
    const lists = [["diff", _("The policy")], ["effects", _("What changes for connections")],
        ["warnings", _("Warnings")]];
    if (!changed)
        return el("p", {}, _("Nothing would change."));
    return el("div", {}, lists.filter(([key]) => (details[key] || []).length > 0).map(([key, title]) =>
        el("section", { class: key === "warnings" ? "p25-notice p25-warning" : "" },
            el("h3", {}, title),
            el("ul", { class: "p25-lines", "data-list": key },
                details[key].map(line => el("li", {}, foreign(line)))))));
}

/*
 * Shows the effects of a change and applies it. what: { title, method, signature (without the
 * options), args, options (more of the method), keep (not to be taken back) }, or a function that
 * returns it from a form and may throw; form: elements above the effects, with the title. Resolves
 * to true when the change was made.
 */
export function change(what, form = null) {
    const confirm = el("input", { type: "checkbox", id: "take-back", checked: !what.keep });
    const effects = el("div", { class: "p25-effects", "aria-live": "polite" });
    const described = typeof what === "function" ? what : () => what;
    const send = more => {
        const { method, signature, args, options: own } = described();
        return call(method, signature + "a{sv}", [...args, dictionary({ ...own, ...more })]);
    };
    let timer = null;
    let asked = 0;
    /* only the answer to the last question counts */
    const preview = async () => {
        const mine = ++asked;
        let answer;
        try {
            const [changed, , details] = await send({ dry_run: ["b", true] });
            answer = effectsOf(changed, details);
        } catch (error) {
            answer = notice("danger", foreign(error.message));
        }
        if (mine === asked)
            replace(effects, answer);
    };
    if (form) {
        form.addEventListener("input", () => {
            window.clearTimeout(timer);
            timer = window.setTimeout(preview, 400);
        });
    }
    /* of a form that is not filled in yet there is nothing to say */
    if (!form?.querySelector(":invalid"))
        preview();
    return dialog(what.title || form.dataset.title, [
        form, effects,
        el("div", { class: "p25-check" }, confirm, el("label", { for: "take-back" },
            format(_("Take back unless I confirm within $0 seconds"), CONFIRM_SECONDS))),
    ], _("Apply"), () => send(confirm.checked ? { confirm_seconds: ["u", CONFIRM_SECONDS] } : {}));
}
