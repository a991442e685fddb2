/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * Light or dark, as the shell around the page is: its choice lies in local storage, and a change
 * arrives as an event of the window or of the storage.
 */

const dark = window.matchMedia("(prefers-color-scheme: dark)");

function apply(chosen) {
    const style = chosen || window.localStorage.getItem("shell:style") || "auto";
    const isDark = style === "dark" || (style === "auto" && dark.matches);
    document.documentElement.classList.toggle("pf-theme-dark", isDark);
}

export function followTheme() {
    window.addEventListener("storage", event => event.key === "shell:style" && apply());
    window.addEventListener("cockpit-style", event => apply(event.detail.style));
    dark.addEventListener("change", () => apply());
    apply();
}
