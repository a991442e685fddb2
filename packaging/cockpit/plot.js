/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The past of outgoing connections: refused and allowed ones by user, stacked, with the revisions
 * of the policy as marks; distinct destinations; hits of limits. Each picture has a table with its
 * numbers. p25d keeps the past (DescribeStats), bounded.
 */

import { call } from "./bus.js";
import { el, foreign, notice, replace, select, svg, table } from "./dom.js";
import { serial } from "./serial.js";
import { _, number, time } from "./text.js";

/* The seven users with most connections have a colour; all others share the last. */
const SERIES_MAX = 8;
const WIDTH = 900;
const HEIGHT = 240;
const LEFT = 50;
const BOTTOM = 22;

/* seconds, the list in the statistics, seconds of a bar */
const PERIODS = {
    hour: [3600, "past_day", 300],
    day: [86400, "past_day", 300],
    week: [604800, "past_week", 3600],
};

/* Series of { name, bars: Map(index -> [refused, allowed]) }, the largest first. */
function collect(users, period) {
    const [seconds, key, step] = PERIODS[period];
    const begin = Math.floor(Date.now() / 1000 / step) * step - seconds + step;
    const series = users.map(user => {
        const bars = new Map();
        for (const point of user[key] || []) {
            const index = Math.floor((new Date(point.time) / 1000 - begin) / step);
            if (index >= 0 && index < seconds / step)
                bars.set(index, [point.blocked, point.allowed]);
        }
        const sum = [...bars.values()].reduce((n, [b, a]) => n + b + a, 0);
        return { name: user.others ? _("others") : user.user ?? String(user.uid), bars, sum };
    }).filter(s => s.sum > 0).sort((a, b) => b.sum - a.sum);
    const rest = series.splice(SERIES_MAX - 1);
    if (rest.length > 0) {
        const bars = new Map();
        for (const s of rest) {
            for (const [i, [b, a]] of s.bars) {
                const [before, after] = bars.get(i) || [0, 0];
                bars.set(i, [before + b, after + a]);
            }
        }
        series.push({ name: _("others"), bars, sum: rest.reduce((n, s) => n + s.sum, 0) });
    }
    return { series, begin, step, bars: seconds / step };
}

function tops(data) {
    const sums = new Array(data.bars).fill(0);
    for (const s of data.series)
        for (const [i, [b, a]] of s.bars)
            sums[i] += b + a;
    return Math.max(1, ...sums);
}

function drawBars(data, top) {
    const height = HEIGHT - BOTTOM;
    const width = (WIDTH - LEFT) / data.bars;
    const filled = new Array(data.bars).fill(0);
    const parts = [];
    data.series.forEach((s, n) => {
        for (const [i, counts] of s.bars) {
            counts.forEach((count, allowed) => {
                const part = count / top * (height - 10);
                if (count > 0)
                    parts.push(svg("rect", {
                        class: `p25-series-${n} ${allowed ? "p25-allowed" : "p25-refused"}`,
                        x: LEFT + i * width, width: Math.max(width - 0.5, 1),
                        y: height - filled[i] - part, height: part,
                    }));
                filled[i] += part;
            });
        }
    });
    return parts;
}

function drawAxes(data, top) {
    const height = HEIGHT - BOTTOM;
    const clock = new Intl.DateTimeFormat(undefined, data.step > 300 ? { weekday: "short", hour: "2-digit" }
        : { hour: "2-digit", minute: "2-digit" });
    const labels = [0, 1, 2, 3, 4].map(n => {
        const x = LEFT + (WIDTH - LEFT) * n / 5;
        return svg("text", { x, y: HEIGHT - 6 },
            clock.format(new Date((data.begin + data.bars * data.step * n / 5) * 1000)));
    });
    return [
        svg("line", { class: "p25-axis", x1: LEFT, x2: WIDTH, y1: height, y2: height }),
        svg("line", { class: "p25-axis", x1: LEFT, x2: LEFT, y1: 0, y2: height }),
        svg("text", { x: 2, y: 16 }, number(top)), svg("text", { x: 2, y: height }, "0"), labels,
    ];
}

function drawMarks(data, revisions) {
    return revisions.filter(r => r.time / 1e6 >= data.begin).map(r => {
        const x = LEFT + (r.time / 1e6 - data.begin) / data.step * (WIDTH - LEFT) / data.bars;
        return svg("g", {}, svg("line", { class: "p25-mark", x1: x, x2: x, y1: 0, y2: HEIGHT - BOTTOM }),
            svg("title", {}, `${_("Revision")} ${r.revision}`));
    });
}

function picture(stats, revisions, period) {
    const data = collect(stats.users || [], period);
    if (data.series.length === 0)
        return el("p", {}, _("No outgoing connections in this time."));
    const top = tops(data);
    const title = _("Outgoing connections: refused (full colour) and allowed (pale), by user");
    return [
        svg("svg", { class: "p25-plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": title },
            drawAxes(data, top), drawBars(data, top), drawMarks(data, revisions)),
        el("p", {}, el("small", {}, title)),
        el("ul", { class: "p25-legend" }, data.series.map((s, n) =>
            el("li", {}, el("i", { class: `p25-series-${n}` }), foreign(s.name)))),
    ];
}

function senderTable(stats) {
    const rows = (stats.users || []).map(u => [
        foreign(u.others ? _("others") : u.user ?? u.uid), number(u.hour.blocked), number(u.hour.allowed),
        number(u.hour.destinations), number(u.day.blocked), number(u.day.allowed), number(u.day.destinations),
        u.last ? time(u.last) : ""]);
    return table(_("Users who send"), [_("User"), _("Refused, hour"), _("Allowed, hour"), _("Destinations, hour"),
        _("Refused, day"), _("Allowed, day"), _("Destinations, day"), _("Last")], rows, { id: "senders" });
}

function limitTable(stats) {
    const limits = (stats.rules || []).filter(r => r.action === "limit");
    return limits.length === 0 ? null : el("section", {}, el("h2", {}, _("Limits")),
        table(_("Limits"), [_("Rule"), _("Source"), _("Allowed"), _("Refused"), _("Last hit")],
            limits.map(r => [foreign(r.text), foreign(r.source), number(r.passed), number(r.refused),
                r.last ? time(r.last) : ""]), { id: "limits" }));
}

/* { element, update() } */
export function plots() {
    const where = el("div", { id: "plots" });
    const period = select([["hour", _("Hour")], ["day", _("Day")], ["week", _("Week")]], "day",
        { "aria-label": _("Period"), id: "period" });
    const element = el("section", {}, el("p", { class: "p25-row" }, period), where);
    const update = serial(async () => {
        try {
            const stats = JSON.parse((await call("DescribeStats"))[0]);
            const revisions = (await call("ListRevisions", "u", [100]))[0];
            replace(where, picture(stats, revisions, period.value), senderTable(stats), limitTable(stats));
        } catch (error) {
            replace(where, notice("warning", foreign(error.message)));
        }
    });
    period.addEventListener("change", update);
    update();
    return { element, update };
}
