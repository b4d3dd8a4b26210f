// What this device remembers: where it stands, how it is set. No scan and nothing about people.

import { nonce } from "./page.js";

const PREFIX = "tower.scan.";
// Where a browser forbids storage, the page remembers until it is closed.
const memory = new Map();

function storage() {
    try {
        return window.localStorage;
    } catch {
        return null;
    }
}

export function recall(name) {
    if (memory.has(name)) return memory.get(name);
    try {
        return storage()?.getItem(PREFIX + name) ?? "";
    } catch {
        return "";
    }
}

export function remember(name, value) {
    memory.set(name, value);
    try {
        storage()?.setItem(PREFIX + name, value);
    } catch {
        // Full or forbidden: `memory` has it.
    }
}

export function forgetAll() {
    memory.clear();
    const kept = storage();
    for (const name of kept ? Object.keys(kept) : []) if (name.startsWith(PREFIX)) kept.removeItem(name);
}

/** A name for this device that says nothing about whose it is. */
export function deviceName() {
    if (!recall("device")) remember("device", `web-${nonce().replaceAll("-", "").slice(0, 12)}`);
    return recall("device");
}
