// Listens everywhere on the page for something that types like a scanner, and hands out whole codes.
//
// Three ways in: key presses, text that a device injects into the hidden field, and paste. Which one a device uses is
// not asked; each ends in `onCode(code)`.

import { clean, hasEnd, isEnd, signOf, split } from "./codes.js";

// A scan ends with CR, LF or TAB, or by silence.
const SILENCE = 80;
const LEAST_BY_SILENCE = 6;
const LEAST_BY_END = 3;
// Older signs belong to something else.
const STALE = 250;
// How long an input method may still write what we have read from the keys that it hides.
const ECHO = 1000;

export class Scanner {
    constructor({ sink, onCode }) {
        this.sink = sink;
        this.onCode = onCode;
        this.typed = "";
        this.lastSign = -Infinity;
        this.lastEnd = -Infinity;
        this.lastHidden = -Infinity;
        this.timer = 0;
        window.addEventListener("keydown", (event) => this.onKey(event), true);
        sink.addEventListener("input", (event) => this.onText(event));
        sink.addEventListener("compositionend", (event) => this.onText(event));
        document.addEventListener("paste", (event) => this.onPaste(event));
        for (const name of ["pointerup", "focusout", "focus"]) window.addEventListener(name, () => this.takeFocus(), true);
    }

    /** Text is injected where the focus is, so it rests here whenever no dialog or control wants it. */
    takeFocus() {
        setTimeout(() => {
            const active = document.activeElement;
            const free = !active || active === document.body || (active.tagName === "BUTTON" && !active.matches(":focus-visible"));
            if (free && !document.querySelector("dialog[open]")) this.sink.focus({ preventScroll: true });
        }, 0);
    }

    onKey(event) {
        if (isField(event.target)) return;
        const fresh = event.timeStamp - this.lastSign <= STALE;
        if (isEnd(event)) {
            const ours = this.typed && fresh;
            // CR and LF are one end, and neither may press a button that happens to have the focus.
            if (ours || event.timeStamp - this.lastEnd <= STALE) swallow(event);
            if (ours) this.ends(event.timeStamp);
            return;
        }
        const sign = signOf(event);
        if (!sign) return;
        // A blank alone is a person at a button.
        if (sign === " " && !(this.typed && fresh)) return;
        swallow(event);
        if (event.keyCode === 229 || event.key === "Process") this.lastHidden = event.timeStamp;
        this.adds(sign, event.timeStamp);
        this.waits(LEAST_BY_SILENCE);
    }

    onText(event) {
        if (event.isComposing) return;
        const text = this.sink.value;
        this.sink.value = "";
        if (!text || event.timeStamp - this.lastHidden <= ECHO) return;
        this.takes(text, event.timeStamp, text.length >= LEAST_BY_END ? LEAST_BY_END : LEAST_BY_SILENCE);
    }

    onPaste(event) {
        if (isField(event.target)) return;
        event.preventDefault();
        this.drops();
        this.takes(`${event.clipboardData.getData("text")}\n`, event.timeStamp, 1);
    }

    takes(text, time, least) {
        const { whole, rest } = split(text);
        for (const part of whole) {
            this.adds(part, time);
            this.ends(time, least);
        }
        if (!hasEnd(text) || rest) this.adds(rest, time);
        if (this.typed) this.waits(least);
    }

    adds(text, time) {
        if (time - this.lastSign > STALE) this.typed = "";
        this.typed += text;
        this.lastSign = time;
    }

    waits(least) {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => {
            if (this.typed.length >= least) this.finishes();
        }, SILENCE);
    }

    ends(time, least = LEAST_BY_END) {
        this.lastEnd = time;
        if (this.typed.length < least) return this.drops();
        return this.finishes();
    }

    finishes() {
        const code = clean(this.typed);
        this.drops();
        if (code) this.onCode(code);
    }

    drops() {
        clearTimeout(this.timer);
        this.typed = "";
        this.sink.value = "";
    }
}

const isField = (target) => target instanceof Element && target.matches("input, select, textarea:not(.sink)");

export function swallow(event) {
    event.preventDefault();
    event.stopPropagation();
}
