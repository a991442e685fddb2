/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * The past of outgoing connections: refused and allowed ones by user, stacked; distinct
 * destinations by user; limits by rule; with the revisions of the policy as marks on the axis. Each
 * picture is followed by a table with its numbers. p25d keeps the past (DescribeStats), bounded.
 */

import { read } from "./bus.js";
import { el, foreign, notice, replace, select, svg, table } from "./dom.js";
import { serial } from "./serial.js";
import { _, clock, number, time } from "./text.js";

/* The seven largest series have a colour; all others share the last. */
const SERIES_MAX = 8;
const HEIGHT = 200;
const LEFT = 44;
const TOP = 12;
const BOTTOM = 24;
const WIDTH_MIN = 240;
const LABEL_WIDTH = 56;

/* seconds: shown; key: of the points in the statistics; step: seconds of a bar; next: moves a date
 * to the next label of the axis */
const PERIODS = {
    hour: { seconds: 3600, key: "past_hour", step: 60, clock: clock({ hour: "numeric", minute: "2-digit" }),
        next: date => date.setMinutes(Math.floor(date.getMinutes() / 10) * 10 + 10, 0, 0) },
    day: { seconds: 86400, key: "past_day", step: 300, clock: clock({ hour: "numeric", minute: "2-digit" }),
        next: date => date.setHours(Math.floor(date.getHours() / 4) * 4 + 4, 0, 0, 0) },
    week: { seconds: 604800, key: "past_week", step: 3600, clock: clock({ weekday: "short", day: "numeric" }),
        next: date => date.setHours(24, 0, 0, 0) },
};

/* The drawings: rows of the statistics, their names, the parts of a bar, its full colour first, and the
 * number that finds the busiest (the same of users: their colours are those of the other picture). */
const users = stats => stats.users || [];
const userName = user => user.others ? _("others") : user.user ?? String(user.uid);
const connections = point => [point.blocked, point.allowed];
const PICTURES = [
    { id: "connections", title: _("Outgoing connections by user: refused (full colour) and allowed (pale)"),
        empty: _("No outgoing connections in this time."),
        rows: users, name: userName, parts: connections, size: connections },
    { id: "destinations", title: _("Distinct destinations by user"),
        empty: _("No outgoing connections in this time."),
        rows: users, name: userName, parts: point => [point.destinations], size: connections },
    { id: "limit-hits", title: _("Hits of limits by rule: refused in full colour"),
        empty: _("No limit decided in this time."),
        rows: stats => (stats.rules || []).filter(rule => rule.action === "limit"),
        name: rule => rule.text, size: point => [point.packets],
        parts: point => [point.refused, Math.max(0, point.packets - point.refused)] },
];

const total = parts => parts.reduce((n, part) => n + part, 0);

/* The sums of several bars, part by part. */
function added(a, b) {
    return a ? a.map((n, i) => n + b[i]) : b;
}

/* Series of { name, bars: Map(index -> parts) }, the busiest first. */
function collect(picture, stats, period) {
    const { seconds, key, step } = period;
    const begin = Math.floor(Date.now() / 1000 / step) * step - seconds + step;
    const series = picture.rows(stats).map(row => {
        const points = (row[key] || []).map(point => [Math.floor((new Date(point.time) / 1000 - begin) / step), point])
            .filter(([index]) => index >= 0 && index < seconds / step);
        return { name: picture.name(row), sum: total(points.map(([, point]) => total(picture.size(point)))),
            bars: new Map(points.map(([index, point]) => [index, picture.parts(point)])) };
    }).filter(s => s.sum > 0).sort((a, b) => b.sum - a.sum);
    const rest = series.splice(SERIES_MAX - 1);
    if (rest.length > 0) {
        const bars = new Map();
        rest.forEach(s => s.bars.forEach((parts, i) => bars.set(i, added(bars.get(i), parts))));
        series.push({ name: _("others"), bars });
    }
    return { series, begin, step, bars: seconds / step };
}

/* A round number that no bar is higher than. */
function topOf(data) {
    const sums = new Array(data.bars).fill(0);
    data.series.forEach(s => s.bars.forEach((parts, i) => parts.forEach(n => { sums[i] += n; })));
    const most = Math.max(1, ...sums);
    const power = 10 ** Math.floor(Math.log10(most));
    return [1, 2, 4, 5, 10].map(n => n * power).find(n => n >= most);
}

function drawBars(data, top, width) {
    const bottom = HEIGHT - BOTTOM;
    const each = (width - LEFT) / data.bars;
    const filled = new Array(data.bars).fill(0);
    const bars = [];
    data.series.forEach((s, n) => s.bars.forEach((parts, i) => parts.forEach((count, pale) => {
        const part = count / top * (bottom - TOP);
        if (count > 0)
            bars.push(svg("rect", {
                class: `p25-series-${n} ${pale ? "p25-allowed" : "p25-refused"}`,
                x: LEFT + i * each, width: Math.max(each - 0.5, 1), y: bottom - filled[i] - part, height: part,
            }));
        filled[i] += part;
    })));
    return bars;
}

function drawTimes(data, period, width) {
    const end = data.begin + data.bars * data.step;
    const date = new Date(data.begin * 1000);
    const labels = [];
    let free = LEFT;
    for (period.next(date); date / 1000 < end; period.next(date)) {
        const x = LEFT + (date / 1000 - data.begin) / (end - data.begin) * (width - LEFT);
        if (x - LABEL_WIDTH / 2 < free || x + LABEL_WIDTH / 2 > width)
            continue;
        free = x + LABEL_WIDTH / 2;
        labels.push(svg("line", { class: "p25-axis", x1: x, x2: x, y1: HEIGHT - BOTTOM, y2: HEIGHT - BOTTOM + 4 }),
            svg("text", { x, y: HEIGHT - 6, "text-anchor": "middle" }, period.clock.format(date)));
    }
    return labels;
}

function drawAxes(top, width) {
    const heights = top > 1 && top % 2 === 0 ? [0, top / 2, top] : [0, top];
    return heights.map(n => {
        const y = HEIGHT - BOTTOM - n / top * (HEIGHT - BOTTOM - TOP);
        return [svg("line", { class: "p25-axis", x1: LEFT, x2: width, y1: y, y2: y }),
            svg("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, number(n))];
    });
}

/* Revisions that fall on the same place are one mark. */
function drawMarks(data, revisions, width) {
    const bottom = HEIGHT - BOTTOM;
    const places = new Map();
    for (const r of revisions.filter(r => r.time / 1e6 >= data.begin)) {
        const x = Math.round(LEFT + (r.time / 1e6 - data.begin) / data.step * (width - LEFT) / data.bars);
        places.set(Math.min(x, width - 1), [...places.get(Math.min(x, width - 1)) || [], r.revision]);
    }
    return [...places].map(([x, numbers]) => svg("g", { class: "p25-mark" },
        svg("line", { x1: x, x2: x, y1: TOP, y2: bottom }),
        svg("path", { d: `M ${x} ${bottom} l -4 7 h 8 z` }),
        svg("title", {}, `${_("Revision")} ${numbers.reverse().join(", ")}`)));
}

function draw(picture, stats, revisions, period, width) {
    const data = collect(picture, stats, period);
    if (data.series.length === 0)
        return el("p", {}, picture.empty);
    const top = topOf(data);
    const marks = drawMarks(data, revisions, width);
    return [
        svg("svg", { class: "p25-plot", viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img",
            "aria-label": picture.title },
        drawAxes(top, width), drawTimes(data, period, width), marks, drawBars(data, top, width)),
        el("ul", { class: "p25-legend" },
            data.series.map((s, n) => el("li", {}, el("i", { class: `p25-series-${n}` }), foreign(s.name))),
            marks.length > 0 ? el("li", {}, el("i", { class: "p25-mark-key" }, "▲"), _("change of the policy"))
                : null),
    ];
}

function senderTable(stats) {
    const rows = users(stats).map(u => [
        foreign(userName(u)), number(u.hour.blocked), number(u.hour.allowed),
        number(u.hour.destinations), number(u.day.blocked), number(u.day.allowed), number(u.day.destinations),
        u.last ? time(u.last) : ""]);
    return table(_("Users who send"), [_("User"), _("Refused, hour"), _("Allowed, hour"), _("Destinations, hour"),
        _("Refused, day"), _("Allowed, day"), _("Destinations, day"), _("Last")], rows, { id: "senders" });
}

function limitTable(stats) {
    const limits = (stats.rules || []).filter(r => r.action === "limit");
    return limits.length === 0 ? null : el("section", {}, el("h2", {}, _("Limits")),
        table(_("Limits"), [_("Rule"), _("Source"), _("Packets"), _("Refused"), _("Last hit")],
            limits.map(r => [foreign(r.text), foreign(r.source), number(r.packets), number(r.refused),
                r.last ? time(r.last) : ""]), { id: "limits" }),
        el("p", {}, el("small", {}, _("Which incoming connections were refused is counted with logging medium or high."))));
}

/* { element, update(), close() } */
export function plots() {
    const answer = el("div", {});
    const tables = el("div", {});
    const places = PICTURES.map(picture => [picture, el("div", {})]);
    const chosen = select([["hour", _("Hour")], ["day", _("Day")], ["week", _("Week")]], "day", { id: "period" });
    const grid = el("div", { class: "p25-plots" }, places.map(([picture, place]) =>
        el("figure", { id: picture.id }, el("figcaption", {}, picture.title), place)));
    const element = el("section", { id: "plots" },
        el("p", { class: "p25-row" }, el("label", { for: chosen.id }, _("Period")), chosen),
        answer, grid, tables);
    let stats = null;
    let revisions = [];
    const redraw = () => {
        if (stats === null)
            return;
        for (const [picture, place] of places)
            replace(place, draw(picture, stats, revisions, PERIODS[chosen.value],
                Math.max(place.clientWidth, WIDTH_MIN)));
    };
    const update = serial(async () => {
        try {
            stats = JSON.parse((await read("DescribeStats"))[0]);
            revisions = (await read("ListRevisions", "u", [100]))[0];
            replace(answer);
            grid.hidden = false;
            redraw();
            replace(tables, senderTable(stats), limitTable(stats));
        } catch (error) {
            grid.hidden = true;
            replace(answer, notice("warning", foreign(error.message)));
        }
    });
    /* text in a picture is as large as text beside it: pictures are not scaled, but drawn again */
    const watcher = new ResizeObserver(redraw);
    watcher.observe(element);
    chosen.addEventListener("change", redraw);
    update();
    return { element, update, close: () => watcher.disconnect() };
}
