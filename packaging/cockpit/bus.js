/* SPDX-License-Identifier: GPL-2.0-or-later */

/*
 * org.port25.Policy1(5) on the system bus, called as the user who is logged in. Decides nothing:
 * polkit says who may, p25d says what happens.
 */

const NAME = "org.port25.Policy1";
const PATH = "/org/port25/Policy1";
const INTERFACE = "org.port25.Policy1.Manager";
const RETRY_MSEC = 2000;

const listeners = { change: new Set(), blocked: new Set(), connection: new Set() };
let client = null;
let connected = false;

function emit(kind, ...args) {
    for (const listener of listeners[kind])
        listener(...args);
}

/* kind: "change" (the policy or the state of p25d), "blocked" (an event; the bus delivers these to
 * root only), "connection" (true: p25d is there). Returns the function that ends it. */
export function listen(kind, listener) {
    listeners[kind].add(listener);
    return () => listeners[kind].delete(listener);
}

export function isConnected() {
    return connected;
}

function setConnected(value) {
    if (connected === value)
        return;
    connected = value;
    emit("connection", value);
}

function reopen() {
    client = null;
    setConnected(false);
    window.setTimeout(open, RETRY_MSEC);
}

/* Opens the connection, again and again where the bus is away. */
export function open() {
    const mine = cockpit.dbus(NAME, { bus: "system" });
    client = mine;
    mine.addEventListener("close", () => client === mine && reopen());
    mine.addEventListener("owner", (event, owner) => setConnected(Boolean(owner)));
    mine.subscribe({ interface: INTERFACE, path: PATH }, (path, name, signal, args) => {
        if (signal === "Blocked")
            emit("blocked", plain(args[0]));
        else
            emit("change", signal);
    });
    mine.subscribe({ interface: "org.freedesktop.DBus.Properties", path: PATH, member: "PropertiesChanged" },
        () => emit("change", "PropertiesChanged"));
}

/* Variants as values, all the way down. */
export function plain(value) {
    if (Array.isArray(value))
        return value.map(plain);
    if (value && typeof value === "object") {
        if ("t" in value && "v" in value && Object.keys(value).length === 2)
            return plain(value.v);
        return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
    }
    return value;
}

/* { action: ["s", "deny"] } as a{sv}; what is undefined is left out */
export function dictionary(entries) {
    return Object.fromEntries(Object.entries(entries)
        .filter(([, entry]) => entry !== undefined && entry[1] !== undefined)
        .map(([key, [t, v]]) => [key, { t, v }]));
}

async function ask(method, signature, args, flags) {
    if (!client)
        throw new Error("p25d");
    return plain(await client.call(PATH, INTERFACE, method, args, { type: signature, flags }));
}

/* The results of a method, as a promise. signature: of the arguments. polkit may ask the user for a
 * password. The error's message is p25d's. */
export function call(method, signature = "", args = []) {
    return ask(method, signature, args, "i");
}

/* Likewise, for what the page reads by itself: nobody is asked for a password. */
export function read(method, signature = "", args = []) {
    return ask(method, signature, args, "");
}

export async function describe() {
    return JSON.parse((await call("Describe"))[0]);
}

/* p25ctl, for what the page cannot pass over the bus: descriptors, and confirmations, which p25d
 * refuses on the connection that made the change. */
export function ctl(args, input) {
    const process = cockpit.spawn(["p25ctl", ...args], { err: "message", environ: ["LC_ALL=C.UTF-8"] });
    if (input !== undefined)
        process.input(input);
    return process.catch((error, output) => {
        throw new Error((error.message || output || "p25ctl").replace(/^ERROR: /, ""));
    });
}
