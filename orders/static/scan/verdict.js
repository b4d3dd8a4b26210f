// What the whole screen says about a scan. `stop` and `wrong` stay until a person has dealt with the parcel.

import { byId, button, icon, make, say } from "./page.js";
import { swallow } from "./scanner.js";
import { play } from "./sounds.js";

const SHOWN = { pass: 1100, same: 1300, attention: 60000 };
// A finger that was on its way to something else has not seen the screen yet.
const TOO_SOON = 400;
const HELD_KEY = 1000;
export const STOPS = ["stop", "wrong"];

const flash = byId("verdict");
const screen = byId("stop");
let fading = 0;
let handled = null;
let refused = 0;
let keyDown = 0;

/** What an answer shows: {verdict, word, reason, help, code, facts}. */
export function show(shown) {
    play(shown.verdict);
    byId("said").textContent = [shown.word, shown.reason].filter(Boolean).join(" ");
    hideFlash();
    flash.className = `verdict is-${shown.verdict}`;
    flash.replaceChildren(make("div.verdict-content", {}, ...face(shown)), make("p.verdict-hint", {}, say("go_on")));
    flash.hidden = false;
    fading = setTimeout(hideFlash, SHOWN[shown.verdict]);
}

export function hideFlash() {
    clearTimeout(fading);
    flash.hidden = true;
}

/** Covers everything; resolves when the person has pressed the button. */
export function stopScreen(shown, waiting) {
    play(shown.verdict);
    hideFlash();
    refused = 0;
    screen.className = `verdict is-screen is-${shown.verdict}`;
    const since = performance.now();
    const done = button(".is-on-colour.is-large", say("handled"), () => {
        if (performance.now() - since < TOO_SOON) return;
        const resolve = handled;
        handled = null;
        screen.close();
        resolve();
    });
    const counted = make("p.verdict-refused", { id: "refused", hidden: true });
    counted.setAttribute("role", "status");
    const more = waiting ? [make("p.verdict-hint", {}, say("still_waiting", { n: waiting }))] : [];
    const content = make("div.verdict-content", {}, ...face(shown), ...more);
    screen.replaceChildren(content, counted, done);
    screen.showModal();
    screen.focus();
    return new Promise((resolve) => {
        handled = resolve;
    });
}

export const stopped = () => handled !== null;

export function refuse() {
    refused += 1;
    play("wrong");
    const counted = byId("refused");
    if (!counted) return;
    counted.hidden = false;
    counted.textContent = say("refused_scans", { n: refused });
}

function face({ verdict, word, reason, help, code, facts }) {
    const name = make("h1.verdict-word", {}, word);
    const why = make("p.verdict-reason", {}, reason || "");
    if (STOPS.includes(verdict)) [name.id, why.id] = ["stop-word", "stop-reason"];
    const marks = [...(word || "")].length;
    if (marks > 2) name.classList.add(marks > 6 ? "is-very-long" : "is-long");
    return [
        make("div.verdict-icon", {}, icon(verdict)),
        name,
        code ? make("p.verdict-code", {}, code) : null,
        reason ? why : null,
        ...(facts || []).map((fact) => make("p.verdict-fact", {}, fact)),
        help ? make("p.verdict-help", {}, help) : null,
    ].filter(Boolean);
}

flash.addEventListener("click", hideFlash);
// Neither Escape nor the back gesture of a telephone handles a parcel.
screen.addEventListener("cancel", (event) => event.preventDefault());
screen.addEventListener("close", () => {
    if (stopped()) screen.showModal();
});

/** Scanners press Enter, a person holds it: in a dialog that guards a decision only a held key presses a button. */
export function guardKeys(event) {
    const guarding = document.querySelector("dialog[open].is-screen, dialog[open].is-guarded");
    if (!guarding || event.target.matches("input")) return;
    if (event.type === "keydown" && event.key === "Escape") return swallow(event);
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    if (event.type === "keyup") {
        keyDown = 0;
        return;
    }
    if (!event.repeat) keyDown = event.timeStamp;
    else if (keyDown && event.timeStamp - keyDown >= HELD_KEY) {
        keyDown = 0;
        const focused = document.activeElement;
        const target = focused?.matches("dialog[open] button") ? focused : guarding.querySelector("button:only-of-type");
        target?.click();
    }
}
window.addEventListener("keydown", guardKeys, true);
window.addEventListener("keyup", guardKeys, true);
